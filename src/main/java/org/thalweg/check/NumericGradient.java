package org.thalweg.check;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
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
    int[] all = IntStream.range(0, w.length).toArray();
    pairs(f, w, all, i -> eps, (i, above, below, width) -> gradient[i] = (above - below) / width);
    return gradient;
  }

  /** Takes the values of f at two points, so far apart along coordinate i. */
  interface Pair {
    void take(int i, double above, double below, double width);
  }

  /** The values of f on either side of w along each of these coordinates. */
  static void pairs(
      Objective f, double[] w, int[] coordinates, IntToDoubleFunction eps, Pair taker) {
    int most = Math.max(1, Math.min(MOST_POINTS, MOST_NUMBERS / Math.max(1, w.length)) / 2);
    for (int from = 0; from < coordinates.length; from += most) {
      int[] some = Arrays.copyOfRange(coordinates, from, Math.min(from + most, coordinates.length));
      double[][] points = new double[2 * some.length][];
      for (int k = 0; k < some.length; k++) {
        double by = eps.applyAsDouble(some[k]);
        points[2 * k] = moved(f, w, some[k], by);
        points[2 * k + 1] = moved(f, w, some[k], -by);
      }
      double[] values = f.values(points);
      for (int k = 0; k < some.length; k++) {
        int i = some[k];
        double width = points[2 * k][i] - points[2 * k + 1][i];
        taker.take(i, values[2 * k], values[2 * k + 1], width);
      }
    }
  }

  private static double[] moved(Objective f, double[] w, int i, double by) {
    double[] point = w.clone();
    point[i] = f.type().round(w[i] + by);
    return point;
  }
}
