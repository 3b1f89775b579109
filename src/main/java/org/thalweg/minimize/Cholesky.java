package org.thalweg.minimize;

/**
 * The factorisation {@code A = L * Lᵀ} of a symmetric matrix, in double: L is a lower triangle, and
 * row i, of i + 1 numbers, is an array of its own. A single array of many gigabytes would keep the
 * JVM from all else while it is allocated.
 */
final class Cholesky {
  /** Rows that are worked on at once, so that a row above them is read once for all. */
  private static final int ROWS = 16;

  /** Columns of such rows between two questions whether to go on. */
  private static final int COLUMNS = 256;

  private final double[][] rows;

  /** Of a matrix with n rows. */
  Cholesky(int n) {
    rows = new double[n][];
  }

  /** Row i of A, until it is factored, and then of L. */
  double[] row(int i) {
    return rows[i];
  }

  /** Sets row i of A: i + 1 numbers. */
  void row(int i, double[] row) {
    rows[i] = row;
  }

  /**
   * Replaces A by L. Returns whether A is positive definite; if not, L is half done.
   *
   * @param check called now and then; what it throws breaks the factorisation off
   */
  boolean factor(Runnable check) {
    for (int from = 0; from < rows.length; from += ROWS) {
      int to = Math.min(from + ROWS, rows.length);
      for (int j = 0; j < to; j++) {
        if (j % COLUMNS == COLUMNS - 1) {
          check.run();
        }
        double[] above = rows[j];
        int i = Math.max(j, from);
        if (i == j) {
          double square = above[j] - dot(above, above, j);
          if (!(square > 0 && square < Double.POSITIVE_INFINITY)) {
            return false;
          }
          above[j] = Math.sqrt(square);
          i++;
        }
        for (; i < to; i++) {
          rows[i][j] = (rows[i][j] - dot(rows[i], above, j)) / above[j];
        }
      }
    }
    return true;
  }

  /** Of the first n numbers, in four sums, so that no addition waits for the one before. */
  private static double dot(double[] x, double[] y, int n) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int i = 0;
    for (; i < n - 3; i += 4) {
      a += x[i] * y[i];
      b += x[i + 1] * y[i + 1];
      c += x[i + 2] * y[i + 2];
      d += x[i + 3] * y[i + 3];
    }
    for (; i < n; i++) {
      a += x[i] * y[i];
    }
    return a + b + (c + d);
  }

  /** Solves {@code L * Lᵀ * x = b}. The argument holds b, and then x. */
  void solve(double[] x) {
    for (int i = 0; i < rows.length; i++) {
      x[i] = (x[i] - dot(rows[i], x, i)) / rows[i][i];
    }
    for (int i = rows.length - 1; i >= 0; i--) {
      double[] row = rows[i];
      x[i] /= row[i];
      for (int j = 0; j < i; j++) {
        x[j] -= row[j] * x[i];
      }
    }
  }
}
