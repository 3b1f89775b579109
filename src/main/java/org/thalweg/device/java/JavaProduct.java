package org.thalweg.device.java;

import org.jspecify.annotations.Nullable;
import org.thalweg.device.Product;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * The twin of {@code kernels/matmul.cu}: along k, chunks of {@link Exact#PRODUCT_CHUNK}, each a
 * chain of fma from +0 over ascending k; the chunks' totals are added ascending from +0; the bias
 * last.
 *
 * <p>A block of rows is computed side by side, so that the JIT vectorises over the rows ({@link
 * FloatProduct}, {@link DoubleProduct}), unless {@link VectorProduct} takes it. One pass adds four
 * steps along k, each from a separate array: with offsets into one array the JIT does not
 * vectorise. The four arrays and the totals of all columns stay in the processor's nearer caches.
 *
 * @param transposed whether left is stored as [depth × rows]
 * @param ones where not null, one more row for each model: the product of a left row of ones
 */
record JavaProduct(
    Product size,
    boolean transposed,
    JavaArray left,
    JavaArray right,
    JavaArray out,
    @Nullable JavaArray ones) {
  /** The most bytes in a column of a block. */
  private static final int MOST_BYTES = 4096;

  private static final int LEAST_ROWS = 32;

  /** Columns whose sums are kept at once. */
  static final int COLUMNS = 32;

  /** Steps along k in one pass. */
  static final int STEPS = 4;

  /**
   * Computes all products, without a bias.
   *
   * @param vectorsFrom the number of fma from which on the Vector API computes them
   */
  void run(Workers workers, long vectorsFrom) {
    if ((double) size.models() * size.rows() * size.columns() * size.depth() >= vectorsFrom) {
      VectorProduct.of(out.type()).run(this, workers);
    } else {
      runPlain(workers);
    }
  }

  /**
   * Transposes the right operand, which is stored as [columns × depth] for each model. A product
   * reads each of its numbers once for each row, so that this costs little.
   */
  void turn(JavaArray stored, Workers workers) {
    int columns = size.columns();
    int depth = size.depth();
    workers.forEach(
        size.models() * columns,
        depth,
        (from, to) -> {
          for (int column = from; column < to; column++) {
            int at = right.at() + column / columns * columns * depth + column % columns;
            for (int k = 0; k < depth; k++) {
              int value = stored.at() + column * depth + k;
              if (out.type() == ElementType.F32) {
                right.floats()[at + k * columns] = stored.floats()[value];
              } else {
                right.doubles()[at + k * columns] = stored.doubles()[value];
              }
            }
          }
        });
  }

  private void runPlain(Workers workers) {
    int rows = size.rows() + (ones == null ? 0 : 1);
    int room = MOST_BYTES / out.type().bytes();
    int most = Math.max(LEAST_ROWS, Math.min(room, (rows - 1) / workers.threads() + 1));
    int blocks = (rows + most - 1) / most;
    int each = (rows - 1) / Math.max(1, blocks) + 1;
    workers.forEach(
        size.models() * blocks,
        (long) each * size.depth() * size.columns(),
        (from, to) -> {
          for (int i = from; i < to; i++) {
            int row = i % blocks * each;
            int n = Math.min(each, rows - row);
            if (out.type() == ElementType.F32) {
              FloatProduct.block(this, i / blocks, row, n);
            } else {
              DoubleProduct.block(this, i / blocks, row, n);
            }
          }
        });
  }

  /** Adds each model's bias to all of its rows. */
  void addToRows(JavaArray bias) {
    int columns = size.columns();
    for (int i = 0; i < size.models() * size.rows(); i++) {
      int to = out.at() + i * columns;
      int from = bias.at() + i / size.rows() * columns;
      if (out.type() == ElementType.F32) {
        float[] y = out.floats();
        float[] b = bias.floats();
        for (int n = 0; n < columns; n++) {
          y[to + n] += b[from + n];
        }
      } else {
        double[] y = out.doubles();
        double[] b = bias.doubles();
        for (int n = 0; n < columns; n++) {
          y[to + n] += b[from + n];
        }
      }
    }
  }
}
