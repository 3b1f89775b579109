package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * Adadelta: {@code v = rho*v + (1-rho)*g*g}; {@code delta = sqrt(d+eps)/sqrt(v+eps) * g}; {@code d
 * = rho*d + (1-rho)*delta*delta}; {@code w -= lr*delta}. State: v, d. (Zeiler, arXiv:1212.5701.)
 *
 * <p>Sequence: {@code v = fma(rho, v, (o*g)*g)}, {@code delta = sqrt((d+eps)/(v+eps)) * g}, {@code
 * d = fma(rho, d, (o*delta)*delta)}, {@code w = fma(-lr, delta, w)}: one root of the quotient, not
 * a quotient of roots. Columns: rho, o (1 - rho), lr, eps. With eps = 0 no element ever moves, or
 * it becomes 0/0.
 *
 * @param lr multiplies the step; the paper has 1
 * @param rho the share of the mean squares that is kept, in [0, 1)
 * @param eps added under both roots
 */
public record Adadelta(double lr, double rho, double eps) implements Optimizer, Adadelta64 {
  /** Checks the hyperparameters. */
  public Adadelta {
    Require.atLeast0("lr", lr);
    Hyper.belowOne("rho", rho);
    Require.atLeast0("eps", eps);
  }

  /** This rule with the default hyperparameters. */
  public static Adadelta of(double lr) {
    return new Adadelta(lr, 0.9, 1e-6);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "adadelta",
        "v = rho*v + (1-rho)*g*g; u = sqrt((d+eps)/(v+eps))*g; d = rho*d + (1-rho)*u*u; w -="
            + " lr*u",
        Traits.MEAN,
        0,
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double r = type.round(rho);
    return new double[] {r, 1 - r, lr, eps};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3], rho = c[4], o = c[5], lr = c[6], eps = c[7];
    float[] v = s[0], d = s[1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float vi = Math.fma(rho, v[i], o * gi * gi);
      float delta = (float) Math.sqrt((d[i] + eps) / (vi + eps)) * gi;
      v[i] = vi;
      d[i] = Math.fma(rho, d[i], o * delta * delta);
      w[i] = Math.fma(-lr, delta, keep * w[i]);
    }
  }
}
