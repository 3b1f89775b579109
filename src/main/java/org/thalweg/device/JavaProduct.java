package org.thalweg.device;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The twin of {@code kernels/matmul.cu}: along k, chunks of {@link Exact#PRODUCT_CHUNK}, each a chain of fma
 * from +0 over ascending k; the chunks' totals are added ascending from +0; the bias last. A row of the
 * result is computed at a time, all its columns side by side.
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

  void run(Workers workers) {
    int rows = size.rows() + (ones == null ? 0 : 1);
    workers.forEach(
        size.models() * rows,
        (long) size.depth() * size.columns(),
        (from, to) -> {
          for (int i = from; i < to; i++) {
            if (out.type() == ElementType.F32) {
              floatRow(i / rows, i % rows);
            } else {
              doubleRow(i / rows, i % rows);
            }
          }
        });
  }

  private void floatRow(int model, int row) {
    boolean one = row == size.rows();
    int columns = size.columns();
    int depth = size.depth();
    float[] a = left.floats();
    int aAt = left.at() + (int) (model * size.leftStride()) + (transposed ? row : row * depth);
    int aStep = transposed ? size.rows() : 1;
    float[] b = right.floats();
    int bAt = right.at() + model * depth * columns;
    float[] sum = new float[columns];
    float[] total = new float[columns];
    for (int from = 0; from < depth; from += Exact.PRODUCT_CHUNK) {
      int to = Math.min(from + Exact.PRODUCT_CHUNK, depth);
      Arrays.fill(total, 0);
      for (int k = from; k < to; k++) {
        float ak = one ? 1 : a[aAt + k * aStep];
        int bk = bAt + k * columns;
        for (int n = 0; n < columns; n++) {
          total[n] = Math.fma(ak, b[bk + n], total[n]);
        }
      }
      for (int n = 0; n < columns; n++) {
        sum[n] += total[n];
      }
    }
    JavaArray to = target(one);
    System.arraycopy(sum, 0, to.floats(), to.at() + targetRow(model, row, one) * columns, columns);
  }

  private void doubleRow(int model, int row) {
    boolean one = row == size.rows();
    int columns = size.columns();
    int depth = size.depth();
    double[] a = left.doubles();
    int aAt = left.at() + (int) (model * size.leftStride()) + (transposed ? row : row * depth);
    int aStep = transposed ? size.rows() : 1;
    double[] b = right.doubles();
    int bAt = right.at() + model * depth * columns;
    double[] sum = new double[columns];
    double[] total = new double[columns];
    for (int from = 0; from < depth; from += Exact.PRODUCT_CHUNK) {
      int to = Math.min(from + Exact.PRODUCT_CHUNK, depth);
      Arrays.fill(total, 0);
      for (int k = from; k < to; k++) {
        double ak = one ? 1 : a[aAt + k * aStep];
        int bk = bAt + k * columns;
        for (int n = 0; n < columns; n++) {
          total[n] = Math.fma(ak, b[bk + n], total[n]);
        }
      }
      for (int n = 0; n < columns; n++) {
        sum[n] += total[n];
      }
    }
    JavaArray to = target(one);
    System.arraycopy(sum, 0, to.doubles(), to.at() + targetRow(model, row, one) * columns, columns);
  }

  private JavaArray target(boolean one) {
    return one && ones != null ? ones : out;
  }

  private int targetRow(int model, int row, boolean one) {
    return one ? model : model * size.rows() + row;
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
