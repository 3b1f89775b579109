package org.thalweg.check;

import java.util.Locale;

/**
 * The result of a check.
 *
 * @param problem why nothing could be compared, or what else is wrong; empty if nothing is
 * @param checked how many elements were compared
 * @param notResolvable how many of them say nothing, because the difference drowns in rounding
 * @param direction of the worst element: which of the directions, from 0; -1 in a gradient
 * @param worst index of the worst element that says something, the one with the largest {@code
 *     difference / allowed}, the first if there are several; -1 if there is none, or a whole
 *     direction was compared
 * @param analytic its value by formula
 * @param numeric its value by differences
 * @param allowed the largest difference that would pass
 */
public record Report(
    String problem,
    long checked,
    long notResolvable,
    int direction,
    int worst,
    double analytic,
    double numeric,
    double allowed) {
  /** Nothing was compared. */
  static Report of(String problem) {
    return new Report(problem, 0, 0, -1, -1, Double.NaN, Double.NaN, Double.NaN);
  }

  /** The difference at the worst element. */
  public double difference() {
    return Math.abs(analytic - numeric);
  }

  /** Of all elements together: those that are not resolvable count where there is no other. */
  public Verdict verdict() {
    if (!problem.isEmpty() || badness() > 1) {
      return Verdict.FAIL;
    }
    return checked > notResolvable ? Verdict.PASS : Verdict.NOT_RESOLVABLE;
  }

  /** Whether elements were compared, and all that say something agree. */
  public boolean passed() {
    return verdict() == Verdict.PASS;
  }

  /**
   * The worst element's share of what is allowed, infinite where it is NaN or infinite; 0 if there
   * is none.
   */
  public double badness() {
    double difference = difference();
    if (checked == notResolvable || difference == 0) {
      return 0;
    }
    return Double.isFinite(difference) ? difference / allowed : Double.POSITIVE_INFINITY;
  }

  /** The report with one more element. */
  Report and(int atDirection, int index, double a, Slope slope) {
    if (slope.verdict(a) == Verdict.NOT_RESOLVABLE) {
      int first = checked == 0 ? atDirection : direction;
      return new Report(
          problem, checked + 1, notResolvable + 1, first, worst, analytic, numeric, allowed);
    }
    double n = slope.value();
    double most = slope.allowed();
    Report other = new Report(problem, checked + 1, notResolvable, atDirection, index, a, n, most);
    return checked == notResolvable || other.badness() > badness()
        ? other
        : new Report(
            problem, checked + 1, notResolvable, direction, worst, analytic, numeric, allowed);
  }

  /** One line. */
  @Override
  public String toString() {
    StringBuilder line = new StringBuilder(verdict().toString());
    if (!problem.isEmpty()) {
      line.append(": ").append(problem).append(checked > 0 ? ";" : "");
    }
    if (checked > 0) {
      line.append(worst < 0 && direction >= 0 ? " one direction" : " " + checked + " elements");
    }
    if (notResolvable > 0) {
      line.append(", ").append(notResolvable).append(" not resolvable");
    }
    if (checked > notResolvable) {
      String where = direction < 0 ? "" : " in direction " + direction;
      line.append(worst < 0 ? "" : ", worst is " + worst + where)
          .append(
              String.format(
                  Locale.ROOT,
                  ": analytic %.9g, numeric %.9g, difference %.2g of %.2g",
                  analytic,
                  numeric,
                  difference(),
                  allowed));
    }
    return line.toString();
  }
}
