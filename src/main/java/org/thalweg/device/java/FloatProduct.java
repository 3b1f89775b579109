package org.thalweg.device.java;

import java.util.Arrays;
import org.thalweg.device.Product;
import org.thalweg.numeric.Exact;

/** A block of rows of a {@link JavaProduct} in binary32. */
final class FloatProduct {
  private FloatProduct() {}

  /** Rows {@code row .. row + n - 1} of one model. */
  static void block(JavaProduct p, int model, int row, int n) {
    Product size = p.size();
    int stride = size.columns();
    float[][] steps = new float[JavaProduct.STEPS][n];
    float[][] totals = new float[Math.min(JavaProduct.COLUMNS, stride)][n];
    float[][] sums = new float[totals.length][n];
    for (int column = 0; column < stride; column += JavaProduct.COLUMNS) {
      int columns = Math.min(JavaProduct.COLUMNS, stride - column);
      for (float[] sum : sums) {
        Arrays.fill(sum, 0);
      }
      for (int chunk = 0; chunk < size.depth(); chunk += Exact.PRODUCT_CHUNK) {
        int end = Math.min(chunk + Exact.PRODUCT_CHUNK, size.depth());
        for (int k = chunk; k < end; k += JavaProduct.STEPS) {
          stage(p, model, row, k, end, steps);
          int at = p.right().at() + (model * size.depth() + k) * stride + column;
          for (int c = 0; c < columns; c++) {
            add(steps, p.right().floats(), at + c, stride, end - k, totals[c]);
          }
        }
        for (int c = 0; c < columns; c++) {
          add(totals[c], sums[c]);
          Arrays.fill(totals[c], 0);
        }
      }
      int to = p.out().at() + (model * size.rows() + row) * stride + column;
      int real = Math.min(n, size.rows() - row); // the row of ones goes elsewhere
      for (int c = 0; c < columns; c++) {
        write(sums[c], real, p.out().floats(), to + c, stride);
        if (p.ones() != null && real < n) {
          p.ones().floats()[p.ones().at() + model * stride + column + c] = sums[c][real];
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
   * Copies step k of the block to steps[0], the next to steps[1], .. Steps past the end are 0 in
   * both operands: {@code fma(0, 0, x)} can only turn -0 into +0, which the sum from +0 does
   * anyway.
   */
  private static void stage(JavaProduct p, int model, int row, int k, int end, float[][] steps) {
    float[] x0 = steps[0], x1 = steps[1], x2 = steps[2], x3 = steps[3];
    float[] a = p.left().floats();
    int rows = p.size().rows();
    int depth = p.size().depth();
    int at = p.left().at() + (int) (model * p.size().leftStride());
    int n = x0.length;
    int real = Math.min(n, rows - row); // the row of ones has no elements
    if (!p.transposed() && k + JavaProduct.STEPS <= end) {
      at += row * depth + k;
      for (int i = 0; i < n; i++) {
        x0[i] = a[at + i * depth];
        x1[i] = a[at + i * depth + 1];
        x2[i] = a[at + i * depth + 2];
        x3[i] = a[at + i * depth + 3];
      }
      return;
    }
    for (int j = 0; j < JavaProduct.STEPS; j++) {
      float[] step = steps[j];
      if (k + j >= end) {
        Arrays.fill(step, 0);
      } else if (p.transposed()) {
        System.arraycopy(a, at + (k + j) * rows + row, step, 0, real);
        Arrays.fill(step, real, n, 1);
      } else {
        for (int i = 0; i < n; i++) {
          step[i] = a[at + (row + i) * depth + k + j];
        }
      }
    }
  }

  /**
   * Adds four steps along k, of which {@code left} exist, times the elements of b from {@code at}.
   */
  private static void add(float[][] steps, float[] b, int at, int stride, int left, float[] s) {
    float[] x0 = steps[0], x1 = steps[1], x2 = steps[2], x3 = steps[3];
    float w0 = b[at];
    float w1 = left > 1 ? b[at + stride] : 0;
    float w2 = left > 2 ? b[at + 2 * stride] : 0;
    float w3 = left > 3 ? b[at + 3 * stride] : 0;
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
