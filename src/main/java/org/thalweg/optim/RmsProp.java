package org.thalweg.optim;

import org.thalweg.device.ElementType;

/**
 * RMSProp: {@code s = alpha*s + (1-alpha)*g*g}; {@code w -= lr * g/(sqrt(s)+eps)}. State: s. (Tieleman and
 * Hinton, Coursera lecture 6.5, 2012; eps outside the root as in PyTorch.)
 *
 * <p>Sequence: {@code s = fma(alpha, s, (o*g)*g)}, {@code w = fma(-lr, g/(sqrt(s)+eps), w)}. Columns: alpha, o
 * (1 - alpha), lr, eps. With eps = 0 an element whose gradient has always been 0 becomes 0/0.
 *
 * @param lr the learning rate
 * @param alpha the share of the mean square that is kept, in [0, 1)
 * @param eps added to the root
 */
public record RmsProp(double lr, double alpha, double eps) implements Optimizer {
  /** Checks the hyperparameters. */
  public RmsProp {
    Hyper.atLeast0("lr", lr);
    Hyper.belowOne("alpha", alpha);
    Hyper.atLeast0("eps", eps);
  }

  @Override
  public String name() {
    return "rmsprop";
  }

  @Override
  public int states() {
    return 1;
  }

  @Override
  public int columns() {
    return 4;
  }

  @Override
  public RmsProp withLr(double lr) {
    return new RmsProp(lr, alpha, eps);
  }

  @Override
  public void numbers(ElementType type, double lr, long t, double[] c, int at) {
    double a = type.round(alpha);
    c[at] = a;
    c[at + 1] = 1 - a;
    c[at + 2] = lr;
    c[at + 3] = eps;
  }

  @Override
  public void update(
      float[] w, int wAt, float[] g, int gAt, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[1], keep = c[2], alpha = c[3], o = c[4], lr = c[5], eps = c[6];
    float[] v = s[0];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[wAt + i], scale * g[gAt + i]);
      float vi = Math.fma(alpha, v[i], o * gi * gi);
      v[i] = vi;
      w[wAt + i] = Math.fma(-lr, gi / ((float) Math.sqrt(vi) + eps), keep * w[wAt + i]);
    }
  }

  @Override
  public void update(
      double[] w, int wAt, double[] g, int gAt, double[][] s, int from, int to, double[] c) {
    double scale = c[0], l2 = c[1], keep = c[2], alpha = c[3], o = c[4], lr = c[5], eps = c[6];
    double[] v = s[0];
    for (int i = from; i < to; i++) {
      double gi = Math.fma(l2, w[wAt + i], scale * g[gAt + i]);
      double vi = Math.fma(alpha, v[i], o * gi * gi);
      v[i] = vi;
      w[wAt + i] = Math.fma(-lr, gi / (Math.sqrt(vi) + eps), keep * w[wAt + i]);
    }
  }
}
