package org.thalweg.oracle;

/** Softmax cross-entropy of one row. */
public final class SoftmaxOracle implements LossOracle {
  private final double[] probabilities;
  private final double loss;
  private final int label;

  public SoftmaxOracle(double[] scores, int label) {
    double max = Double.NEGATIVE_INFINITY;
    for (double score : scores) {
      max = Math.max(max, score);
    }
    double sum = 0;
    for (double score : scores) {
      sum += Math.exp(score - max);
    }
    probabilities = new double[scores.length];
    for (int j = 0; j < scores.length; j++) {
      probabilities[j] = Math.exp(scores[j] - max) / sum;
    }
    loss = Math.log(sum) - (scores[label] - max);
    this.label = label;
  }

  /** {@code -log softmax(scores)[label]}. */
  @Override
  public double loss() {
    return loss;
  }

  /** {@code dloss / dscores[j]}. */
  @Override
  public double gradient(int j) {
    return probabilities[j] - (j == label ? 1 : 0);
  }

  @Override
  public double hessian(int j, int k) {
    return (j == k ? probabilities[j] : 0) - probabilities[j] * probabilities[k];
  }
}
