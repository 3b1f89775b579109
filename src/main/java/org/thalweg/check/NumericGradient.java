package org.thalweg.check;

import org.thalweg.minimize.Objective;

/**
 * The gradient by central differences, {@code (f(w + eps e_i) - f(w - eps e_i)) / 2 eps}:
 * approximate, at two evaluations of f for each dimension.
 */
public final class NumericGradient {
  /** The most points that f is given at once, and the most numbers in them. */
  private static final int MOST_POINTS = 256;

  private static final int MOST_NUMBERS = 1 << 22;

  private NumericGradient() {}

  /**
   * The gradient of f at w. The points are rounded to f's type, and the divisor is the distance of
   * the rounded points.
   *
   * @param w as many numbers as f takes
   * @param eps how far to either side
   */
  public static double[] of(Objective f, double[] w, double eps) {
    double[] gradient = new double[w.length];
    int most = Math.max(1, Math.min(MOST_POINTS, MOST_NUMBERS / Math.max(1, w.length)) / 2);
    for (int from = 0; from < w.length; from += most) {
      int n = Math.min(most, w.length - from);
      double[][] points = new double[2 * n][];
      for (int i = 0; i < n; i++) {
        double there = w[from + i];
        points[2 * i] = w.clone();
        points[2 * i][from + i] = f.type().round(there + eps);
        points[2 * i + 1] = w.clone();
        points[2 * i + 1][from + i] = f.type().round(there - eps);
      }
      double[] values = f.values(points);
      for (int i = 0; i < n; i++) {
        double distance = points[2 * i][from + i] - points[2 * i + 1][from + i];
        gradient[from + i] = (values[2 * i] - values[2 * i + 1]) / distance;
      }
    }
    return gradient;
  }
}
