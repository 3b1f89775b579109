package org.thalweg.device;

import org.thalweg.loss.Hinge;
import org.thalweg.loss.Loss;

/** How far rounding may take a loss and its gradient from the exact values. */
interface LossTolerance {
  /** Of a loss of that size. */
  double loss(double loss);

  /** Of the gradient {@code g * scale} with respect to one score, the label's or another's. */
  double gradient(double g, boolean label, double scale);

  /** For scores of at most {@code most} in magnitude. */
  static LossTolerance of(Loss loss, ElementType type, int classes, double most) {
    return loss instanceof Hinge hinge
        ? new OfHinge(hinge.squared(), Roundoff.unit(type), classes, most)
        : new OfSoftmax(type, SoftmaxTolerance.sum(type, classes, most), most);
  }

  /** See {@link SoftmaxTolerance}. */
  record OfSoftmax(ElementType type, double sum, double most) implements LossTolerance {
    @Override
    public double loss(double loss) {
      return SoftmaxTolerance.loss(type, sum, most);
    }

    @Override
    public double gradient(double g, boolean label, double scale) {
      return SoftmaxTolerance.gradient(type, sum, g + (label ? 1 : 0), g, scale);
    }
  }

  /**
   * With u the unit roundoff and X the largest |score|: both scores of a margin are rounded to the type (2uX), their
   * difference is at most 2X and is rounded (2uX), 1 is added and the sum rounded (u(2X + 1)). That is e = u(6X + 1) for
   * a margin of at most 2X + 1. Squared it errs by 2e(2X + 1) and a rounding, its slope by 2e. A sum of n terms of one
   * sign errs by all of theirs and at most 37 roundings a level of chunks, two levels here. The numbers compared with err
   * no more; the factors below are doubled for that.
   */
  record OfHinge(boolean squared, double unit, int classes, double most) implements LossTolerance {
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
  }
}
