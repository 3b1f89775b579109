package org.thalweg.loss;

import org.thalweg.numeric.Exact;

/**
 * Multiclass hinge (Weston and Watkins, 1999): with margins {@code m_j = x_j - x_y + 1}, {@code
 * loss = sum over j != y of max(0, m_j)}, or of its square. {@code D_j = slope(m_j) * scale}, where
 * the slope of a positive margin is 1 (2 m_j squared) and of others 0, at the kink too; {@code D_y}
 * is minus the sum of the others. A NaN margin stays NaN.
 *
 * <p>Order: losses and slopes of all classes, 0 for the label's own, are canonical sums.
 *
 * <p>Squared, it is piecewise quadratic: its Hessian times u is {@code 2 (u_j - u_y) * scale} where
 * the margin is positive, else 0, at the kink too; and for the label minus the sum of the others.
 * Not squared, its second derivative is 0 wherever there is one, which is of no use to anybody.
 *
 * @param squared whether the margins are squared
 */
public record Hinge(boolean squared) implements Loss {
  @Override
  public String kernel() {
    return squared ? "squared_hinge" : "hinge";
  }

  @Override
  public float row(float[] x, int at, int classes, int label, float scale, float[] d, int dAt) {
    float labelScore = label >= 0 && label < classes ? x[at + label] : Float.NaN;
    float[] losses = new float[classes];
    float[] slopes = new float[classes];
    for (int j = 0; j < classes; j++) {
      float margin = x[at + j] - labelScore + 1;
      float positive = j == label || margin <= 0 ? 0 : margin;
      losses[j] = squared ? positive * positive : positive;
      slopes[j] = squared ? 2 * positive : positive > 0 ? 1 : positive;
    }
    // A NaN score of the label is in no margin where there is one class only.
    float spoiled = Float.isNaN(labelScore) ? labelScore : 0;
    float slope = Exact.sum(slopes, 0, classes) + spoiled;
    for (int j = 0; j < classes; j++) {
      d[dAt + j] = (j == label ? -slope : slopes[j]) * scale;
    }
    return Exact.sum(losses, 0, classes) + spoiled;
  }

  @Override
  public double row(double[] x, int at, int classes, int label, double scale, double[] d, int dAt) {
    double labelScore = label >= 0 && label < classes ? x[at + label] : Double.NaN;
    double[] losses = new double[classes];
    double[] slopes = new double[classes];
    for (int j = 0; j < classes; j++) {
      double margin = x[at + j] - labelScore + 1;
      double positive = j == label || margin <= 0 ? 0 : margin;
      losses[j] = squared ? positive * positive : positive;
      slopes[j] = squared ? 2 * positive : positive > 0 ? 1 : positive;
    }
    // A NaN score of the label is in no margin where there is one class only.
    double spoiled = Double.isNaN(labelScore) ? labelScore : 0;
    double slope = Exact.sum(slopes, 0, classes) + spoiled;
    for (int j = 0; j < classes; j++) {
      d[dAt + j] = (j == label ? -slope : slopes[j]) * scale;
    }
    return Exact.sum(losses, 0, classes) + spoiled;
  }

  @Override
  public boolean twiceDifferentiable() {
    return squared;
  }

  @Override
  public void hessianRow(
      float[] x,
      int at,
      int classes,
      int label,
      float scale,
      float[] u,
      int uAt,
      float[] r,
      int rAt) {
    if (!squared) {
      Loss.super.hessianRow(x, at, classes, label, scale, u, uAt, r, rAt); // refuses
    }
    boolean valid = label >= 0 && label < classes;
    float labelScore = valid ? x[at + label] : Float.NaN;
    float labelDirection = valid ? u[uAt + label] : Float.NaN;
    float[] curves = new float[classes];
    for (int j = 0; j < classes; j++) {
      float margin = x[at + j] - labelScore + 1;
      curves[j] =
          j == label || margin <= 0 ? 0 : margin > 0 ? 2 * (u[uAt + j] - labelDirection) : margin;
    }
    // A NaN score of the label is in no margin where there is one class only.
    float spoiled = Float.isNaN(labelScore) ? labelScore : 0;
    float others = Exact.sum(curves, 0, classes) + spoiled;
    for (int j = 0; j < classes; j++) {
      r[rAt + j] = (j == label ? -others : curves[j]) * scale;
    }
  }

  @Override
  public void hessianRow(
      double[] x,
      int at,
      int classes,
      int label,
      double scale,
      double[] u,
      int uAt,
      double[] r,
      int rAt) {
    if (!squared) {
      Loss.super.hessianRow(x, at, classes, label, scale, u, uAt, r, rAt); // refuses
    }
    boolean valid = label >= 0 && label < classes;
    double labelScore = valid ? x[at + label] : Double.NaN;
    double labelDirection = valid ? u[uAt + label] : Double.NaN;
    double[] curves = new double[classes];
    for (int j = 0; j < classes; j++) {
      double margin = x[at + j] - labelScore + 1;
      curves[j] =
          j == label || margin <= 0 ? 0 : margin > 0 ? 2 * (u[uAt + j] - labelDirection) : margin;
    }
    // A NaN score of the label is in no margin where there is one class only.
    double spoiled = Double.isNaN(labelScore) ? labelScore : 0;
    double others = Exact.sum(curves, 0, classes) + spoiled;
    for (int j = 0; j < classes; j++) {
      r[rAt + j] = (j == label ? -others : curves[j]) * scale;
    }
  }
}
