package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/**
 * RAdam, Adam with a rectified step: {@code m = b1*m + (1-b1)*g}; {@code v = b2*v + (1-b2)*g*g}.
 * With {@code R = 2/(1-b2) - 1} and {@code p = R - 2*t*b2^t/(1-b2^t)}: where p is above 5, {@code w
 * -= lr*r/(1-b1^t) * m*sqrt(1-b2^t)/(sqrt(v)+eps)} with {@code r =
 * sqrt((p-4)*(p-2)*R/((R-4)*(R-2)*p))}; else, in the first updates, {@code w -= lr/(1-b1^t) * m}.
 * State: m, v. (Liu et al., ICLR 2020, algorithm 2; the threshold of 5 and eps as in PyTorch.)
 *
 * <p>Sequence: {@code m = fma(b1, m, o1*g)}, {@code v = fma(b2, v, (o2*g)*g)}, {@code d =
 * fma(rectified, sqrt(v), e)}, {@code w = fma(-step, m/d, w)}. Columns: b1, o1, b2, o2, step,
 * rectified, e: {@code lr*r*sqrt(1-b2^t)/(1-b1^t)}, 1, eps; in the first updates {@code
 * lr/(1-b1^t)}, 0, 1. With eps = 0 an element whose gradient has always been 0 becomes 0/0.
 *
 * @param lr the learning rate
 * @param beta1 the share of the first moment that is kept, in [0, 1)
 * @param beta2 the share of the second moment that is kept, in [0, 1)
 * @param eps added to the root of the second moment
 */
public record RAdam(double lr, double beta1, double beta2, double eps)
    implements Optimizer, RAdam64 {
  /** Checks the hyperparameters. */
  public RAdam {
    Hyper.moments(lr, beta1, beta2, eps);
  }

  /** This rule with the default hyperparameters. */
  public static RAdam of(double lr) {
    return new RAdam(lr, 0.9, 0.999, 1e-8);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "radam",
        "m = beta1*m + (1-beta1)*g; v = beta2*v + (1-beta2)*g*g; w -= lr/(1-beta1^t) * m at first;"
            + " then w -= lr*r/(1-beta1^t) * m*sqrt(1-beta2^t)/(sqrt(v)+eps), r rising to 1",
        Traits.MEAN.withFirst().withCorrection(),
        0,
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double b1 = type.round(beta1), b2 = type.round(beta2);
    double factor = Adam.biasFactor(b2, t);
    double longest = 2 / (1 - b2) - 1;
    double length = longest - 2 * t * (1 - factor) / factor;
    boolean rectified = length > 5;
    double ofLengths =
        (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length);
    double step = lr * (rectified ? Math.sqrt(ofLengths * factor) : 1) / Adam.biasFactor(b1, t);
    return new double[] {b1, 1 - b1, b2, 1 - b2, step, rectified ? 1 : 0, rectified ? eps : 1};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3];
    float b1 = c[4], o1 = c[5], b2 = c[6], o2 = c[7], step = c[8], rectified = c[9], eps = c[10];
    float[] m = s[0], v = s[1];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float mi = Math.fma(b1, m[i], o1 * gi);
      float vi = Math.fma(b2, v[i], o2 * gi * gi);
      m[i] = mi;
      v[i] = vi;
      float d = Math.fma(rectified, (float) Math.sqrt(vi), eps);
      w[i] = Math.fma(-step, mi / d, keep * w[i]);
    }
  }
}
