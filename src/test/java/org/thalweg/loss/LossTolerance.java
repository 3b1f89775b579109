package org.thalweg.loss;

import org.thalweg.device.Roundoff;
import org.thalweg.numeric.ElementType;

/** How far rounding may take a loss and its gradient from the exact values. */
public interface LossTolerance {
  /** Of a loss of that size. */
  double loss(double loss);

  /** Of the gradient {@code g * scale} with respect to one score, the label's or another's. */
  double gradient(double g, boolean label, double scale);

  /**
   * Of the Hessian's product with a direction, times {@code scale}, at one score.
   *
   * @param diagonal the Hessian there
   * @param largest magnitude in the direction
   */
  double hessian(double diagonal, boolean label, double largest, double scale);

  /** For scores of at most {@code most} in magnitude. */
  public static LossTolerance of(Loss loss, ElementType type, int classes, double most) {
    return loss instanceof Hinge hinge
        ? new OfHinge(hinge.squared(), Roundoff.unit(type), classes, most)
        : new OfSoftmax(type, SoftmaxTolerance.sum(type, classes, most), most);
  }

  /** See {@link SoftmaxTolerance}. */
  public record OfSoftmax(ElementType type, double sum, double most) implements LossTolerance {
    @Override
    public double loss(double loss) {
      return SoftmaxTolerance.loss(type, sum, most);
    }

    @Override
    public double gradient(double g, boolean label, double scale) {
      return SoftmaxTolerance.gradient(type, sum, g + (label ? 1 : 0), g, scale);
    }

    /**
     * Of {@code p * (u - mean) * scale}, p up to 1: with e the relative error of a p, as in the
     * gradient, and U the largest |u|, the mean errs by U(e + 75 u), a term of it and its 74
     * additions; the difference, at most 2U, by 4u of that more, with the direction's own rounding;
     * then p errs by e and two products and the scale by u each.
     */
    @Override
    public double hessian(double diagonal, boolean label, double largest, double scale) {
      double unit = Roundoff.unit(type);
      double p =
          0.5
              + Math.sqrt(
                  Math.max(0, 0.25 - diagonal)); // p - p^2 = diagonal; the larger of the two
      double each = 2 * sum + unit;
      return 2 * scale * p * largest * (each + 75 * unit + 2 * (4 * unit + each + 3 * unit));
    }
  }

  /**
   * With u the unit roundoff and X the largest |score|: both scores of a margin are rounded to the
   * type (2uX), their difference is at most 2X and is rounded (2uX), 1 is added and the sum rounded
   * (u(2X + 1)). That is e = u(6X + 1) for a margin of at most 2X + 1. Squared it errs by 2e(2X +
   * 1) and a rounding, its slope by 2e. A sum of n terms of one sign errs by all of theirs and at
   * most 37 roundings a level of chunks, two levels here. The numbers compared with err no more;
   * the factors below are doubled for that.
   */
  public record OfHinge(boolean squared, double unit, int classes, double most)
      implements LossTolerance {
    private double margin() {
      return unit * (6 * most + 1);
    }

    @Override
    public double loss(double loss) {
      double each = squared ? 2 * margin() * (2 * most + 1) : margin();
      return 2 * (classes * each + 76 * unit * loss);
    }

    @Override
    public double gradient(double g, boolean label, double scale) {
      double each = squared ? 2 * margin() : 0; // a slope of 1 is exact
      return 2 * scale * ((label ? classes : 1) * each + 80 * unit * Math.abs(g));
    }

    /**
     * A class adds 2 (u_j - u_y): of at most 4U, with the direction's own rounding and the
     * difference's. Nothing else is rounded but the sum and the product with the scale, and the
     * scale. No margin is so near 0 that its sign is in doubt.
     */
    @Override
    public double hessian(double diagonal, boolean label, double largest, double scale) {
      return 2 * scale * (label ? classes : 1) * 4 * largest * unit * (2 + (label ? 76 : 0) + 2);
    }
  }
}
