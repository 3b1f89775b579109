package org.thalweg.device;

import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;

/**
 * A data set on a device, stored as it was read and scaled when it is gathered: {@code x = scale *
 * value}, or where there is a shift {@code x = fma(value, scale, shift)}.
 *
 * @param values the features, U8, F32, or for F64 minibatches F64, row-major [rows × features]
 * @param labels the class of each row, I32
 * @param features how many to a row
 * @param scale what a value is multiplied by
 * @param shift of each feature, in the minibatch's type; null for none
 */
public record Rows(Array values, Array labels, int features, double scale, @Nullable Array shift) {
  /** Checks sizes and types. */
  public Rows {
    if (values.type() != ElementType.U8 && values.type() != ElementType.F64) {
      Checks.type("values that are neither bytes nor binary64", values, ElementType.F32);
    }
    Checks.type("labels", labels, ElementType.I32);
    Checks.count("values", values, labels.count() * features);
    if (shift != null) {
      Checks.count("shift", shift, features);
    }
  }

  /** Without a shift. */
  public Rows(Array values, Array labels, int features, double scale) {
    this(values, labels, features, scale, null);
  }
}
