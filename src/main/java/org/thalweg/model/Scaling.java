package org.thalweg.model;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.numeric.ElementType;

/**
 * How the values of a row become the numbers that a model takes: {@code (scale * value - mean) /
 * deviation}. Mean and deviation of each feature are those of the training rows. A device computes
 * it as one {@code fma(value, factor, added)}, with factor and added rounded once.
 *
 * @param scale of all values
 * @param means of the scaled features; null for none
 * @param deviations of the scaled features, above 0; null for none. Only with means
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Scaling(double scale, double @Nullable [] means, double @Nullable [] deviations) {
  /** Checks that each deviation has its mean, and is above 0. */
  public Scaling {
    if (deviations != null) {
      if (means == null || means.length != deviations.length) {
        throw new IllegalArgumentException("deviations without means");
      }
      for (double deviation : deviations) {
        if (!(deviation > 0 && deviation < Double.POSITIVE_INFINITY)) {
          throw new IllegalArgumentException(
              "a deviation must be finite and above 0: " + deviation);
        }
      }
    }
  }

  /** Without means and deviations. */
  public static Scaling of(double scale) {
    return new Scaling(scale, null, null);
  }

  /**
   * The factor of each feature, and behind them what is added to each, as {@link
   * org.thalweg.device.Rows} takes them; null where there are no means.
   *
   * @param type of the minibatch: F32 or F64
   */
  public @Nullable Array on(Device device, ElementType type) {
    double[] own = means;
    if (own == null) {
      return null;
    }
    double[] by = deviations;
    return device.of(
        type,
        IntStream.range(0, 2 * own.length)
            .mapToDouble(
                i -> {
                  int feature = i % own.length;
                  double deviation = by == null ? 1 : by[feature];
                  return (i < own.length ? scale : -own[feature]) / deviation;
                })
            .toArray());
  }

  /** Bytes that it takes on a device, with means. */
  public static long bytes(ElementType type, int features) {
    return 2L * features * type.bytes();
  }
}
