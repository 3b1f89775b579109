package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * RMSProp: {@code s = alpha*s + (1-alpha)*g*g}; {@code w -= lr * g/(sqrt(s)+eps)}. Centred: {@code
 * gbar = alpha*gbar + (1-alpha)*g}, and {@code s - gbar*gbar}, not below 0, under the root. With
 * momentum: {@code b = mu*b + g/(sqrt(.)+eps)}; {@code w -= lr*b}. State: s, then gbar where it is
 * centred, then b where mu > 0. (Tieleman and Hinton, Coursera lecture 6.5, 2012; Graves,
 * arXiv:1308.0850, for the centred form; eps outside the root as in PyTorch.)
 *
 * <p>Sequence: {@code s = fma(alpha, s, (o*g)*g)}; centred: {@code gbar = fma(alpha, gbar, o*g)},
 * {@code d = fma(-gbar, gbar, s)}, 0 where that is negative, else {@code d = s}; {@code q =
 * g/(sqrt(d)+eps)}; with momentum: {@code q = b = fma(mu, b, q)}; {@code w = fma(-lr, q, w)}.
 * Columns: alpha, o (1 - alpha), lr, eps, mu. With eps = 0 an element whose gradient has always
 * been 0 becomes 0/0.
 *
 * @param lr the learning rate
 * @param alpha the share of the mean square that is kept, in [0, 1)
 * @param eps added to the root
 * @param centred whether the mean square is taken about the mean
 * @param mu the share of the velocity that is kept, in [0, 1); 0 for none
 */
public record RmsProp(double lr, double alpha, double eps, boolean centred, double mu)
    implements Optimizer, RmsProp64 {
  /** Checks the hyperparameters. */
  public RmsProp {
    Require.atLeast0("lr", lr);
    Hyper.belowOne("alpha", alpha);
    Require.atLeast0("eps", eps);
    Hyper.belowOne("mu", mu);
  }

  /** This rule with the default hyperparameters. */
  public static RmsProp of(double lr) {
    return new RmsProp(lr, 0.99, 1e-8, false, 0);
  }

  /** This rule with the mean square about the mean, or about 0. */
  public RmsProp withCentred(boolean other) {
    return new RmsProp(lr, alpha, eps, other, mu);
  }

  /** This rule with another share of the velocity. */
  public RmsProp withMu(double other) {
    return new RmsProp(lr, alpha, eps, centred, other);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "rmsprop" + (centred ? "_centred" : "") + (mu > 0 ? "_momentum" : ""),
        "s = alpha*s + (1-alpha)*g*g; "
            + (centred
                ? "c = alpha*c + (1-alpha)*g; u = g/(sqrt(s-c*c)+eps); "
                : "u = g/(sqrt(s)+eps); ")
            + (mu > 0 ? "b = mu*b + u; w -= lr*b" : "w -= lr*u"),
        mu == 0 ? Traits.MEAN : Traits.MEAN.withFirst(),
        new double[1 + (centred ? 1 : 0) + (mu > 0 ? 1 : 0)]);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double a = type.round(alpha);
    return new double[] {a, 1 - a, lr, eps, mu};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float alpha = c[4], o = c[5], lr = c[6], eps = c[7], mu = c[8];
    boolean centred = centred(), heavy = mu() > 0;
    float[] v = s[0], mean = centred ? s[1] : v, velocity = s[s.length - 1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float vi = Math.fma(alpha, v[i], o * gi * gi);
      v[i] = vi;
      if (centred) {
        float mi = Math.fma(alpha, mean[i], o * gi);
        mean[i] = mi;
        vi = Math.fma(-mi, mi, vi);
        vi = vi < 0 ? 0 : vi; // not max, which would drop a NaN
      }
      float q = gi / ((float) Math.sqrt(vi) + eps);
      if (heavy) {
        q = Math.fma(mu, velocity[i], q);
        velocity[i] = q;
      }
      w[i] = Math.fma(-lr, q, keep * w[i]);
    }
  }
}
