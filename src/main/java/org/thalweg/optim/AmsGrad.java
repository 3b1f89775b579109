package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * AMSGrad: {@link Adam} with the largest second moment so far in place of the present one: {@code
 * vmax = max(vmax, v)}; {@code w -= lr/(1-b1^t) * m/(sqrt(vmax)/sqrt(1-b2^t) + eps)}. State: m, v,
 * vmax. (Reddi, Kale and Kumar, ICLR 2018; with bias correction as in PyTorch.)
 *
 * <p>Sequence and columns are Adam's, with {@code vmax = max(vmax, v)} under the root.
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the share of the second moment that is kept, in [0, 1)
 * @param eps added to the root of the corrected second moment
 */
public record AmsGrad(double lr, double beta1, double beta2, double eps)
    implements Optimizer, AmsGrad64 {
  /** Checks the hyperparameters. */
  public AmsGrad {
    Hyper.moments(lr, beta1, beta2, eps);
  }

  /** This rule with the default hyperparameters. */
  public static AmsGrad of(double lr) {
    return new AmsGrad(lr, 0.9, 0.999, 1e-8);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "amsgrad",
        "m = beta1*m + (1-beta1)*g; v = beta2*v + (1-beta2)*g*g; x = max(x, v); w -="
            + " lr/(1-beta1^t) * m/(sqrt(x/(1-beta2^t)) + eps)",
        Traits.SUM.withFirst().withCorrection(),
        0,
        0,
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    return new Adam(lr, beta1, beta2, eps).numbers(type, lr, t);
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float b1 = c[4], o1 = c[5], b2 = c[6], o2 = c[7], step = c[8], eps = c[9];
    float[] m = s[0], v = s[1], largest = s[2];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float mi = Math.fma(b1, m[i], o1 * gi);
      float vi = Math.fma(b2, v[i], o2 * gi * gi);
      float li = Exact.max(largest[i], vi);
      m[i] = mi;
      v[i] = vi;
      largest[i] = li;
      w[i] = Math.fma(-step, mi / ((float) Math.sqrt(li) + eps), keep * w[i]);
    }
  }
}
