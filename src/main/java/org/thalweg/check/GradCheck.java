package org.thalweg.check;

import java.util.stream.IntStream;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.minimize.Objective;

/**
 * Checks a gradient against central differences: element by element, as torch's gradcheck does, or
 * along one random direction, as its fast mode does.
 *
 * <p>The points of a difference lie as far apart as the scale of w and f asks for. Where the first
 * difference does not agree with the gradient, others of all widths are looked at, and how far
 * rounding can move them, before it is called wrong.
 */
public final class GradCheck {
  private GradCheck() {}

  /** Checks f at w with the tolerance of its type. */
  public static Report check(Objective f, double[] w) {
    return check(f, w, Tolerance.of(f.type()));
  }

  /**
   * Checks f at w. No kink of f may be at w or within its rounding.
   *
   * @throws IllegalArgumentException if w has a wrong length
   */
  public static Report check(Objective f, double[] w, Tolerance tolerance) {
    return check(f, w, tolerance, GradCheck::elements);
  }

  /**
   * Checks f at w along one random direction, which takes about ten evaluations of f whatever its
   * size. A mistake in a single element is found where it is more than rounding of the whole, and
   * the element is not named.
   */
  public static Report fast(Objective f, double[] w) {
    return check(f, w, Tolerance.ofDirection(f.type()), GradCheck::direction);
  }

  private interface Comparison {
    Report compare(Report report, Scales scales, Array gradient, double[] g, Tolerance tolerance);
  }

  private static Report check(Objective f, double[] w, Tolerance tolerance, Comparison by) {
    Tolerance.checkDoor(f, w);
    Device device = f.device();
    try (Array at = device.of(f.type(), w);
        Array gradient = device.allocate(f.type(), w.length)) {
      double value = f.value(at);
      if (!Double.isFinite(value)) {
        return Report.of("f(w) is " + value);
      }
      double beside = f.gradient(at, gradient);
      double[] g = device.download(gradient);
      Scales scales = Scales.of(f, device.download(at), value, g);
      Report report =
          Report.of(
              Math.abs(beside - value) <= scales.noise(value, beside)
                  ? ""
                  : "f(w) is %s, and with the gradient %s".formatted(value, beside));
      return by.compare(report, scales, gradient, g, tolerance);
    }
  }

  private static Report elements(
      Report report, Scales scales, Array gradient, double[] g, Tolerance tolerance) {
    double rtol = tolerance.rtol();
    double[] lengths = scales.lengths();
    Slope[] slopes = new Slope[g.length];
    int[] all = IntStream.range(0, g.length).toArray();
    NumericGradient.pairs(
        scales.f(),
        scales.w(),
        all,
        i -> {
          // f may change by as much as itself, if the gradient is right.
          double far = Math.max(lengths[i], Math.abs(scales.value() / g[i]));
          return tolerance.eps() * (Double.isFinite(far) ? far : lengths[i]);
        },
        (i, above, below, width) -> {
          double rounding = 2 * scales.rounding(above, below) / width;
          slopes[i] = Slope.of((above - below) / width, rounding, rtol);
        });
    // Where nothing changes, f may be constant, or its change too small to be seen.
    NumericGradient.pairs(
        scales.f(),
        scales.w(),
        IntStream.of(all).filter(i -> g[i] == 0 && slopes[i].value() == 0).toArray(),
        i -> scales.remote() * lengths[i],
        (i, above, below, width) -> {
          if (above == scales.value() && below == scales.value()) {
            slopes[i] = Slope.of(0, 0, rtol);
          }
        });
    int[] open = IntStream.of(all).filter(i -> !slopes[i].settles(g[i])).toArray();
    IntStream.of(open).forEach(i -> slopes[i] = new Slope(rtol));
    for (double h = scales.narrowest(); open.length > 0; h *= Slope.GROWTH) {
      double far = h;
      NumericGradient.pairs(
          scales.f(),
          scales.w(),
          open,
          i -> far * lengths[i],
          (i, above, below, width) ->
              slopes[i].add(above, below, width, scales.noise(above, below), far > 1));
      open = IntStream.of(open).filter(i -> slopes[i].open(g[i])).toArray();
    }
    for (int i = 0; i < g.length; i++) {
      report = report.and(-1, i, g[i], slopes[i]);
    }
    return report;
  }

  private static Report direction(
      Report report, Scales scales, Array gradient, double[] g, Tolerance tolerance) {
    Device device = scales.f().device();
    try (Line line = new Line(scales.f(), scales.w(), scales.direction(0))) {
      double analytic = device.dot(gradient, line.direction());
      double rtol = tolerance.rtol();
      double eps = tolerance.eps();
      double high = line.value(eps);
      double low = line.value(-eps);
      Slope slope = Slope.of((high - low) / (2 * eps), scales.noise(high, low) / eps, rtol);
      double far = scales.remote();
      if (analytic == 0
          && slope.value() == 0
          && line.value(far) == scales.value()
          && line.value(-far) == scales.value()) {
        slope = Slope.of(0, 0, rtol);
      }
      if (!slope.settles(analytic)) {
        double narrowest = slope.verdict(analytic) == Verdict.FAIL ? scales.narrowest() : eps;
        slope = new Slope(rtol);
        for (double h = narrowest; slope.open(analytic); h *= Slope.GROWTH) {
          double above = line.value(h);
          double below = line.value(-h);
          slope.add(above, below, 2 * h, scales.noise(above, below), h > 1);
        }
      }
      return report.and(0, -1, analytic, slope);
    }
  }
}
