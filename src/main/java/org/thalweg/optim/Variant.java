package org.thalweg.optim;

import org.thalweg.numeric.ElementType;

/** A rule that differs from another one only in its numbers, and shares its kernel and loops. */
interface Variant extends Optimizer {
  /** The other rule, with the hyperparameters of this one. */
  Optimizer base();

  @Override
  default double[] numbers(ElementType type, double lr, long t) {
    return base().numbers(type, lr, t);
  }

  @Override
  default void update(float[] w, float[] g, float[][] s, int from, int to, float[] c) {
    base().update(w, g, s, from, to, c);
  }

  @Override
  default void update(double[] w, double[] g, double[][] s, int from, int to, double[] c) {
    base().update(w, g, s, from, to, c);
  }
}
