package org.thalweg.model;

import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.numeric.ElementType;

/**
 * Scores rows as they were read, with the same bits as in training.
 *
 * @param description how the rows are scaled
 */
public record Predictor(LinearClassifier model, Description description) {
  /** Rows that are scored together; the scores do not depend on it. */
  private static final int MOST = 512;

  /**
   * The scores of some rows.
   *
   * @param values row-major [rows × features]
   * @throws IllegalArgumentException if the values are not whole rows
   */
  public Predictions predict(Dataset.Values values) {
    int features = model.features();
    int classes = model.classes();
    if (values.count() % features != 0) {
      throw new IllegalArgumentException(
          "%d values are no rows of %d features".formatted(values.count(), features));
    }
    int rows = Math.toIntExact(values.count() / features);
    int most = Math.min(rows, MOST);
    double[] all = new double[Math.multiplyExact(rows, classes)];
    Device device = model.device();
    ElementType type = model.type();
    StoredRows.Room room = new StoredRows.Room(most, 0);
    Scaling scaling = description.scaling();
    try (StoredRows kept = StoredRows.open(device, values, features, room, type, scaling);
        RowGather gather = new RowGather(device, kept, type, features, most, scaling);
        Array scores = device.allocate(type, (long) most * classes)) {
      for (int from = 0; from < rows; from += MOST) {
        int n = Math.min(MOST, rows - from);
        Array someScores = scores.slice(0, (long) n * classes);
        kept.send(from, n, 0, device::upload);
        gather.move(0, n);
        model.scores(n, gather.at(0, n), someScores);
        System.arraycopy(device.download(someScores), 0, all, from * classes, n * classes);
      }
    }
    return new Predictions(all, classes);
  }
}
