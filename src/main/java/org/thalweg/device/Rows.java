package org.thalweg.device;

/**
 * A data set on a device, kept as bytes and scaled when it is gathered.
 *
 * @param pixels the features, U8, row-major [rows × features]
 * @param labels the class of each row, I32
 * @param features how many to a row
 * @param scale what a byte is multiplied by
 */
public record Rows(Array pixels, Array labels, int features, double scale) {
  /** Checks sizes and types. */
  public Rows {
    Checks.type("pixels", pixels, ElementType.U8);
    Checks.type("labels", labels, ElementType.I32);
    Checks.count("pixels", pixels, labels.count() * features);
  }
}
