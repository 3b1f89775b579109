package org.thalweg.optim;

/** Checks of hyperparameters. */
final class Hyper {
  private Hyper() {}

  static void atLeast0(String name, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " must be finite and at least 0: " + value);
    }
  }

  /** Checks a share of a running mean or velocity that is kept. */
  static void belowOne(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " must be in [0, 1): " + value);
    }
  }

  /** Checks the hyperparameters of a rule with a velocity. */
  static void velocity(double lr, double mu) {
    atLeast0("lr", lr);
    belowOne("mu", mu);
  }

  /** Checks the hyperparameters of a rule with two moments. */
  static void moments(double lr, double beta1, double beta2, double eps) {
    atLeast0("lr", lr);
    belowOne("beta1", beta1);
    belowOne("beta2", beta2);
    atLeast0("eps", eps);
  }
}
