package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/**
 * NAdam: Adam with Nesterov's momentum. With {@code mu_t = b1*(1 - 0.96^(t*psi)/2)}, {@code psi} =
 * 0.004, and {@code P_t} the product of {@code mu_1 .. mu_t}: {@code m = b1*m + (1-b1)*g}; {@code v
 * = b2*v + (1-b2)*g*g}; {@code w -= lr * ((1-mu_t)/(1-P_t) * g + mu_(t+1)/(1-P_(t+1)) * m) /
 * (sqrt(v)/sqrt(1-b2^t) + eps)}. State: m, v. (Dozat, ICLR 2016 workshop; psi as in PyTorch.)
 *
 * <p>Rearranged as {@link Adam} is, with {@code r = sqrt(1-b2^t)}: {@code w = w - fma(B, m,
 * A*g)/(sqrt(v)+e)}. Columns: b1, o1, b2, o2, A ({@code lr*r*(1-mu_t)/(1-P_t)}), B ({@code
 * lr*r*mu_(t+1)/(1-P_(t+1))}), e ({@code eps*r}).
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the share of the second moment that is kept, in [0, 1)
 * @param eps added to the root of the corrected second moment
 */
public record NAdam(double lr, double beta1, double beta2, double eps)
    implements Optimizer, NAdam64 {
  /** Checks the hyperparameters. */
  public NAdam {
    Hyper.moments(lr, beta1, beta2, eps);
  }

  /** This rule with the default hyperparameters. */
  public static NAdam of(double lr) {
    return new NAdam(lr, 0.9, 0.999, 1e-8);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "nadam",
        "m = beta1*m + (1-beta1)*g; v = beta2*v + (1-beta2)*g*g; w -="
            + " lr * (Nesterov's mean of g and m)/(sqrt(v/(1-beta2^t)) + eps)",
        Traits.MEAN.withFirst().withCorrection(),
        0,
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double b1 = type.round(beta1);
    double b2 = type.round(beta2);
    double root = Math.sqrt(Adam.biasFactor(b2, t));
    double product = momentumProduct(b1, t);
    double now = momentum(b1, t);
    double next = momentum(b1, t + 1);
    return new double[] {
      b1,
      1 - b1,
      b2,
      1 - b2,
      lr * root * (1 - now) / (1 - product),
      lr * root * next / (1 - product * next),
      eps * root
    };
  }

  private static final double PSI = 0.004;

  /** {@code mu_t}. */
  private static double momentum(double b1, long t) {
    return b1 * (1 - 0.5 * StrictMath.pow(0.96, t * PSI));
  }

  /**
   * {@code mu_1 * .. * mu_t}; a product below 1e-30 changes nothing in 1 - product, so it ends
   * there.
   */
  private static double momentumProduct(double b1, long t) {
    double ratio = StrictMath.pow(0.96, PSI);
    double power = 1;
    double product = 1;
    for (long i = 1; i <= t && product > 1e-30; i++) {
      power *= ratio;
      product *= b1 * (1 - 0.5 * power);
    }
    return product;
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float b1 = c[4], o1 = c[5], b2 = c[6], o2 = c[7], ofG = c[8], ofM = c[9], eps = c[10];
    float[] m = s[0], v = s[1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float mi = Math.fma(b1, m[i], o1 * gi);
      float vi = Math.fma(b2, v[i], o2 * gi * gi);
      m[i] = mi;
      v[i] = vi;
      w[i] = keep * w[i] - Math.fma(ofM, mi, ofG * gi) / ((float) Math.sqrt(vi) + eps);
    }
  }
}
