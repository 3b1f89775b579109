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

  /** Each positive margin to the power of 2 has slope 1 in its own score and -1 in the label's. */
  @Override
  public double hessian(int j, int k) {
    double sum = 0;
    for (int other = 0; other < scores.length; other++) {
      if (power == 2 && other != label && margin(other) > 0) {
        int inJ = j == other ? 1 : j == label ? -1 : 0;
        int inK = k == other ? 1 : k == label ? -1 : 0;
        sum += 2 * inJ * inK;
      }
    }
    return sum;
  }
}
