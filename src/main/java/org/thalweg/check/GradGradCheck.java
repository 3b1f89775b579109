package org.thalweg.check;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.minimize.Objective;
import org.thalweg.numeric.Require;

/**
 * Checks products with the Hessian against differences of the gradient: {@code H v} against {@code
 * (g(w + eps v) - g(w - eps v)) / 2 eps}, element by element. The directions v are first random
 * (normal, times each coordinate's scale), so that every element of H takes part; then along single
 * coordinates, evenly spread over the dimensions. Widths and rounding are as in {@link GradCheck}.
 */
public final class GradGradCheck {
  private static final int RANDOM = 4;
  private static final int UNITS = 16;

  /** As far as no coordinate changes its sign: there an L1 term has its kink. */
  private static final double WIDE = 1.0 / 8;

  private GradGradCheck() {}

  /** Checks f at w with the tolerance of its type. */
  public static Report check(Objective f, double[] w) {
    return check(f, w, Tolerance.of(f.type()));
  }

  /**
   * Checks f at w. No kink of the gradient may be at w or within its rounding.
   *
   * @throws IllegalArgumentException if f has no second derivative, or w has a wrong length
   */
  public static Report check(Objective f, double[] w, Tolerance tolerance) {
    return check(f, w, tolerance, RANDOM, Math.min(UNITS, w.length));
  }

  /** Checks f at w along one random direction. */
  public static Report fast(Objective f, double[] w) {
    return check(f, w, Tolerance.of(f.type()), 1, 0);
  }

  private static Report check(Objective f, double[] w, Tolerance tolerance, int random, int units) {
    Tolerance.checkDoor(f, w);
    Require.that(f.twiceDifferentiable(), "the objective has no second derivative");
    Device device = f.device();
    Report report = Report.of("");
    try (Array at = device.of(f.type(), w);
        Array gradient = device.allocate(f.type(), w.length)) {
      double value = f.gradient(at, gradient);
      double[] g = device.download(gradient);
      Scales scales = Scales.of(f, device.download(at), value, g);
      double[] noise = scales.gradientNoise(g);
      for (int k = 0; k < random + units; k++) {
        double[] v = k < random ? scales.direction(k) : new double[w.length];
        if (k >= random) {
          int i = (int) ((long) (k - random) * w.length / units);
          v[i] = scales.lengths()[i];
        }
        try (Line line = new Line(f, scales.w(), v)) {
          double[] analytic = line.product();
          Slope[] slopes = slopes(line, analytic, scales, noise, tolerance);
          for (int i = 0; i < w.length; i++) {
            report = report.and(k, i, analytic[i], slopes[i]);
          }
        }
      }
    }
    return report;
  }

  /**
   * Of all elements; those that agree with the first difference are looked at no further. Where one
   * element ends, all do: others can be so flat that their curvature never shows.
   */
  private static Slope[] slopes(
      Line line, double[] analytic, Scales scales, double[] noise, Tolerance tolerance) {
    double rtol = tolerance.rtol();
    double eps = tolerance.eps();
    double[] high = line.gradient(eps);
    double[] low = line.gradient(-eps);
    Slope[] slopes = new Slope[analytic.length];
    Arrays.setAll(
        slopes,
        i -> {
          double rounding = scales.rounding(high[i], low[i]) / eps;
          return Slope.of((high[i] - low[i]) / (2 * eps), rounding, rtol);
        });
    if (IntStream.range(0, slopes.length).anyMatch(i -> isZero(slopes[i], analytic[i]))) {
      double[] above = line.gradient(WIDE);
      double[] below = line.gradient(-WIDE);
      for (int i = 0; i < slopes.length; i++) {
        if (isZero(slopes[i], analytic[i]) && above[i] == high[i] && below[i] == high[i]) {
          slopes[i] = Slope.of(0, 0, rtol); // it does not change where all else does
        }
      }
    }
    int[] unsure =
        IntStream.range(0, slopes.length).filter(i -> !slopes[i].settles(analytic[i])).toArray();
    Slope[] grown =
        Stream.generate(() -> new Slope(rtol)).limit(slopes.length).toArray(Slope[]::new);
    IntStream.of(unsure).forEach(i -> slopes[i] = grown[i]);
    for (double h = scales.narrowest();
        IntStream.of(unsure).anyMatch(i -> grown[i].open(analytic[i]))
            && Stream.of(grown).noneMatch(Slope::ended);
        h *= Slope.GROWTH) {
      double[] above = line.gradient(h);
      double[] below = line.gradient(-h);
      for (int i = 0; i < grown.length; i++) {
        double own = Math.max(noise[i], scales.rounding(above[i], below[i]));
        grown[i].add(above[i], below[i], 2 * h, own, h > 1);
      }
    }
    return slopes;
  }

  private static boolean isZero(Slope slope, double analytic) {
    return analytic == 0 && slope.value() == 0;
  }
}
