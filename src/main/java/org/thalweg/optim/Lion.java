package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * Lion: {@code w -= lr * sign(b1*m + (1-b1)*g)}; {@code m = b2*m + (1-b2)*g}. State: m. (Chen et
 * al., NeurIPS 2023.) Its weight decay is the decoupled one of the {@link Group}.
 *
 * <p>Sequence: {@code u = fma(b1, m, o1*g)}; {@code sign} is 1, -1, or u itself where that is 0 or
 * NaN; {@code m = fma(b2, m, o2*g)}; {@code w = fma(-lr, sign, w)}. Columns: b1, o1, b2, o2, lr.
 *
 * @param lr the learning rate, the size of every step
 * @param beta1 the share of the old momentum in the direction, in [0, 1)
 * @param beta2 the share of the momentum that is kept, in [0, 1)
 */
public record Lion(double lr, double beta1, double beta2) implements Optimizer, Lion64 {
  /** Checks the hyperparameters. */
  public Lion {
    Require.atLeast0("lr", lr);
    Hyper.belowOne("beta1", beta1);
    Hyper.belowOne("beta2", beta2);
  }

  /** This rule with the default hyperparameters. */
  public static Lion of(double lr) {
    return new Lion(lr, 0.9, 0.99);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "lion",
        "w -= lr*sign(beta1*m + (1-beta1)*g); m = beta2*m + (1-beta2)*g",
        Traits.SIGN.withFirst(),
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double b1 = type.round(beta1);
    double b2 = type.round(beta2);
    return new double[] {b1, 1 - b1, b2, 1 - b2, lr};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float b1 = c[4], o1 = c[5], b2 = c[6], o2 = c[7], lr = c[8];
    float[] m = s[0];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float u = Math.fma(b1, m[i], o1 * gi);
      float sign = u > 0 ? 1 : u < 0 ? -1 : u;
      m[i] = Math.fma(b2, m[i], o2 * gi);
      w[i] = Math.fma(-lr, sign, keep * w[i]);
    }
  }
}
