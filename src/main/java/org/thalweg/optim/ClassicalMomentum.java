package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/**
 * Momentum in the step form, as in Keras and in Polyak's heavy ball: {@code v = mu*v - lr*g};
 * {@code w += v}. State: v. With a constant learning rate it gives the same sequence as {@link
 * Momentum}, and only then: here the velocity contains the learning rates of the earlier steps.
 * (Polyak, USSR Comp. Math. 4, 1964.)
 *
 * <p>Sequence: {@code v = fma(mu, v, -(lr*g))}, {@code w = w + v}. Columns: mu, lr.
 *
 * @param lr the learning rate
 * @param mu the share of the velocity that is kept, in [0, 1)
 */
public record ClassicalMomentum(double lr, double mu) implements Optimizer, ClassicalMomentum64 {
  /** Checks the hyperparameters. */
  public ClassicalMomentum {
    Hyper.velocity(lr, mu);
  }

  /** This rule with the default hyperparameters. */
  public static ClassicalMomentum of(double lr) {
    return new ClassicalMomentum(lr, 0.9);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "classical_momentum", "v = mu*v - lr*g; w += v", Traits.GRADIENT.withFirst(), 0);
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
      float vi = Math.fma(mu, v[i], -(lr * gi));
      v[i] = vi;
      w[i] = keep * w[i] + vi;
    }
  }
}
