package org.thalweg.check;

/**
 * A derivative, from difference quotients of growing width. Rounding moves a quotient by less and
 * less the wider it is, and the function's curvature moves it by more and more. So the widest one
 * is believed with which the next wider one agrees, as all before, up to their rounding and a small
 * part of the tolerance: curvature moves the wider by {@link #GROWTH} squared as much. (After O.
 * Lepski, Theory of Probability and its Applications 35, 1991.) No scale of the function need be
 * known, but that beyond which it may have bends that are smaller than its rounding.
 */
final class Slope {
  /** The factor from one width to the next. */
  static final int GROWTH = 4;

  /** The share of a derivative that rounding may be, at most, if it is to say anything. */
  private static final double RESOLVED = 1e-3;

  /** The share of the tolerance that rounding had better be. */
  private static final double FINE = 1.0 / 16;

  private final double rtol;
  private double value;
  private double error = Double.POSITIVE_INFINITY;
  private double next;
  private double nextError = Double.POSITIVE_INFINITY;
  private boolean nextBlind;
  private boolean ended;

  /** To be compared with this tolerance. */
  Slope(double rtol) {
    this.rtol = rtol;
  }

  /** One quotient that has to be believed, with the error that it may have by rounding. */
  static Slope of(double quotient, double error, double rtol) {
    Slope slope = new Slope(rtol);
    slope.value = quotient;
    slope.error = error;
    return slope;
  }

  /** The quotient that is believed. */
  double value() {
    return value;
  }

  /**
   * One more quotient, wider than those before: {@code (above - below) / width}.
   *
   * @param noise how far rounding can have moved each of the two
   * @param far whether it is wider than the scale of the point: a difference that is all rounding
   *     then says nothing
   */
  void add(double above, double below, double width, double noise, boolean far) {
    double quotient = (above - below) / width;
    double rounding = 2 * noise / width;
    if (!Double.isFinite(quotient) && nextError == Double.POSITIVE_INFINITY) {
      value = quotient; // not even beside the point
      error = 0;
    }
    double bend = Math.abs(quotient - next) - FINE * rtol * Math.abs(next);
    ended |= !Double.isFinite(quotient) || bend > rounding + nextError;
    if (!ended) {
      if (!nextBlind) {
        value = next;
        error = nextError;
      }
      next = quotient;
      nextError = rounding;
      nextBlind = far && Math.abs(quotient) <= rounding;
    }
  }

  /** The largest difference from it that passes. */
  double allowed() {
    return rtol * Math.abs(value) + error;
  }

  /** What it says of a value by formula, so far. */
  Verdict verdict(double analytic) {
    if (!(Math.abs(analytic - value) <= allowed()) || !Double.isFinite(analytic)) {
      return Verdict.FAIL; // NaN too
    }
    boolean resolved = error <= Math.max(rtol, RESOLVED) * Math.abs(value);
    return resolved ? Verdict.PASS : Verdict.NOT_RESOLVABLE;
  }

  /** Whether it agrees, and rounding is no larger a part of it than the tolerance. */
  boolean settles(double analytic) {
    return verdict(analytic) == Verdict.PASS && error <= rtol * Math.abs(value);
  }

  /** Whether a wider quotient can be believed, and would say more. */
  boolean open(double analytic) {
    double size = Math.max(Math.abs(value), Math.abs(analytic));
    return !ended && !(error <= FINE * rtol * size);
  }

  /** Whether the function's curvature shows in a quotient. */
  boolean ended() {
    return ended;
  }
}
