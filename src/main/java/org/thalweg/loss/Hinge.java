package org.thalweg.loss;

/**
 * The multiclass hinge of Weston and Watkins (1999), or its square: {@code sum over j != y of
 * max(0, x_j - x_y + 1)}, or of each term squared. The slope of a positive margin m is 1 (2 m
 * squared). For the order see {@link MulticlassHinge}.
 *
 * <p>The squared hinge is piecewise quadratic, with a second derivative of 2. That of the hinge is
 * 0 wherever it exists, and is not provided.
 *
 * @param squared whether the margins are squared
 */
public record Hinge(boolean squared) implements MulticlassHinge, Hinge64 {
  @Override
  public String name() {
    return squared ? "squared-hinge" : "hinge";
  }

  @Override
  public String formula() {
    return "sum over j != y of max(0, x_j - x_y + 1)" + (squared ? "^2" : "");
  }

  @Override
  public float loss(float margin, float[] c) {
    return squared() ? margin * margin : margin;
  }

  @Override
  public float slope(float margin, float[] c) {
    return squared() ? 2 * margin : margin > 0 ? 1 : margin;
  }

  @Override
  public boolean twiceDifferentiable() {
    return squared;
  }

  @Override
  public float curve(float margin, float direction, float[] c) {
    return squared() ? 2 * direction : 0;
  }
}
