package org.thalweg.check;

import org.thalweg.minimize.Objective;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * How a check compares: analytic value a and numeric value n agree where {@code |a - n| <= rtol *
 * |n|}, up to what rounding hides in n.
 *
 * @param eps the distance of the two points of a difference from w, relative to the scale of f
 *     along the coordinate: of the points that are tried first
 * @param rtol relative to the numeric value
 */
public record Tolerance(double eps, double rtol) {
  /** Checks the numbers. */
  public Tolerance {
    Require.that(
        eps > 0 && eps < Double.POSITIVE_INFINITY, "eps must be finite and above 0: %s", eps);
    Require.that(rtol >= 0, "rtol must be at least 0: %s", rtol);
  }

  /**
   * In F64 the step of {@code torch.autograd.gradcheck} and a tenth of what it allows; in F32
   * coarser ones.
   */
  public static Tolerance of(ElementType type) {
    return type == ElementType.F32 ? new Tolerance(0x1p-8, 1e-2) : new Tolerance(1e-6, 1e-4);
  }

  /**
   * For one direction instead of all coordinates, in which a single mistake is a small part of the
   * whole: as close as the type allows.
   */
  public static Tolerance ofDirection(ElementType type) {
    return type == ElementType.F32 ? of(type) : new Tolerance(1e-6, 1e-6);
  }

  static void checkDoor(Objective f, double[] w) {
    Require.that(
        w.length == f.size(), "w has %d elements, the objective takes %d", w.length, f.size());
  }
}
