package org.thalweg.loss;

import java.util.List;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * A multiclass hinge without the kink: the loss of a margin m is {@code m^2 / (2*width)} below the
 * width, {@code m - width/2} from there on; its slope rises from 0 to 1 in between. (Rennie and
 * Srebro, IJCAI workshop 2005, with a width of 1; Shalev-Shwartz and Zhang, JMLR 14, 2013, section
 * 6, with any.) For the order see {@link MulticlassHinge}.
 *
 * <p>With all weights 0 every margin is 1: for a width of 2, the default, that is the middle of the
 * quadratic part; for a width of 1 it is where the second derivative jumps.
 *
 * <p>Number: the width rounded, {@code w}. Sequence: {@code m*(m/w)/2} with slope {@code m/w} where
 * {@code m < w}, else {@code m - w/2} with slope 1. The second derivative times u is {@code u/w}
 * where {@code m < w}, else 0.
 *
 * @param width the largest margin of the quadratic part, above 0
 */
public record SmoothHinge(double width) implements MulticlassHinge, SmoothHinge64 {
  /** Checks the width. */
  public SmoothHinge {
    Require.that(
        width > 0 && width < Double.POSITIVE_INFINITY,
        "width must be finite and above 0: %s",
        width);
  }

  @Override
  public String name() {
    return "smooth-hinge";
  }

  @Override
  public String formula() {
    return "sum over j != y of h(max(0, x_j - x_y + 1)), h(m) = m^2/(2*width) if m < width, else"
        + " m - width/2";
  }

  @Override
  public double[] numbers(ElementType type, int classes) {
    return new double[] {type.round(width), 0};
  }

  @Override
  public float loss(float margin, float[] c) {
    float w = c[0];
    return margin < w ? margin * (margin / w) / 2 : margin - w / 2;
  }

  @Override
  public float slope(float margin, float[] c) {
    float w = c[0];
    return margin < w ? margin / w : margin > 0 ? 1 : margin;
  }

  @Override
  public boolean twiceDifferentiable() {
    return true;
  }

  @Override
  public float curve(float margin, float direction, float[] c) {
    float w = c[0];
    return margin < w ? direction / w : 0;
  }

  @Override
  public List<Double> kinks() {
    return List.of(0.0, width);
  }
}
