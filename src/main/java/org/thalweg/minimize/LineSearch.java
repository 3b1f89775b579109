package org.thalweg.minimize;

import org.thalweg.device.Array;

/**
 * Line searches along a descent direction. Values that differ by rounding alone count as equal (the
 * idea of Hager and Zhang, SIAM J. Optimization 16, 2005), so that near the minimum the gradient
 * can still be reduced. A step to where function or gradient is not finite is treated as too long.
 */
final class LineSearch {
  /** The fraction of the decrease predicted by the slope that a step must achieve (Armijo). */
  private static final double DECREASE = 1e-4;

  /** The fraction of the initial slope that may remain at the end of a step (Wolfe). */
  private static final double CURVATURE = 0.9;

  private static final double EXPANSION = 4;

  /** An interpolated step stays at least this fraction of the interval away from its ends. */
  private static final double SAFEGUARD = 0.1;

  private static final int MOST_EVALUATIONS = 60;

  private final Run run;
  private final Array direction;
  private final Place zero;
  private int left = MOST_EVALUATIONS;

  /**
   * {@code value} of f at {@code w + a * direction}, and its slope; NaN where one of them is not
   * finite.
   */
  private record Place(double a, double value, double slope) {}

  private LineSearch(Run run, Array direction, double slope) {
    this.run = run;
    this.direction = direction;
    this.zero = new Place(0, run.value, slope);
  }

  /**
   * Halves the step until Armijo's condition holds, {@code f(w + a*d) <= f(w) + 1e-4*a*slope};
   * where the decrease is lost in rounding, the gradient must become smaller.
   *
   * @param slope {@code direction · gradient}, below 0
   * @param a the first step
   * @return the step, whose end is left as the run's trial point; 0 if there is none
   */
  static double backtrack(Run run, Array direction, double slope, double a) {
    LineSearch search = new LineSearch(run, direction, slope);
    for (int i = 0; slope < 0 && i < MOST_EVALUATIONS; i++, a /= 2) {
      if (run.tryAlong(a, direction)
          && search.falls(a, run.triedValue)
          && (run.triedValue < run.value || run.triedNorm < run.gradientNorm)) {
        return a;
      }
    }
    return 0;
  }

  /**
   * A step that satisfies the strong Wolfe conditions: Armijo's, and {@code |slope there| <= 0.9 *
   * |slope|}. Source: Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6,
   * interpolation by (3.59).
   *
   * @return the step, whose end is left as the run's trial point; 0 if no step decreases f. Where
   *     the evaluations are used up, the best step found.
   */
  static double wolfe(Run run, Array direction, double slope, double a) {
    return slope < 0 ? new LineSearch(run, direction, slope).bracket(a) : 0;
  }

  private double bracket(double a) {
    Place previous = zero;
    while (left > 0) {
      Place here = at(a);
      if (good(here)) {
        return a;
      }
      if (!falls(a, here.value) || here.value >= previous.value) {
        return zoom(previous, here);
      }
      if (here.slope >= 0) {
        return zoom(here, previous);
      }
      previous = here;
      a *= EXPANSION;
    }
    return settle(previous);
  }

  /**
   * Searches between {@code low}, the lowest point so far, whose slope points towards {@code high},
   * and {@code high}.
   */
  private double zoom(Place low, Place high) {
    while (left > 0) {
      Place here = at(between(low, high));
      if (good(here)) {
        return here.a;
      }
      if (!falls(here.a, here.value) || here.value >= low.value) {
        high = here;
      } else {
        if (here.slope * (high.a - low.a) >= 0) {
          high = low;
        }
        low = here;
      }
    }
    return settle(low);
  }

  private double settle(Place lowest) {
    return lowest.value < zero.value && run.tryAlong(lowest.a, direction) ? lowest.a : 0;
  }

  private Place at(double a) {
    left--;
    return run.tryAlong(a, direction)
        ? new Place(a, run.triedValue, run.dot(run.triedG, direction))
        : new Place(a, Double.NaN, Double.NaN);
  }

  private boolean falls(double a, double value) {
    return value <= zero.value + DECREASE * a * zero.slope + run.noise();
  }

  private boolean good(Place here) {
    return falls(here.a, here.value) && Math.abs(here.slope) <= -CURVATURE * zero.slope;
  }

  /**
   * The minimum of the cubic through both ends; the middle where it has none, or an end is not
   * finite.
   */
  private static double between(Place low, Place high) {
    double width = high.a - low.a;
    double d1 = low.slope + high.slope - 3 * (high.value - low.value) / width;
    double d2 = Math.copySign(Math.sqrt(d1 * d1 - low.slope * high.slope), width);
    double part = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
    if (Double.isNaN(part)) {
      part = 0.5;
    }
    return low.a + Math.min(Math.max(part, SAFEGUARD), 1 - SAFEGUARD) * width;
  }
}
