package org.thalweg.device.cuda;

import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Product;
import org.thalweg.device.SparseMatrix;

/** Launches the kernels of {@code kernels/sparse.cu}. */
final class SparseKernels {
  private static final String MODULE = "sparse";
  private static final int THREADS = 128;

  /** Warps of a block of the transposed product, and elements of the output of each. */
  static final int WARPS = 4;

  static final int WARP_TILE = 512;
  static final int MOST_COLUMNS = 32;

  private final CudaQueue queue;
  private final ProductKernels dense; // for rows of ones

  SparseKernels(CudaQueue queue, ProductKernels dense) {
    this.queue = queue;
    this.dense = dense;
  }

  void gather(
      SparseMatrix rows,
      Array labels,
      Array order,
      Array ranges,
      Array y,
      Object[] first,
      Array state) {
    int n = Math.toIntExact(y.count());
    Object[] arguments = {rows.ranges(), labels, order, n, ranges, y, first, state};
    queue.launch(MODULE, "gather_ranges", blocks(n), THREADS, 0, arguments);
  }

  void multiply(Product size, SparseMatrix left, Array right, @Nullable Array bias, Array out) {
    Object[] matrix = {left.ranges(), left.columns(), left.values()};
    Object[] sizes = {size.models(), size.rows(), size.columns(), size.depth()};
    @Nullable Object[] arguments = {matrix, right, bias, out, sizes};
    String kernel = "sparse_multiply_" + out.type().suffix();
    queue.launch(MODULE, kernel, blocks(out.count()), THREADS, 0, arguments);
  }

  void multiplyTransposed(
      Product size, SparseMatrix left, Array right, Array out, @Nullable Array ones) {
    Object[] matrix = {left.ranges(), left.columns(), left.values()};
    int columns = Math.max(1, Math.min(size.columns(), MOST_COLUMNS));
    int width = WARP_TILE / columns;
    Object[] sizes = {size.models(), size.rows(), size.columns(), size.depth(), width};
    long across = ProductTile.ceil(size.columns(), columns);
    long tiles = size.models() * across * ProductTile.ceil(size.rows(), width);
    String kernel = "sparse_multiply_transposed_" + out.type().suffix();
    long blocks = (tiles + WARPS - 1) / WARPS;
    queue.launch(MODULE, kernel, blocks, WARPS * 32, 0, matrix, right, out, sizes);
    if (ones != null) {
      dense.sumRows(size, right, ones);
    }
  }

  private static long blocks(long elements) {
    return (elements + THREADS - 1) / THREADS;
  }
}
