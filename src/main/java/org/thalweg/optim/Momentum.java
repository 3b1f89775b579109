package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/**
 * Momentum in the velocity form, as in PyTorch, with the learning rate outside the velocity: {@code
 * v = mu*v + (1-tau)*g}, but {@code v = g} at t = 1; {@code w -= lr*v}. State: v. (Sutskever et
 * al., ICML 2013.)
 *
 * <p>Sequence: {@code v = fma(mu, v, o*g)}, {@code w = fma(-lr, v, w)}. Columns: mu, o (1 - tau; 1
 * at t = 1), lr.
 *
 * @param lr the learning rate
 * @param mu the share of the velocity that is kept, in [0, 1)
 * @param dampening tau, in [0, 1): the share of the gradient that is left out
 */
public record Momentum(double lr, double mu, double dampening) implements Optimizer, Momentum64 {
  /** Checks the hyperparameters. */
  public Momentum {
    Hyper.velocity(lr, mu);
    Hyper.belowOne("dampening", dampening);
  }

  /** This rule with the default hyperparameters. */
  public static Momentum of(double lr) {
    return new Momentum(lr, 0.9, 0);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "momentum",
        "v = mu*v + (1-dampening)*g (v = g at first); w -= lr*v",
        Traits.GRADIENT.withFirst(),
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    return new double[] {mu, t == 1 ? 1 : 1 - type.round(dampening), lr};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3], mu = c[4], o = c[5], lr = c[6];
    float[] v = s[0];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float vi = Math.fma(mu, v[i], o * gi);
      v[i] = vi;
      w[i] = Math.fma(-lr, vi, keep * w[i]);
    }
  }
}
