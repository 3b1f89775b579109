package org.thalweg.check;

import org.thalweg.minimize.Objective;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * How a check compares: analytic value a and numeric value n agree where {@code |a - n| <= atol +
 * rtol * |n|}.
 *
 * @param eps the distance of the two points of a difference from w
 * @param atol absolute
 * @param rtol relative to the numeric value
 * @param binary32 whether functions of F32 vectors are accepted: there one rounding of the value is
 *     as large as its change by the usual eps, so all three numbers must be chosen for it
 */
public record Tolerance(double eps, double atol, double rtol, boolean binary32) {
  /** The defaults of {@code torch.autograd.gradcheck}. */
  public static final Tolerance DEFAULT = new Tolerance(1e-6, 1e-5, 1e-3, false);

  public Tolerance {
    Require.that(
        eps > 0 && eps < Double.POSITIVE_INFINITY, "eps must be finite and above 0: %s", eps);
    Require.that(atol >= 0 && rtol >= 0, "atol and rtol must be at least 0: %s, %s", atol, rtol);
  }

  void checkDoor(Objective f, double[] w) {
    if (f.type() != ElementType.F64 && !binary32) {
      throw new IllegalArgumentException(
          "a check in %s finds roundings, not mistakes: take an objective of F64"
              .formatted(f.type()));
    }
    Require.that(
        w.length == f.size(), "w has %d elements, the objective takes %d", w.length, f.size());
  }
}
