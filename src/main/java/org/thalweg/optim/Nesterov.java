package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/**
 * Nesterov's momentum, rewritten at w as in PyTorch: {@code v = mu*v + g}; {@code w -= lr*(g +
 * mu*v)}. State: v. (Nesterov, Soviet Math. Doklady 27, 1983; Sutskever et al., ICML 2013, section
 * 2.)
 *
 * <p>Sequence: {@code v = fma(mu, v, g)}, {@code w = fma(-lr, fma(mu, v, g), w)}. Columns: mu, lr.
 *
 * @param lr the learning rate
 * @param mu the share of the velocity that is kept, in [0, 1)
 */
public record Nesterov(double lr, double mu) implements Optimizer, Nesterov64 {
  /** Checks the hyperparameters. */
  public Nesterov {
    Hyper.velocity(lr, mu);
  }

  /** This rule with the default hyperparameters. */
  public static Nesterov of(double lr) {
    return new Nesterov(lr, 0.9);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "nesterov", "v = mu*v + g; w -= lr*(g + mu*v)", Traits.GRADIENT.withFirst(), 0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    return new double[] {mu, lr};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3], mu = c[4], lr = c[5];
    float[] v = s[0];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float vi = Math.fma(mu, v[i], gi);
      v[i] = vi;
      w[i] = Math.fma(-lr, Math.fma(mu, vi, gi), keep * w[i]);
    }
  }
}
