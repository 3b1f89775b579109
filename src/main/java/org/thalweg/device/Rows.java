package org.thalweg.device;

import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;

/**
 * A data set on a device, stored as it was read and scaled when it is gathered: {@code x = scale *
 * value}, or where each feature has its own numbers {@code x = fma(value, factor, added)}.
 *
 * @param values the features, U8, F16, BF16, F32, or for F64 minibatches F64, row-major [rows ×
 *     features]
 * @param labels the class of each row, I32
 * @param features how many to a row
 * @param scale what a value is multiplied by
 * @param affine the factor of each feature, and behind them what is added to each, [2 × features]
 *     in the minibatch's type; null for none
 */
public record Rows(Array values, Array labels, int features, double scale, @Nullable Array affine) {
  /** Checks sizes and types. */
  public Rows {
    switch (values.type()) {
      case U8, F16, BF16, F32, F64 -> {}
      case I32, CELL ->
          throw new IllegalArgumentException(
              "values must be U8, F16, BF16, F32 or F64, not " + values.type());
    }
    Checks.type("labels", labels, ElementType.I32);
    Checks.count("values", values, labels.count() * features);
    if (affine != null) {
      Checks.count("factors and what is added", affine, 2L * features);
    }
  }

  /** All features by one scale. */
  public Rows(Array values, Array labels, int features, double scale) {
    this(values, labels, features, scale, null);
  }
}
