package org.thalweg.device.cuda;

import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Product;

/** Products by cuBLAS. */
final class CublasProducts implements Products {
  private static final int BIAS_THREADS = 256;

  private final CudaContext context;
  private final CudaQueue queue;
  private final Cublas cublas;
  private final ProductKernels own; // for what cuBLAS does not have

  CublasProducts(CudaContext context, CudaQueue queue, Cublas cublas, ProductKernels own) {
    this.context = context;
    this.queue = queue;
    this.cublas = cublas;
    this.own = own;
  }

  @Override
  public void multiply(Product size, Array left, Array right, @Nullable Array bias, Array out) {
    boolean add = bias != null || size.depth() == 0;
    if (add) {
      fill(size, bias, out);
    }
    gemm(size, Cublas.Layout.PLAIN, left, right, out, add);
  }

  @Override
  public void multiplyTransposed(
      Product size, Array left, Array right, Array out, @Nullable Array ones) {
    if (size.depth() == 0) {
      fill(size, null, out);
    }
    gemm(size, Cublas.Layout.LEFT_TRANSPOSED, left, right, out, false);
    if (ones != null) {
      own.sumRows(size, right, ones);
    }
  }

  @Override
  public void multiplyByTransposed(Product size, Array left, Array right, Array out) {
    if (size.depth() == 0) {
      fill(size, null, out);
    }
    gemm(size, Cublas.Layout.RIGHT_TRANSPOSED, left, right, out, false);
  }

  /** Sets each row of {@code out} to its model's bias, or to 0. */
  private void fill(Product size, @Nullable Array bias, Array out) {
    long blocks = size.columns() == 0 ? 0 : (long) size.models() * size.rows();
    @Nullable Object[] arguments = {bias, out, size.rows(), size.columns()};
    queue.launch("bias", "bias_" + out.type().suffix(), blocks, BIAS_THREADS, 0, arguments);
  }

  private void gemm(
      Product size, Cublas.Layout layout, Array left, Array right, Array out, boolean add) {
    context.makeCurrent();
    CudaArray.Address a = queue.touch(left).pointer();
    CudaArray.Address b = queue.touch(right).pointer();
    CudaArray.Address c = queue.touch(out).pointer();
    if (size.models() == 0 || size.rows() == 0 || size.columns() == 0 || size.depth() == 0) {
      return;
    }
    queue.enqueue(new Cublas.Gemm(cublas, out.type(), size, layout, a, b, c, add));
  }
}
