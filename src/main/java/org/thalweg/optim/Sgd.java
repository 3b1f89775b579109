package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * Stochastic gradient descent: {@code w -= lr*g}. No state.
 *
 * <p>Sequence: {@code w = fma(-lr, g, w)}. Columns: lr.
 *
 * @param lr the learning rate
 */
public record Sgd(double lr) implements Optimizer, Sgd64 {
  /** Checks the learning rate. */
  public Sgd {
    Require.atLeast0("lr", lr);
  }

  /** This rule with the default hyperparameters. */
  public static Sgd of(double lr) {
    return new Sgd(lr);
  }

  @Override
  public Definition definition() {
    return new Definition("sgd", "w -= lr*g", Traits.GRADIENT);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    return new double[] {lr};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3], lr = c[4];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      w[i] = Math.fma(-lr, gi, keep * w[i]);
    }
  }
}
