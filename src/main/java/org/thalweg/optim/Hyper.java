package org.thalweg.optim;

import org.thalweg.numeric.Require;

/** Checks of hyperparameters. */
final class Hyper {
  private Hyper() {}

  /** Checks a share of a running mean or velocity that is kept. */
  static void belowOne(String name, double value) {
    Require.that(value >= 0 && value < 1, "%s must be in [0, 1): %s", name, value);
  }

  /** Checks the hyperparameters of a rule with a velocity. */
  static void velocity(double lr, double mu) {
    Require.atLeast0("lr", lr);
    belowOne("mu", mu);
  }

  /** Checks the hyperparameters of a rule with two moments. */
  static void moments(double lr, double beta1, double beta2, double eps) {
    Require.atLeast0("lr", lr);
    belowOne("beta1", beta1);
    belowOne("beta2", beta2);
    Require.atLeast0("eps", eps);
  }
}
