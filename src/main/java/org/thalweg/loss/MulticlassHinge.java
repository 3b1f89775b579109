package org.thalweg.loss;

import java.util.List;
import org.thalweg.numeric.Exact;

/**
 * A multiclass hinge in the manner of Weston and Watkins (1999): with margins {@code m_j = max(0,
 * x_j - x_y + 1)}, the loss is the sum over j != y of a function of the margin; {@code D_j =
 * slope(m_j) * scale}, where the slope is the derivative of that function, and {@code D_y} is minus
 * the sum of the others. A NaN margin stays NaN. The kernels do the same with a functor of {@code
 * kernels/rows.cuh}.
 *
 * <p>Order: losses and slopes of all classes, 0 for the label's own, are canonical sums.
 *
 * <p>The Hessian times u is {@code curve(m_j, u_j - u_y) * scale} where the margin is positive,
 * else 0, at the kink too; and for the label minus the canonical sum of the others.
 */
interface MulticlassHinge extends Loss, MulticlassHinge64 {
  /**
   * The loss of a margin of at least 0; NaN gives NaN.
   *
   * @param c its {@link #numbers}
   */
  float loss(float margin, float[] c);

  /** The derivative of {@link #loss}, 0 at 0; NaN gives NaN. */
  float slope(float margin, float[] c);

  /** Its second derivative at a positive margin, times a direction. */
  float curve(float margin, float direction, float[] c);

  @Override
  default List<Double> kinks() {
    return List.of(0.0);
  }

  @Override
  default float row(float[] x, int label, float scale, float[] c) {
    float labelScore = label >= 0 && label < x.length ? x[label] : Float.NaN;
    float[] losses = new float[x.length];
    for (int j = 0; j < x.length; j++) {
      float margin = x[j] - labelScore + 1;
      float positive = j == label || margin <= 0 ? 0 : margin;
      losses[j] = loss(positive, c);
      x[j] = slope(positive, c);
    }
    // With a single class no margin carries a NaN score of the label.
    float spoiled = Float.isNaN(labelScore) ? labelScore : 0;
    float others = Exact.sum(x, 0, x.length) + spoiled;
    for (int j = 0; j < x.length; j++) {
      x[j] = (j == label ? -others : x[j]) * scale;
    }
    return Exact.sum(losses, 0, x.length) + spoiled;
  }

  @Override
  default void hessianRow(float[] x, int label, float scale, float[] c, float[] u) {
    boolean valid = label >= 0 && label < x.length;
    float labelScore = valid ? x[label] : Float.NaN;
    float labelDirection = valid ? u[label] : Float.NaN;
    for (int j = 0; j < x.length; j++) {
      float margin = x[j] - labelScore + 1;
      float positive = j == label || margin <= 0 ? 0 : margin;
      u[j] = positive > 0 ? curve(positive, u[j] - labelDirection, c) : positive;
    }
    // With a single class no margin carries a NaN score of the label.
    float spoiled = Float.isNaN(labelScore) ? labelScore : 0;
    float others = Exact.sum(u, 0, x.length) + spoiled;
    for (int j = 0; j < x.length; j++) {
      u[j] = (j == label ? -others : u[j]) * scale;
    }
  }
}
