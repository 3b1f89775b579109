package org.thalweg.minimize;

import org.thalweg.device.Array;

/**
 * A full-batch minimiser: a small immutable value. Its vectors stay on the objective's device,
 * which also computes every sum: where the objective has the same bits on two devices, so has each
 * iterate.
 */
public interface Minimizer {
  /** Is told of each iteration. */
  @FunctionalInterface
  interface Listener {
    /**
     * Called after each iteration.
     *
     * @param iteration from 1; 0 is the start
     * @param value f at the point that is kept
     * @param gradientNorm the largest magnitude in the gradient there
     * @param step the step length along the direction; 0 where the point did not move
     */
    void iteration(int iteration, double value, double gradientNorm, double step);

    /**
     * Called before {@link #iteration} with the point that is kept.
     *
     * @param point to be read until this returns; on the objective's device
     */
    default void point(Array point) {}

    /**
     * Called in the course of an evaluation that takes long.
     *
     * @param done how much of it is done
     * @param of how much there is to do
     */
    default void piece(long done, long of) {}

    /**
     * Whether to continue; asked before each evaluation and after each piece of it. If not, the
     * last accepted point is the result.
     */
    default boolean goesOn() {
      return true;
    }
  }

  /** The name by which {@link Minimizers} knows it. */
  String name();

  /** Whether it needs products with the Hessian. */
  default boolean secondOrder() {
    return false;
  }

  /**
   * Whether it needs a gradient that is continuous: a kink, like that of an L1 penalty at 0, stops
   * it short of the minimum.
   */
  default boolean smooth() {
    return secondOrder();
  }

  /** How many vectors of the start's length it keeps on the device. */
  int vectors();

  /**
   * Minimises f from {@code start}. The value at the result is never larger than at the start,
   * except by rounding or where the step is fixed.
   *
   * @param start a vector of the objective's type and size; not changed
   * @throws IllegalArgumentException if start is no such vector, function or gradient are not
   *     finite there, or the minimiser needs more than the objective or the memory has
   */
  Result minimize(Objective f, Array start, Stopping stopping, Listener listener);

  /** Minimises with the default tolerances and without a listener. */
  default Result minimize(Objective f, Array start) {
    return minimize(f, start, Stopping.of(f.type()), (iteration, value, gradientNorm, step) -> {});
  }
}
