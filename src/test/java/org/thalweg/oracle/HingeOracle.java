package org.thalweg.oracle;

/** Multiclass hinge of one row: the positive margins of the wrong classes to some power, summed. */
public final class HingeOracle implements LossOracle {
  private final double[] scores;
  private final int label;
  private final int power;

  public HingeOracle(double[] scores, int label, int power) {
    this.scores = scores;
    this.label = label;
    this.power = power;
  }

  private double margin(int j) {
    return Math.max(0, scores[j] - scores[label] + 1);
  }

  @Override
  public double loss() {
    double sum = 0;
    for (int j = 0; j < scores.length; j++) {
      sum += j == label ? 0 : Math.pow(margin(j), power);
    }
    return sum;
  }

  @Override
  public double gradient(int j) {
    if (j != label) {
      return margin(j) > 0 ? power * Math.pow(margin(j), power - 1) : 0;
    }
    double sum = 0;
    for (int other = 0; other < scores.length; other++) {
      sum -= other == label ? 0 : gradient(other);
    }
    return sum;
  }

  /**
   * Of the square of each positive margin {@code x_j - x_label + 1}: 2, and -2 between the two
   * scores in it.
   */
  @Override
  public double hessian(int j, int k) {
    if (power == 1) {
      return 0;
    }
    if (j == label && k == label) {
      double sum = 0;
      for (int other = 0; other < scores.length; other++) {
        sum += other != label && margin(other) > 0 ? 2 : 0;
      }
      return sum;
    }
    int other = j == label ? k : j;
    boolean together = j == k || j == label || k == label;
    return !together || margin(other) == 0 ? 0 : j == k ? 2 : -2;
  }
}
