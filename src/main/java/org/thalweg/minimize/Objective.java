package org.thalweg.minimize;

import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.numeric.ElementType;

/**
 * A function of a vector that is to be made small: what full-batch minimisers work on and gradient
 * checks look at. Its arrays lie on one device. The same call twice gives the same bits.
 */
public interface Objective {
  /** Where its vectors lie. */
  Device device();

  /** F32 or F64: what its vectors are. */
  ElementType type();

  /** How many numbers the vector has. */
  long size();

  /** f(w). NaN or infinite where it is not defined. */
  double value(Array w);

  /**
   * f(w), and its gradient.
   *
   * @param gradient receives as many numbers as w has; another array
   */
  double gradient(Array w, Array gradient);

  /**
   * {@link #value} at several points, the same bits: what a device can compute together takes fewer
   * launches so.
   *
   * @param points each as long as w, rounded to its type
   */
  default double[] values(double[][] points) {
    double[] values = new double[points.length];
    try (Array w = device().allocate(type(), size())) {
      for (int i = 0; i < points.length; i++) {
        device().write(w, points[i]);
        values[i] = value(w);
      }
    }
    return values;
  }

  /** Whether {@link #hessianTimes} is there. */
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
