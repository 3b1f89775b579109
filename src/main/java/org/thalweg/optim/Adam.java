package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/**
 * Adam with bias correction: {@code m = b1*m + (1-b1)*g}; {@code v = b2*v + (1-b2)*g*g}; {@code w
 * -= lr/(1-b1^t) * m/(sqrt(v)/sqrt(1-b2^t) + eps)}. State: m, v. (Kingma and Ba, ICLR 2015,
 * algorithm 1.)
 *
 * <p>Rearranged, so that an element takes one division and one square root: with {@code r =
 * sqrt(1-b2^t)} the last line is {@code w -= (lr*r/(1-b1^t)) * m/(sqrt(v) + eps*r)}. Sequence:
 * {@code m = fma(b1, m, o1*g)}, {@code v = fma(b2, v, (o2*g)*g)}, {@code w = fma(-step,
 * m/(sqrt(v)+e), w)}. Columns: b1, o1, b2, o2, step, e. With eps = 0 an element whose gradient has
 * always been 0 becomes 0/0.
 *
 * <p>AdamW (Loshchilov and Hutter, ICLR 2019) is this rule in a {@link Group} with {@code
 * weightDecay}.
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the share of the second moment that is kept, in [0, 1)
 * @param eps added to the root of the corrected second moment
 */
public record Adam(double lr, double beta1, double beta2, double eps) implements Optimizer, Adam64 {
  /** Checks the hyperparameters. */
  public Adam {
    Hyper.moments(lr, beta1, beta2, eps);
  }

  /** This rule with the default hyperparameters. */
  public static Adam of(double lr) {
    return new Adam(lr, 0.9, 0.999, 1e-8);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "adam",
        "m = beta1*m + (1-beta1)*g; v = beta2*v + (1-beta2)*g*g; w -= lr/(1-beta1^t) *"
            + " m/(sqrt(v/(1-beta2^t)) + eps)",
        Traits.MEAN.withFirst().withCorrection(),
        0,
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double b1 = type.round(beta1);
    double b2 = type.round(beta2);
    double root = Math.sqrt(biasFactor(b2, t));
    return new double[] {b1, 1 - b1, b2, 1 - b2, lr * root / biasFactor(b1, t), eps * root};
  }

  /** {@code 1 - b^t}, without cancellation where b is near 1. */
  static double biasFactor(double b, long t) {
    return -StrictMath.expm1(t * StrictMath.log(b));
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float b1 = c[4], o1 = c[5], b2 = c[6], o2 = c[7], step = c[8], eps = c[9];
    float[] m = s[0], v = s[1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float mi = Math.fma(b1, m[i], o1 * gi);
      float vi = Math.fma(b2, v[i], o2 * gi * gi);
      m[i] = mi;
      v[i] = vi;
      w[i] = Math.fma(-step, mi / ((float) Math.sqrt(vi) + eps), keep * w[i]);
    }
  }
}
