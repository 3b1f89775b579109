package org.thalweg.minimize;

import org.thalweg.device.Array;

/**
 * A full-batch minimiser: a small immutable value. Its vectors stay on the objective's device, and
 * every sum is the device's: where the objective's bits are the same on two devices, so is each
 * point on the way.
 */
public interface Minimizer {
  /** Hears of each iteration. */
  @FunctionalInterface
  interface Listener {
    /**
     * An iteration is done.
     *
     * @param iteration from 1; 0 is the start
     * @param value f at the point that is kept
     * @param gradientNorm the largest magnitude in the gradient there
     * @param step how many times its direction the point moved; 0 where it stayed
     */
    void iteration(int iteration, double value, double gradientNorm, double step);

    /**
     * Whether to go on: asked before each evaluation. Where not, the last good point is the result.
     */
    default boolean goesOn() {
      return true;
    }
  }

  /** What {@link Minimizers} calls it. */
  String name();

  /** Whether it needs products with the Hessian. */
  default boolean secondOrder() {
    return false;
  }

  /** How many vectors as long as the start it keeps on the device. */
  int vectors();

  /**
   * Goes down from {@code start}. The result is never worse than that, but for rounding and for a
   * fixed step.
   *
   * @param start as the objective's vectors; not changed
   * @throws IllegalArgumentException if start is no such vector, function or gradient are not
   *     finite there, or the minimiser needs more than the objective or the memory has
   */
  Result minimize(Objective f, Array start, Stopping stopping, Listener listener);

  /** With the default tolerances, unheard. */
  default Result minimize(Objective f, Array start) {
    return minimize(f, start, Stopping.of(f.type()), (iteration, value, gradientNorm, step) -> {});
  }
}
