package org.thalweg.check;

import java.util.Locale;

/**
 * The result of a check.
 *
 * @param problem why nothing could be compared, or what else is wrong; empty if nothing is
 * @param checked how many elements were compared
 * @param direction of the worst element: which of the directions a Hessian was multiplied by, from
 *     0; -1 in a gradient
 * @param worst index of the worst element, the one with the largest {@code difference / allowed},
 *     the first if there are several; -1 if none was compared
 * @param analytic its value by formula
 * @param numeric its value by differences
 * @param allowed the largest difference that would pass
 */
public record Report(
    String problem,
    long checked,
    int direction,
    int worst,
    double analytic,
    double numeric,
    double allowed) {
  /** Nothing was compared. */
  static Report of(String problem) {
    return new Report(problem, 0, -1, -1, Double.NaN, Double.NaN, Double.NaN);
  }

  /** The difference at the worst element. */
  public double difference() {
    return Math.abs(analytic - numeric);
  }

  /** Whether all elements agree; one that is NaN or infinite does not. */
  public boolean passed() {
    return problem.isEmpty() && Double.isFinite(difference()) && difference() <= allowed;
  }

  /** This element's share of what is allowed. */
  private double badness() {
    double difference = difference();
    return !Double.isFinite(difference)
        ? Double.POSITIVE_INFINITY
        : difference == 0 ? 0 : difference / allowed;
  }

  /** The report with one more element. */
  Report and(int atDirection, int index, double a, double n, Tolerance tolerance) {
    double limit = tolerance.atol() + tolerance.rtol() * Math.abs(n);
    Report other = new Report(problem, checked + 1, atDirection, index, a, n, limit);
    return worst < 0 || other.badness() > badness()
        ? other
        : new Report(problem, checked + 1, direction, worst, analytic, numeric, allowed);
  }

  /** One line. */
  @Override
  public String toString() {
    StringBuilder line = new StringBuilder(passed() ? "PASS" : "FAIL");
    if (!problem.isEmpty()) {
      line.append(": ").append(problem);
    }
    if (worst >= 0) {
      line.append(
          String.format(
              Locale.ROOT,
              "%s %d elements, worst is %d%s: analytic %.9g, numeric %.9g, difference %.2g of %.2g",
              problem.isEmpty() ? "" : ";",
              checked,
              worst,
              direction < 0 ? "" : " in direction " + direction,
              analytic,
              numeric,
              difference(),
              allowed));
    }
    return line.toString();
  }
}
