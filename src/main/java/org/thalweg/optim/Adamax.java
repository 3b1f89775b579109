package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * Adamax: Adam with the infinity norm: {@code m = b1*m + (1-b1)*g}; {@code u = max(b2*u, |g|+eps)};
 * {@code w -= lr/(1-b1^t) * m/u}. State: m, u. (Kingma and Ba, ICLR 2015, algorithm 2; eps as in
 * PyTorch.)
 *
 * <p>Sequence: {@code m = fma(b1, m, o1*g)}, {@code u = max(b2*u, |g|+eps)}, {@code w = fma(-step,
 * m/u, w)}. Columns: b1, o1, b2, step ({@code lr/(1-b1^t)}), eps. With eps = 0 an element whose
 * gradient has always been 0 becomes 0/0.
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the share of the norm that is kept, in [0, 1)
 * @param eps added to the gradient's magnitude
 */
public record Adamax(double lr, double beta1, double beta2, double eps)
    implements Optimizer, Adamax64 {
  /** Checks the hyperparameters. */
  public Adamax {
    Hyper.moments(lr, beta1, beta2, eps);
  }

  /** This rule with the default hyperparameters. */
  public static Adamax of(double lr) {
    return new Adamax(lr, 0.9, 0.999, 1e-8);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "adamax",
        "m = beta1*m + (1-beta1)*g; u = max(beta2*u, |g|+eps); w -= lr/(1-beta1^t) * m/u",
        Traits.MEAN.withFirst().withCorrection(),
        0,
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double b1 = type.round(beta1);
    return new double[] {b1, 1 - b1, beta2, lr / Adam.biasFactor(b1, t), eps};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float b1 = c[4], o1 = c[5], b2 = c[6], step = c[7], eps = c[8];
    float[] m = s[0], u = s[1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float mi = Math.fma(b1, m[i], o1 * gi);
      float ui = Exact.max(b2 * u[i], Math.abs(gi) + eps);
      m[i] = mi;
      u[i] = ui;
      w[i] = Math.fma(-step, mi / ui, keep * w[i]);
    }
  }
}
