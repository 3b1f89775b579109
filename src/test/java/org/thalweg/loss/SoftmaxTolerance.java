package org.thalweg.loss;

import org.thalweg.device.Roundoff;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * How far rounding may take softmax cross-entropy from the exact values. With u the unit roundoff
 * and X the largest |score|:
 *
 * <p>x - M errs by u*2X for each of x and M when the scores are rounded to the type (together 2uX),
 * and once more (2uX) in the subtraction: that is the relative error of exp, which adds 2u of its
 * own (below 0.9 ulp). A sum of n terms of one sign goes through at most 37 additions a level and,
 * beyond one chunk, a product with another exp (4uX + 3u). The numbers compared with err no more
 * than that in their own type. Second orders are covered by doubling.
 */
final class SoftmaxTolerance {
  private SoftmaxTolerance() {}

  /** The relative error of S = sum exp(x_j - M), and at once that of a term exp(x_j - M). */
  static double sum(ElementType type, int classes, double most) {
    int levels = classes > Exact.CHUNK ? 2 : 1;
    return 2 * Roundoff.unit(type) * (levels * (37 + 4 * most + 3) + 2);
  }

  /**
   * {@code log S - (x_y - M)}: S's relative error is log S's absolute one; then rounding of each
   * part.
   */
  static double loss(ElementType type, double sum, double most) {
    return sum + Roundoff.unit(type) * 2 * (4 * most + 3 * 20);
  }

  /**
   * {@code g * scale} with {@code g = p - [j = y]}: p errs as a term and as S do, and by the
   * division; then there are the subtraction, the scale's own rounding and the product, and one
   * more in the number compared with.
   */
  static double gradient(ElementType type, double sum, double p, double g, double scale) {
    double unit = Roundoff.unit(type);
    return scale * (p * (2 * sum + unit) + 4 * unit * Math.abs(g));
  }
}
