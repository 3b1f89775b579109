package org.thalweg.data;

import java.util.Arrays;

/**
 * Labelled rows of bytes.
 *
 * @param pixels the features, row-major [rows × features], each 0 to 255
 * @param labels the class of each row, 0 to classes - 1
 * @param features how many to a row
 * @param classes how many there are
 * @param scale what a byte is multiplied by before it is used
 */
@SuppressWarnings("ArrayRecordComponent") // large, and handed on, never compared
public record Dataset(byte[] pixels, int[] labels, int features, int classes, double scale) {
  /** Checks sizes and labels. */
  public Dataset {
    if (pixels.length != (long) labels.length * features) {
      throw new IllegalArgumentException(
          "%d rows of %d features are not %d bytes"
              .formatted(labels.length, features, pixels.length));
    }
    for (int row = 0; row < labels.length; row++) {
      if (labels[row] < 0 || labels[row] >= classes) {
        throw new IllegalArgumentException(
            "row %d: label must be 0 to %d, not %d".formatted(row, classes - 1, labels[row]));
      }
    }
  }

  /** How many rows. */
  public int rows() {
    return labels.length;
  }

  /** Rows to train on and rows to test with. */
  public record Split(Dataset train, Dataset test) {}

  /** The rows before {@code row} for training, the others for testing. */
  public Split splitAt(int row) {
    return new Split(slice(0, row), slice(row, rows()));
  }

  private Dataset slice(int from, int to) {
    return new Dataset(
        Arrays.copyOfRange(pixels, from * features, to * features),
        Arrays.copyOfRange(labels, from, to),
        features,
        classes,
        scale);
  }
}
