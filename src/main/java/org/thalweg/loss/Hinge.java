package org.thalweg.loss;

import org.thalweg.device.Exact;

/**
 * Multiclass hinge (Weston and Watkins, 1999): with margins {@code m_j = x_j - x_y + 1}, {@code loss = sum over j != y
 * of max(0, m_j)}, or of its square. {@code D_j = slope(m_j) * scale}, where the slope of a positive margin is 1 (2 m_j
 * squared) and of others 0, at the kink too; {@code D_y} is minus the sum of the others. A NaN margin stays NaN.
 *
 * <p>Order: losses and slopes of all classes, 0 for the label's own, are canonical sums.
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
}
