package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/**
 * AdaBelief: {@link Adam} with the mean square of what the gradient differs by from the first
 * moment: {@code m = b1*m + (1-b1)*g}; {@code v = b2*v + (1-b2)*(g-m)*(g-m) + eps}; {@code w -=
 * lr/(1-b1^t) * m/(sqrt(v/(1-b2^t)) + eps)}. State: m, v. (Zhuang et al., NeurIPS 2020, algorithm
 * 2: eps is added in both places, to v itself at each update, as in Optax.)
 *
 * <p>Rearranged as Adam is, with {@code q = sqrt(1-b2^t)}. Sequence: {@code m = fma(b1, m, o1*g)},
 * {@code e = g - m}, {@code v = fma(b2, v, (o2*e)*e) + inner}, {@code w = fma(-step,
 * m/(sqrt(v)+outer), w)}. Columns: b1, o1, b2, o2, step ({@code lr*q/(1-b1^t)}), inner (eps), outer
 * ({@code eps*q}). With eps = 0 an element whose gradient has always been 0 becomes 0/0.
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the share of the second moment that is kept, in [0, 1)
 * @param eps added to the second moment, and to its root
 */
public record AdaBelief(double lr, double beta1, double beta2, double eps)
    implements Optimizer, AdaBelief64 {
  /** Checks the hyperparameters. */
  public AdaBelief {
    Hyper.moments(lr, beta1, beta2, eps);
  }

  /** This rule with the default hyperparameters. */
  public static AdaBelief of(double lr) {
    return new AdaBelief(lr, 0.9, 0.999, 1e-16);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "adabelief",
        "m = beta1*m + (1-beta1)*g; v = beta2*v + (1-beta2)*(g-m)*(g-m) + eps; w -="
            + " lr/(1-beta1^t) * m/(sqrt(v/(1-beta2^t)) + eps)",
        Traits.MEAN.withFirst().withCorrection(),
        0,
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double b1 = type.round(beta1), b2 = type.round(beta2);
    double root = Math.sqrt(Adam.biasFactor(b2, t));
    double step = lr * root / Adam.biasFactor(b1, t);
    return new double[] {b1, 1 - b1, b2, 1 - b2, step, eps, eps * root};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float b1 = c[4], o1 = c[5], b2 = c[6], o2 = c[7], step = c[8], inner = c[9], outer = c[10];
    float[] m = s[0], v = s[1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float mi = Math.fma(b1, m[i], o1 * gi);
      float e = gi - mi;
      float vi = Math.fma(b2, v[i], o2 * e * e) + inner;
      m[i] = mi;
      v[i] = vi;
      w[i] = Math.fma(-step, mi / ((float) Math.sqrt(vi) + outer), keep * w[i]);
    }
  }
}
