package org.thalweg.minimize;

import org.thalweg.device.Device;
import org.thalweg.numeric.ElementType;

/**
 * A function of a vector in plain Java, with its gradient; implement it to minimise or check a
 * function of your own. Its methods change no array except the one that they fill, keep no
 * reference to one, and return the same bits each time.
 */
public interface HostFunction {
  /** How many numbers the vector has. */
  int size();

  /** The factor of {@code |w[i]|} in f: see {@link Objective#l1}. */
  default double l1(long i) {
    return 0;
  }

  /** f(w). NaN or infinite where it is not defined. */
  double value(double[] w);

  /**
   * f(w), and its gradient.
   *
   * @param gradient receives {@link #size} numbers
   */
  double gradient(double[] w, double[] gradient);

  /** Whether {@link #hessianTimes} is implemented. */
  default boolean twiceDifferentiable() {
    return false;
  }

  /**
   * The product of the Hessian at w with a vector.
   *
   * @param out receives {@link #size} numbers
   * @throws UnsupportedOperationException where f is not {@link #twiceDifferentiable}
   */
  default void hessianTimes(double[] w, double[] v, double[] out) {
    throw new UnsupportedOperationException("no second derivative is known");
  }

  /**
   * The same function of vectors on a device. Each call copies its arguments to the host and its
   * result back.
   *
   * @param type F32 or F64: what the vectors are. The function still computes in double; its
   *     gradient and products are rounded to the type, its value is not.
   */
  default Objective on(Device device, ElementType type) {
    return new HostObjective(this, device, type);
  }
}
