package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * AdaGrad: {@code a += g*g}; {@code w -= lr/(1+(t-1)*decay) * g/(sqrt(a)+eps)}. State: a. (Duchi,
 * Hazan and Singer, JMLR 12, 2011; eps outside the root and the decay as in PyTorch.)
 *
 * <p>Sequence: {@code a = fma(g, g, a)}, {@code w = fma(-step, g/(sqrt(a)+eps), w)}. Columns: step,
 * eps. With eps = 0 and initial = 0 an element whose gradient has always been 0 becomes 0/0.
 *
 * @param lr the learning rate
 * @param decay the decay of the learning rate, at least 0
 * @param initial the initial value of a, at least 0
 * @param eps added to the root
 */
public record AdaGrad(double lr, double decay, double initial, double eps)
    implements Optimizer, AdaGrad64 {
  /** Checks the hyperparameters. */
  public AdaGrad {
    Require.atLeast0("lr", lr);
    Require.atLeast0("decay", decay);
    Require.atLeast0("initial", initial);
    Require.atLeast0("eps", eps);
  }

  /** This rule with the default hyperparameters. */
  public static AdaGrad of(double lr) {
    return new AdaGrad(lr, 0, 0, 1e-10);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "adagrad",
        "a += g*g (initial at first); w -= lr/(1+(t-1)*decay) * g/(sqrt(a)+eps)",
        Traits.SUM,
        initial);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    return new double[] {lr / (1 + (t - 1) * decay), eps};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3], step = c[4], eps = c[5];
    float[] a = s[0];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float ai = Math.fma(gi, gi, a[i]);
      a[i] = ai;
      w[i] = Math.fma(-step, gi / ((float) Math.sqrt(ai) + eps), keep * w[i]);
    }
  }
}
