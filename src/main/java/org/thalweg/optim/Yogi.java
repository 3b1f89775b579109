package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * Yogi: {@link Adam} whose second moment moves towards the squared gradient by a multiple of it:
 * {@code m = b1*m + (1-b1)*g}; {@code v -= (1-b2)*sign(v-g*g)*g*g}; {@code w -= lr/(1-b1^t) *
 * m/(sqrt(v/(1-b2^t)) + eps)}. State: m, v. (Zaheer et al., NeurIPS 2018, algorithm 2; the bias
 * correction and the initial values as in Optax.)
 *
 * <p>Rearranged as Adam is, with {@code r = sqrt(1-b2^t)}. Sequence: {@code m = fma(b1, m, o1*g)},
 * {@code q = g*g}, {@code d = v - q}; {@code sign} is 1, -1, or d itself where that is 0 or NaN;
 * {@code v = fma(-(o2*sign), q, v)}, {@code w = fma(-step, m/(sqrt(v)+eps), w)}. Columns: b1, o1,
 * o2, step ({@code lr*r/(1-b1^t)}), eps ({@code eps*r}).
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the second moment moves by 1 - beta2 times the squared gradient; in [0, 1)
 * @param eps added to the root of the corrected second moment
 * @param initial the initial value of both moments, at least 0
 */
public record Yogi(double lr, double beta1, double beta2, double eps, double initial)
    implements Optimizer, Yogi64 {
  /** Checks the hyperparameters. */
  public Yogi {
    Hyper.moments(lr, beta1, beta2, eps);
    Require.atLeast0("initial", initial);
  }

  /** This rule with the default hyperparameters. */
  public static Yogi of(double lr) {
    return new Yogi(lr, 0.9, 0.999, 1e-3, 1e-6);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "yogi",
        "m = beta1*m + (1-beta1)*g (m, v: initial at first); v -= (1-beta2)*sign(v-g*g)*g*g; w -="
            + " lr/(1-beta1^t) * m/(sqrt(v/(1-beta2^t)) + eps)",
        Traits.MEAN.withFirst().withCorrection(),
        initial,
        initial);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double b1 = type.round(beta1), b2 = type.round(beta2);
    double root = Math.sqrt(Adam.biasFactor(b2, t));
    return new double[] {b1, 1 - b1, 1 - b2, lr * root / Adam.biasFactor(b1, t), eps * root};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float b1 = c[4], o1 = c[5], o2 = c[6], step = c[7], eps = c[8];
    float[] m = s[0], v = s[1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float mi = Math.fma(b1, m[i], o1 * gi);
      float q = gi * gi;
      float d = v[i] - q;
      float sign = d > 0 ? 1 : d < 0 ? -1 : d;
      float vi = Math.fma(-(o2 * sign), q, v[i]);
      m[i] = mi;
      v[i] = vi;
      w[i] = Math.fma(-step, mi / ((float) Math.sqrt(vi) + eps), keep * w[i]);
    }
  }
}
