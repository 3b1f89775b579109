package org.thalweg.model;

import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Product;
import org.thalweg.device.SparseMatrix;

/** The features of some rows on a device: the left operand of a model's products. */
public sealed interface Features {
  /** As {@link Device#multiply(Product, Array, Array, Array, Array)}. */
  void multiply(Device device, Product size, Array right, @Nullable Array bias, Array out);

  /** As {@link Device#multiplyTransposed(Product, Array, Array, Array, Array)}. */
  void multiplyTransposed(
      Device device, Product size, Array right, Array out, @Nullable Array ones);

  /** What is written when rows are gathered. */
  Array gathered();

  /**
   * All features of each row.
   *
   * @param gathered row-major [rows × features]
   */
  record Dense(Array gathered) implements Features {
    @Override
    public void multiply(
        Device device, Product size, Array right, @Nullable Array bias, Array out) {
      device.multiply(size, gathered, right, bias, out);
    }

    @Override
    public void multiplyTransposed(
        Device device, Product size, Array right, Array out, @Nullable Array ones) {
      device.multiplyTransposed(size, gathered, right, out, ones);
    }
  }

  /** Those that are not 0; what is gathered is where each row has them. */
  record Sparse(SparseMatrix matrix) implements Features {
    @Override
    public void multiply(
        Device device, Product size, Array right, @Nullable Array bias, Array out) {
      device.multiply(size, matrix, right, bias, out);
    }

    @Override
    public void multiplyTransposed(
        Device device, Product size, Array right, Array out, @Nullable Array ones) {
      device.multiplyTransposed(size, matrix, right, out, ones);
    }

    @Override
    public Array gathered() {
      return matrix.ranges();
    }
  }
}
