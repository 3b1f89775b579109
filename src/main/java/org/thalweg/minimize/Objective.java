package org.thalweg.minimize;

import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.numeric.ElementType;

/**
 * A function of a vector that is to be minimised, the argument of minimisers and gradient checks.
 * Its arrays lie on one device. The same call returns the same bits each time.
 */
public interface Objective {
  /** The device on which its vectors lie. */
  Device device();

  /** The element type of its vectors, F32 or F64. */
  ElementType type();

  /** How many numbers the vector has. */
  long size();

  /**
   * How much of {@code |w[i]|} f contains, the factor of an L1 penalty; 0 where it has none. At a
   * kink, where w[i] is 0, the gradient takes 0 as the slope of the magnitude.
   */
  default double l1(long i) {
    return 0;
  }

  /** f(w). NaN or infinite where it is not defined. */
  double value(Array w);

  /**
   * f(w), and its gradient.
   *
   * @param gradient receives as many numbers as w has; another array
   */
  double gradient(Array w, Array gradient);

  /**
   * {@link #value} at several points, with the same bits. An implementation may compute them
   * together, in fewer launches.
   *
   * @param points each as long as w, rounded to its type
   */
  default double[] values(double[][] points) {
    double[] values = new double[points.length];
    try (Array w = device().allocate(type(), size())) {
      for (int i = 0; i < points.length; i++) {
        device().upload(w, points[i]);
        values[i] = value(w);
      }
    }
    return values;
  }

  /** Watches evaluations that take long. */
  @FunctionalInterface
  interface Watcher {
    /** What nobody watches. */
    Watcher NONE = (done, of) -> {};

    /**
     * Called after each piece of an evaluation; what it throws breaks the evaluation off.
     *
     * @param done how much of it is done
     * @param of how much there is to do
     */
    void piece(long done, long of);
  }

  /**
   * From now on tells this watcher, and only it, of each piece of an evaluation that has pieces.
   */
  default void watch(Watcher watcher) {}

  /** Whether {@link #hessianTimes} is implemented. */
  default boolean twiceDifferentiable() {
    return false;
  }

  /**
   * The product of the Hessian at w with a vector.
   *
   * @param out receives it; another array than w and v
   * @throws UnsupportedOperationException where f is not {@link #twiceDifferentiable}
   */
  default void hessianTimes(Array w, Array v, Array out) {
    throw new UnsupportedOperationException("no second derivative is known");
  }
}
