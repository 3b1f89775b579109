package org.thalweg.model;

import java.util.stream.IntStream;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * The scores of some rows.
 *
 * @param scores row-major [rows × classes]
 * @param type what they were computed in
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Predictions(double[] scores, int classes, ElementType type) {
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

  /** The share of the rows whose label has the largest score. */
  public double accuracy(int[] labels) {
    return (double) IntStream.range(0, rows()).filter(row -> best(row) == labels[row]).count()
        / rows();
  }

  /** The mean loss of the rows, each as the device computes it, summed in the canonical order. */
  public double loss(Loss loss, int[] labels) {
    double[] losses = new double[rows()];
    float[] floats = new float[classes];
    double[] doubles = new double[classes];
    double[] c = loss.numbers(type, classes);
    float[] numbers = {(float) c[0], (float) c[1]};
    for (int row = 0; row < losses.length; row++) {
      for (int j = 0; j < classes; j++) {
        doubles[j] = score(row, j);
        floats[j] = (float) doubles[j];
      }
      losses[row] =
          type == ElementType.F32
              ? loss.row(floats, labels[row], 1, numbers)
              : loss.row(doubles, labels[row], 1, c);
    }
    return Exact.sum(losses, 0, losses.length) / losses.length;
  }
}
