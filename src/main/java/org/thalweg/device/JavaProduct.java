package org.thalweg.device;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The twin of {@code kernels/matmul.cu}: along k, chunks of {@link Exact#PRODUCT_CHUNK}, each a chain of fma
 * from +0 over ascending k; the chunks' totals are added ascending from +0; the bias last.
 *
 * <p>In binary32 a block of rows is computed side by side, so that the JIT vectorises over the rows. Each step along
 * k has an array of its own, and four of them go into one pass: with offsets into one array it gives up.
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
  private static final int MOST_ROWS = 256;
  private static final int LEAST_ROWS = 32;

  /** Columns whose sums are kept at once. */
  private static final int COLUMNS = 64;

  void run(Workers workers) {
    int rows = size.rows() + (ones == null ? 0 : 1);
    if (out.type() == ElementType.F32) {
      int each = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, (rows - 1) / workers.threads() + 1));
      int blocks = (rows + each - 1) / each;
      workers.forEach(
          size.models() * blocks,
          (long) each * size.depth() * size.columns(),
          (from, to) -> {
            for (int i = from; i < to; i++) {
              int row = i % blocks * each;
              floatBlock(i / blocks, row, Math.min(each, rows - row));
            }
          });
    } else {
      workers.forEach(
          size.models() * rows,
          (long) size.depth() * size.columns(),
          (from, to) -> {
            for (int i = from; i < to; i++) {
              doubleRow(i / rows, i % rows);
            }
          });
    }
  }

  /** Rows {@code row .. row + n - 1} of one model. */
  private void floatBlock(int model, int row, int n) {
    float[] b = right.floats();
    float[][] steps = new float[Math.min(Exact.PRODUCT_CHUNK, size.depth())][n];
    float[][] sums = new float[Math.min(COLUMNS, size.columns())][n];
    float[] total = new float[n];
    for (int column = 0; column < size.columns(); column += COLUMNS) {
      int columns = Math.min(COLUMNS, size.columns() - column);
      for (float[] sum : sums) {
        Arrays.fill(sum, 0);
      }
      for (int k = 0; k < size.depth(); k += Exact.PRODUCT_CHUNK) {
        int chunk = Math.min(Exact.PRODUCT_CHUNK, size.depth() - k);
        stage(model, row, n, k, chunk, steps);
        for (int c = 0; c < columns; c++) {
          int at = right.at() + (model * size.depth() + k) * size.columns() + column + c;
          Arrays.fill(total, 0);
          chain(steps, chunk, b, at, size.columns(), total);
          add(total, sums[c]);
        }
      }
      for (int c = 0; c < columns; c++) {
        for (int i = 0; i < n; i++) {
          boolean one = row + i == size.rows();
          JavaArray to = target(one);
          int index = targetRow(model, row + i, one) * size.columns() + column + c;
          to.floats()[to.at() + index] = sums[c][i];
        }
      }
    }
  }

  /** Step k of the block into steps[0], the next into steps[1], .. */
  private void stage(int model, int row, int n, int k, int chunk, float[][] steps) {
    float[] a = left.floats();
    int at = left.at() + (int) (model * size.leftStride());
    int real = Math.min(n, size.rows() - row); // the row of ones has no elements
    if (transposed) {
      for (int j = 0; j < chunk; j++) {
        System.arraycopy(a, at + (k + j) * size.rows() + row, steps[j], 0, real);
        Arrays.fill(steps[j], real, n, 1);
      }
    } else {
      for (int j = 0; j < chunk; j++) {
        float[] step = steps[j];
        int from = at + row * size.depth() + k + j;
        for (int i = 0; i < n; i++) {
          step[i] = a[from + i * size.depth()];
        }
      }
    }
  }

  /** {@code total[i] = fma(steps[j][i], b[at + j * stride], total[i])} for ascending j. */
  private static void chain(
      float[][] steps, int chunk, float[] b, int at, int stride, float[] total) {
    int j = 0;
    for (; j + 3 < chunk; j += 4) {
      int from = at + j * stride;
      four(
          total,
          steps[j],
          steps[j + 1],
          steps[j + 2],
          steps[j + 3],
          b[from],
          b[from + stride],
          b[from + 2 * stride],
          b[from + 3 * stride]);
    }
    for (; j < chunk; j++) {
      float[] x = steps[j];
      float w = b[at + j * stride];
      for (int i = 0; i < total.length; i++) {
        total[i] = Math.fma(x[i], w, total[i]);
      }
    }
  }

  private static void four(
      float[] s,
      float[] x0,
      float[] x1,
      float[] x2,
      float[] x3,
      float w0,
      float w1,
      float w2,
      float w3) {
    for (int i = 0; i < s.length; i++) {
      s[i] =
          Math.fma(x3[i], w3, Math.fma(x2[i], w2, Math.fma(x1[i], w1, Math.fma(x0[i], w0, s[i]))));
    }
  }

  private static void add(float[] total, float[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += total[i];
    }
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
