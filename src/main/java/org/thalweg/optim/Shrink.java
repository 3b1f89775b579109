package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.numeric.Require;

/**
 * The proximal step of l1 times the sum of |w|, soft thresholding: {@code w = sign(w) * max(|w| -
 * lr*l1, 0)}. (Parikh and Boyd, Proximal Algorithms, 2014, section 6.5.2; after the gradient step
 * of a minibatch: Duchi and Singer, JMLR 10, 2009.) It is no rule of the registry: a {@link Group}
 * asks for it.
 *
 * <p>Sequence: {@code w = sign(w) * max(abs(w) - lr, 0)}, where {@code sign} is 1, -1, or w itself
 * where that is 0 or NaN: NaN stays NaN, and a 0 has the sign of w. The gradient is not read.
 * Column: lr, the threshold.
 *
 * @param lr the threshold
 */
public record Shrink(double lr) implements Optimizer, Shrink64 {
  /** Checks the threshold. */
  public Shrink {
    Require.atLeast0("lr", lr);
  }

  @Override
  public Definition definition() {
    return new Definition("shrink", "w = sign(w) * max(|w| - lr*l1, 0)", Traits.GRADIENT);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    return new double[] {lr};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float keep = c[3];
    float lr = c[4];
    for (int i = from; i < to; i++) {
      float wi = keep * w[i];
      w[i] = Math.signum(wi) * Exact.max(Math.abs(wi) - lr, 0);
    }
  }
}
