package org.thalweg.minimize;

import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;

/**
 * Line searches along a descent direction. Values that differ by rounding alone count as equal (the
 * idea of Hager and Zhang, SIAM J. Optimization 16, 2005), so that near the minimum the gradient
 * can still be reduced. A step to where function or gradient is not finite is treated as too long.
 *
 * <p>A search succeeds, and its end is the run's trial point, or says why it does not. It gives up
 * where the arithmetic resolves no shorter step: where the decrease that the slope predicts is
 * beyond the rounding error of a rounding error of the value.
 */
final class LineSearch {
  /** The fraction of the decrease predicted by the slope that a step must achieve (Armijo). */
  private static final double DECREASE = 1e-4;

  /** The fraction of the initial slope that may remain at the end of a step (Wolfe). */
  private static final double CURVATURE = 0.9;

  private static final double EXPANSION = 4;

  /** An interpolated step stays at least this fraction of the interval away from its ends. */
  private static final double SAFEGUARD = 0.1;

  /** How often an interval with a better point in it is made smaller. */
  private static final int MOST_REFINEMENTS = 60;

  /** How much of the initial slope is left where f is as good as linear. */
  private static final double STRAIGHT = 0.99;

  private final Run run;
  private final Array direction;
  private final Place zero;
  private final double noise;
  private final Contradictions contradictions = new Contradictions();

  /**
   * {@code value} of f at {@code w + a * direction}, and its slope; NaN where one of them is not
   * finite, but for a value of minus infinity.
   */
  private record Place(double a, double value, double slope) {
    boolean isStart() {
      return a == 0;
    }

    boolean bottomless() {
      return value == Double.NEGATIVE_INFINITY;
    }
  }

  private LineSearch(Run run, Array direction) {
    this.run = run;
    this.direction = direction;
    this.zero = new Place(0, run.value, run.dot(run.g, direction));
    this.noise = run.noise();
  }

  /**
   * A first step along the steepest descent, of the problem's own scale: as far as the slope
   * predicts the value 0. It follows the units of f and of w. Source: Hager and Zhang, ACM
   * Transactions on Mathematical Software 32, 2006, section 6 (I0).
   *
   * @param slope {@code direction · gradient}, below 0
   */
  static double first(Run run, double slope) {
    double far = run.value == 0 ? 1 : Math.abs(run.value);
    return Math.min(far / -slope, Double.MAX_VALUE);
  }

  /**
   * Shortens the step until Armijo's condition holds, {@code f(w + a*d) <= f(w) + 1e-4*a*slope},
   * each time to the minimum of a parabola, within a tenth and a half; where the decrease is lost
   * in rounding, the gradient must become smaller. Lengthens it where the slope stays the same.
   *
   * @param a the first step
   * @return null if it succeeds
   */
  static @Nullable Reason backtrack(Run run, Array direction, double a) {
    LineSearch search = new LineSearch(run, direction);
    return search.descends() ? search.shorten(a) : Reason.NO_DESCENT;
  }

  /** Not so where the direction is too long for the type of its elements. */
  private boolean descends() {
    return zero.slope < 0 && Double.isFinite(zero.slope);
  }

  private @Nullable Reason shorten(double first) {
    for (double a = first; ; ) {
      Place here = at(a);
      if (here.bottomless()) {
        return Reason.UNBOUNDED;
      }
      if (falls(here) && better()) {
        return lengthen(here);
      }
      if (hopeless(a)) {
        return why();
      }
      double bend = here.value - zero.value - zero.slope * a;
      double part = -zero.slope * a / (2 * bend);
      a *= Double.isNaN(part) ? SAFEGUARD : Math.min(Math.max(part, SAFEGUARD), 0.5);
    }
  }

  /** From a good step goes on while f falls as in a straight line, which it may do without end. */
  private @Nullable Reason lengthen(Place good) {
    Place best = good;
    while (best.value < zero.value - noise && best.slope <= STRAIGHT * zero.slope) {
      Place here = at(EXPANSION * best.a);
      if (here.bottomless() || !run.triedPointIsFinite()) {
        return Reason.UNBOUNDED;
      }
      if (!falls(here) || !(here.value < best.value)) {
        run.tryAlong(best.a, direction);
        return null;
      }
      best = here;
    }
    return null;
  }

  /**
   * A step that satisfies the strong Wolfe conditions: Armijo's, and {@code |slope there| <= 0.9 *
   * |slope|}. Source: Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6,
   * interpolation by (3.59). Where no such step is found, the best one.
   *
   * @param a the first step
   * @return null if it succeeds
   */
  static @Nullable Reason wolfe(Run run, Array direction, double a) {
    LineSearch search = new LineSearch(run, direction);
    return search.descends() ? search.bracket(a) : Reason.NO_DESCENT;
  }

  private @Nullable Reason bracket(double first) {
    Place previous = zero;
    for (double a = first; ; a *= EXPANSION) {
      Place here = at(a);
      if (good(here)) {
        return null;
      }
      if (here.bottomless() || (!previous.isStart() && !run.triedPointIsFinite())) {
        return Reason.UNBOUNDED; // it has fallen as far as there are numbers
      }
      if (!falls(here) || here.value > previous.value + noise) {
        return zoom(previous, here);
      }
      if (here.slope >= 0) {
        return zoom(here, previous);
      }
      previous = here;
    }
  }

  /**
   * Searches between {@code low}, the lowest point so far, whose slope points towards {@code high},
   * and {@code high}.
   */
  private @Nullable Reason zoom(Place low, Place high) {
    for (int i = 0; i < MOST_REFINEMENTS || low.isStart(); i++) {
      if (low.isStart() && hopeless(high.a)) {
        return why();
      }
      Place here = at(between(low, high, low.isStart() ? 0.5 : 1 - SAFEGUARD));
      if (good(here)) {
        return null;
      }
      if (here.bottomless()) {
        return Reason.UNBOUNDED;
      }
      if (!falls(here) || here.value > low.value + noise) {
        high = here;
      } else {
        if (here.slope * (high.a - low.a) >= 0) {
          high = low;
        }
        low = here;
      }
    }
    return run.tryAlong(low.a, direction) && better() ? null : why();
  }

  private Place at(double a) {
    boolean finite = run.tryAlong(a, direction);
    double value =
        finite || run.triedValue == Double.NEGATIVE_INFINITY ? run.triedValue : Double.NaN;
    Place here = new Place(a, value, finite ? run.dot(run.triedG, direction) : Double.NaN);
    double rise = value - zero.value;
    contradictions.see(a, rise, rise > noise && here.slope < 0);
    return here;
  }

  /**
   * Shortened steps after which a value rises with the step, linearly to quadratically, while the
   * slopes at both ends are negative: it has another gradient than it says.
   */
  static final class Contradictions {
    /** As many trials in a row show that it is no accident. */
    private static final int ENOUGH = 3;

    private double last; // step
    private double lastMean; // slope from the start to its end
    private int count;

    /**
     * Sees a trial.
     *
     * @param a the step
     * @param contradicts whether the value rises against the slopes
     */
    void see(double a, double rise, boolean contradicts) {
      double mean = rise / a;
      boolean steadily = mean > lastMean * Math.min(a / last, 1) / 2 && mean < lastMean * 2;
      if (count < ENOUGH) {
        count = contradicts && (count == 0 || steadily) ? count + 1 : 0;
      }
      last = a;
      lastMean = mean;
    }

    boolean enough() {
      return count == ENOUGH;
    }
  }

  /** Why there is no better point. */
  private Reason why() {
    return contradictions.enough() ? Reason.WRONG_GRADIENT : Reason.ROUNDING;
  }

  /** Whether neither value nor gradient can tell a shorter step from none. */
  private boolean hopeless(double a) {
    return !(a * -zero.slope > noise * run.unit());
  }

  private boolean falls(Place here) {
    return here.value <= zero.value + DECREASE * here.a * zero.slope + noise;
  }

  private boolean better() {
    return run.triedValue < run.value || run.triedNorm < run.gradientNorm;
  }

  private boolean good(Place here) {
    return falls(here) && Math.abs(here.slope) <= -CURVATURE * zero.slope;
  }

  /**
   * The minimum of the cubic through both ends, at most that part of the way; the middle where it
   * has none, or an end is not finite.
   */
  private static double between(Place low, Place high, double most) {
    double width = high.a - low.a;
    double d1 = low.slope + high.slope - 3 * (high.value - low.value) / width;
    double d2 = Math.copySign(Math.sqrt(d1 * d1 - low.slope * high.slope), width);
    double part = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
    if (Double.isNaN(part)) {
      part = 0.5;
    }
    return low.a + Math.min(Math.max(part, SAFEGUARD), most) * width;
  }
}
