package org.thalweg.data;

import java.util.Arrays;
import java.util.List;
import org.thalweg.data.CsvOptions.Missing;

/**
 * What takes the place of missing numbers, which are NaN: the mean of the column in the training
 * rows.
 *
 * @param schema the columns with their means
 * @param means of each feature; NaN where it takes none
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
record Gaps(Schema schema, double[] means) {
  /**
   * Finds the means. Columns that a model knows have theirs already.
   *
   * @param name of the file, for messages
   * @throws DataException if a column has no number in these rows
   */
  static Gaps of(String name, Dataset train, Columns columns) {
    Schema schema = columns.schema();
    double[] means = new double[train.features()];
    Arrays.fill(means, Double.NaN);
    boolean asked = schema.missing() == Missing.MEAN;
    if (!asked || schema.inputs().stream().anyMatch(input -> input.fill() != null)) {
      return new Gaps(schema, means);
    }
    List<Schema.Input> features = schema.features();
    for (int i = 0; i < means.length; i++) {
      if (features.get(i).categories() == null) {
        means[i] = mean(train, i);
        if (Double.isNaN(means[i])) {
          throw new DataException(
              "%s: %s has no value in a training row; leave it out with --ignore"
                  .formatted(name, features.get(i).text()));
        }
      }
    }
    return new Gaps(schema.withFills(means), means);
  }

  private static double mean(Dataset rows, int feature) {
    double sum = 0;
    int n = 0;
    for (int row = 0; row < rows.rows(); row++) {
      double value = rows.values().value((long) row * rows.features() + feature);
      if (!Double.isNaN(value)) {
        sum += value;
        n++;
      }
    }
    double mean = sum / n;
    return rows.values() instanceof Dataset.Doubles ? mean : (float) mean;
  }

  /** The rows without gaps. */
  Dataset fill(Dataset rows) {
    if (rows.values() instanceof Dataset.Floats floats) {
      for (int i = 0; i < floats.numbers().length; i++) {
        if (Float.isNaN(floats.numbers()[i])) {
          floats.numbers()[i] = (float) means[i % means.length];
        }
      }
    } else if (rows.values() instanceof Dataset.Doubles doubles) {
      for (int i = 0; i < doubles.numbers().length; i++) {
        if (Double.isNaN(doubles.numbers()[i])) {
          doubles.numbers()[i] = means[i % means.length];
        }
      }
    }
    return rows; // bytes have no gaps
  }
}
