package org.thalweg.device.cuda;

import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Product;

/** What computes products of dense operands, which were checked. */
interface Products {
  void multiply(Product size, Array left, Array right, @Nullable Array bias, Array out);

  void multiplyTransposed(Product size, Array left, Array right, Array out, @Nullable Array ones);

  void multiplyByTransposed(Product size, Array left, Array right, Array out);
}
