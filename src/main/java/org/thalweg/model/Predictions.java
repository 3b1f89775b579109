package org.thalweg.model;

/**
 * The scores of some rows.
 *
 * @param scores row-major [rows × classes]
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Predictions(double[] scores, int classes) {
  /** How many rows. */
  public int rows() {
    return scores.length / classes;
  }

  /** The class with the largest score of a row, the first of several. */
  public int best(int row) {
    int best = 0;
    for (int j = 1; j < classes; j++) {
      if (score(row, j) > score(row, best)) {
        best = j;
      }
    }
    return best;
  }

  /** How many classes come before this one in a row: of equal scores the first comes first. */
  public int place(int row, int label) {
    int before = 0;
    for (int j = 0; j < classes; j++) {
      double other = score(row, j);
      if (other > score(row, label) || (other == score(row, label) && j < label)) {
        before++;
      }
    }
    return before;
  }

  /** The score of a class. */
  public double score(int row, int label) {
    return scores[row * classes + label];
  }

  /** The probability of a class: softmax, in binary64. */
  public double probability(int row, int label) {
    double largest = score(row, best(row));
    double sum = 0;
    for (int j = 0; j < classes; j++) {
      sum += StrictMath.exp(score(row, j) - largest);
    }
    return StrictMath.exp(score(row, label) - largest) / sum;
  }
}
