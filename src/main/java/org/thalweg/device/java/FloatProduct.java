package org.thalweg.device.java;

import java.util.Arrays;
import org.thalweg.numeric.Exact;

/** A block of rows of a {@link JavaProduct} in binary32. */
final class FloatProduct {
  private FloatProduct() {}

  /** Rows {@code row .. row + n - 1} of one model. */
  static void block(JavaProduct p, int model, int row, int n) {
    JavaArray ones = p.ones();
    float[][] steps = new float[JavaProduct.STEPS][n];
    float[][] totals = new float[Math.min(JavaProduct.COLUMNS, p.size().columns())][n];
    float[][] sums = new float[totals.length][n];
    for (int column = 0; column < p.size().columns(); column += JavaProduct.COLUMNS) {
      int columns = Math.min(JavaProduct.COLUMNS, p.size().columns() - column);
      for (float[] sum : sums) {
        Arrays.fill(sum, 0);
      }
      for (int chunk = 0; chunk < p.size().depth(); chunk += Exact.PRODUCT_CHUNK) {
        int end = Math.min(chunk + Exact.PRODUCT_CHUNK, p.size().depth());
        for (int k = chunk; k < end; k += JavaProduct.STEPS) {
          stage(p, model, row, n, k, end, steps);
          pass(p, model, column, columns, k, end, steps, totals);
        }
        for (int c = 0; c < columns; c++) {
          add(totals[c], sums[c]);
          Arrays.fill(totals[c], 0);
        }
      }
      int to = p.out().at() + (model * p.size().rows() + row) * p.size().columns() + column;
      int real = Math.min(n, p.size().rows() - row); // the row of ones goes elsewhere
      for (int c = 0; c < columns; c++) {
        write(sums[c], real, p.out().floats(), to + c, p.size().columns());
        if (ones != null && real < n) {
          ones.floats()[ones.at() + model * p.size().columns() + column + c] = sums[c][real];
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
   * Step k of the block into steps[0], the next into steps[1], .. Absent ones are 0 in both
   * operands: {@code fma(0, 0, x)} can only turn -0 into +0, which the sum from +0 does anyway.
   */
  private static void stage(
      JavaProduct p, int model, int row, int n, int k, int end, float[][] steps) {
    float[] a = p.left().floats();
    int at = p.left().at() + (int) (model * p.size().leftStride());
    int real = Math.min(n, p.size().rows() - row); // the row of ones has no elements
    if (!p.transposed() && k + JavaProduct.STEPS <= end) {
      stage(
          a,
          at + row * p.size().depth() + k,
          p.size().depth(),
          steps[0],
          steps[1],
          steps[2],
          steps[3]);
      return;
    }
    for (int j = 0; j < JavaProduct.STEPS; j++) {
      float[] step = steps[j];
      if (k + j >= end) {
        Arrays.fill(step, 0);
      } else if (p.transposed()) {
        System.arraycopy(a, at + (k + j) * p.size().rows() + row, step, 0, real);
        Arrays.fill(step, real, n, 1);
      } else {
        for (int i = 0; i < n; i++) {
          step[i] = a[at + (row + i) * p.size().depth() + k + j];
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

  private static void pass(
      JavaProduct p,
      int model,
      int column,
      int columns,
      int k,
      int end,
      float[][] steps,
      float[][] totals) {
    float[] b = p.right().floats();
    int stride = p.size().columns();
    int at = p.right().at() + (model * p.size().depth() + k) * stride + column;
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
}
