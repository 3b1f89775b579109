package org.thalweg.optim;

import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * Averaged stochastic gradient descent: with {@code eta = lr/(1+lambda*lr*(t-1))^alpha}, {@code w =
 * (1-lambda*eta)*w - eta*g}; the average of w from update t0 on, {@code a += mu*(w-a)} with {@code
 * mu = 1/max(1, t-1-t0)}, is kept in the state and does not change w. State: a. (Polyak and
 * Juditsky, SIAM J. Control Optim. 30, 1992; the numbers as in PyTorch.)
 *
 * <p>Sequence: {@code w = fma(-eta, g, decay*w)}, {@code a = fma(mu, w, o*a)}. Columns: eta, decay
 * ({@code 1 - lambda*eta}), mu, o (1 - mu). While mu is 1, a is w.
 *
 * @param lr the learning rate
 * @param lambda the rate at which the parameter and the learning rate decay, at least 0
 * @param alpha the power by which the learning rate falls, at least 0
 * @param t0 the update after which the average begins, at least 0
 */
public record Asgd(double lr, double lambda, double alpha, double t0) implements Optimizer, Asgd64 {
  /** Checks the hyperparameters. */
  public Asgd {
    Require.atLeast0("lr", lr);
    Require.atLeast0("lambda", lambda);
    Require.atLeast0("alpha", alpha);
    Require.atLeast0("t0", t0);
  }

  /** This rule with the default hyperparameters. */
  public static Asgd of(double lr) {
    return new Asgd(lr, 1e-4, 0.75, 1e6);
  }

  @Override
  public Definition definition() {
    return new Definition(
        "asgd",
        "eta = lr/(1+lambda*lr*(t-1))^alpha; w = (1-lambda*eta)*w - eta*g; a += (w-a)/max(1,"
            + " t-1-t0)",
        Traits.GRADIENT,
        0);
  }

  @Override
  public double[] numbers(ElementType type, double lr, long t) {
    double eta = lr / StrictMath.pow(1 + lambda * lr * (t - 1), alpha);
    double mu = type.round(1 / Math.max(1, t - 1 - t0));
    return new double[] {eta, 1 - lambda * eta, mu, 1 - mu};
  }

  @Override
  public void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    float scale = c[0], l2 = c[2], keep = c[3], eta = c[4], decay = c[5], mu = c[6], o = c[7];
    float[] a = s[0];
    for (int i = from; i < to; i++) {
      float gi = Math.fma(l2, w[i], scale * g[i]);
      float wi = Math.fma(-eta, gi, decay * (keep * w[i]));
      a[i] = Math.fma(mu, wi, o * a[i]);
      w[i] = wi;
    }
  }
}
