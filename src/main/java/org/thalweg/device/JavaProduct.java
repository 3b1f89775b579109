package org.thalweg.device;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The twin of {@code kernels/matmul.cu}: along k, chunks of {@link Exact#PRODUCT_CHUNK}, each a chain of fma
 * from +0 over ascending k; the chunks' totals are added ascending from +0; the bias last.
 *
 * <p>In binary32 a block of rows is computed side by side, so that the JIT vectorises over the rows. Four steps along
 * k go into one pass, each from an array of its own: with offsets into one array it gives up. The four and the
 * totals of all columns stay in the processor's nearest cache.
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
  private static final int MOST_ROWS = 1024;
  private static final int LEAST_ROWS = 32;

  /** Columns whose sums are kept at once. */
  private static final int COLUMNS = 32;

  /** Steps along k in one pass. */
  private static final int STEPS = 4;

  void run(Workers workers) {
    int rows = size.rows() + (ones == null ? 0 : 1);
    if (out.type() == ElementType.F32) {
      int most = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, (rows - 1) / workers.threads() + 1));
      int blocks = (rows + most - 1) / most;
      int each = (rows - 1) / Math.max(1, blocks) + 1;
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
    float[][] steps = new float[STEPS][n];
    float[][] totals = new float[Math.min(COLUMNS, size.columns())][n];
    float[][] sums = new float[totals.length][n];
    for (int column = 0; column < size.columns(); column += COLUMNS) {
      int columns = Math.min(COLUMNS, size.columns() - column);
      for (float[] sum : sums) {
        Arrays.fill(sum, 0);
      }
      for (int chunk = 0; chunk < size.depth(); chunk += Exact.PRODUCT_CHUNK) {
        int end = Math.min(chunk + Exact.PRODUCT_CHUNK, size.depth());
        for (int k = chunk; k < end; k += STEPS) {
          stage(model, row, n, k, end, steps);
          pass(model, column, columns, k, end, steps, totals);
        }
        for (int c = 0; c < columns; c++) {
          add(totals[c], sums[c]);
          Arrays.fill(totals[c], 0);
        }
      }
      int to = out.at() + (model * size.rows() + row) * size.columns() + column;
      int real = Math.min(n, size.rows() - row); // the row of ones goes elsewhere
      for (int c = 0; c < columns; c++) {
        write(sums[c], real, out.floats(), to + c, size.columns());
        if (ones != null && real < n) {
          ones.floats()[ones.at() + model * size.columns() + column + c] = sums[c][real];
        }
      }
    }
  }

  private static void write(float[] sum, int n, float[] to, int at, int stride) {
    for (int i = 0; i < n; i++) {
      to[at + i * stride] = sum[i];
    }
  }

  /**
   * Step k of the block into steps[0], the next into steps[1], .. Absent ones are 0 in both operands:
   * {@code fma(0, 0, x)} can only turn -0 into +0, which the sum from +0 does anyway.
   */
  private void stage(int model, int row, int n, int k, int end, float[][] steps) {
    float[] a = left.floats();
    int at = left.at() + (int) (model * size.leftStride());
    int real = Math.min(n, size.rows() - row); // the row of ones has no elements
    if (!transposed && k + STEPS <= end) {
      stage(a, at + row * size.depth() + k, size.depth(), steps[0], steps[1], steps[2], steps[3]);
      return;
    }
    for (int j = 0; j < STEPS; j++) {
      float[] step = steps[j];
      if (k + j >= end) {
        Arrays.fill(step, 0);
      } else if (transposed) {
        System.arraycopy(a, at + (k + j) * size.rows() + row, step, 0, real);
        Arrays.fill(step, real, n, 1);
      } else {
        for (int i = 0; i < n; i++) {
          step[i] = a[at + (row + i) * size.depth() + k + j];
        }
      }
    }
  }

  private static void stage(
      float[] a, int at, int stride, float[] x0, float[] x1, float[] x2, float[] x3) {
    for (int i = 0; i < x0.length; i++) {
      x0[i] = a[at + i * stride];
      x1[i] = a[at + i * stride + 1];
      x2[i] = a[at + i * stride + 2];
      x3[i] = a[at + i * stride + 3];
    }
  }

  private void pass(
      int model, int column, int columns, int k, int end, float[][] steps, float[][] totals) {
    float[] b = right.floats();
    int stride = size.columns();
    int at = right.at() + (model * size.depth() + k) * stride + column;
    for (int c = 0; c < columns; c++, at++) {
      four(
          totals[c],
          steps[0],
          steps[1],
          steps[2],
          steps[3],
          b[at],
          k + 1 < end ? b[at + stride] : 0,
          k + 2 < end ? b[at + 2 * stride] : 0,
          k + 3 < end ? b[at + 3 * stride] : 0);
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
