package org.thalweg.optim;

/** Checks of hyperparameters. */
final class Hyper {
  private Hyper() {}

  static void atLeast0(String name, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " must be finite and at least 0: " + value);
    }
  }

  /** A share: what is kept of a running mean, or of a velocity. */
  static void belowOne(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " must be in [0, 1): " + value);
    }
  }
}
