package org.thalweg.oracle;

/** A product of matrices: three loops. */
public final class ProductOracle {
  private ProductOracle() {}

  /**
   * {@code out = left · right}.
   *
   * @param left row-major [rows × depth]
   * @param right row-major [depth × columns]
   */
  public static double[] multiply(double[] left, double[] right, int rows, int columns, int depth) {
    double[] out = new double[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        for (int k = 0; k < depth; k++) {
          out[i * columns + j] += left[i * depth + k] * right[k * columns + j];
        }
      }
    }
    return out;
  }

  /** The same matrix by columns. */
  public static double[] transpose(double[] x, int rows, int columns) {
    double[] y = new double[x.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        y[j * rows + i] = x[i * columns + j];
      }
    }
    return y;
  }
}
