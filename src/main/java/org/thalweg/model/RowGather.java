package org.thalweg.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.numeric.ElementType;

/**
 * Scales the rows of a data set for a model, outside of recorded steps, by {@link Device#gather}:
 * with the same bits as in training.
 */
public final class RowGather implements AutoCloseable {
  /** Values that are sent at once. */
  private static final int UPLOAD = 1 << 22;

  private final Device device;
  private final int features;
  private final double scale;
  private final @Nullable Array affine;
  private final Array order;
  private final Array labels;
  private final Steps steps;
  private final Owned owned;

  /**
   * Allocates its arrays, which take {@link #bytes}.
   *
   * @param type of the numbers that a model takes
   * @param most rows at once
   */
  public RowGather(Device device, ElementType type, int features, int most, Scaling scaling) {
    this.device = device;
    this.features = features;
    this.scale = scaling.scale();
    try (Owned opening = new Owned()) {
      order = opening.add(device.of(IntStream.range(0, most).toArray()));
      labels = opening.add(device.allocate(ElementType.I32, most));
      steps = opening.add(new Steps(device, type, 1, 1, 1)); // its one cell, the first row, stays 0
      Array own = scaling.on(device, type);
      affine = own == null ? null : opening.add(own);
      owned = opening.keep();
    }
    steps.start();
  }

  /** Bytes that it takes on the device, with means. */
  public static long bytes(ElementType type, int features, int most) {
    return 2L * ElementType.I32.bytes() * most
        + Steps.bytes(1, 1, 1)
        + Scaling.bytes(type, features);
  }

  /**
   * Gathers rows.
   *
   * @param values [rows × features], of a type that {@link Rows} takes
   * @param x receives as many numbers
   */
  public void run(Array values, Array x) {
    Array none = labels.slice(0, values.count() / features);
    device.gather(new Rows(values, none, features, scale, affine), order, steps, 0, x, none);
  }

  /** Sends all the values to the beginning of an array, some rows at a time. */
  public static void upload(Device device, Dataset.Values values, int features, Array to) {
    int rows = (int) (values.count() / Math.max(1, features));
    upload(values, features, 0, rows, device::upload, to);
  }

  /**
   * Sends the values of n rows to the beginning of an array, some rows at a time.
   *
   * @param first of the rows
   * @param upload sends a part: {@link Device#upload(Array, ByteBuffer)} or {@link
   *     Device#uploadBeside}
   */
  public static void upload(
      Dataset.Values values,
      int features,
      int first,
      int n,
      BiConsumer<Array, ByteBuffer> upload,
      Array to) {
    int most = Math.max(1, UPLOAD / Math.max(1, features));
    for (int from = 0; from < n; from += most) {
      int[] some = IntStream.range(first + from, first + Math.min(from + most, n)).toArray();
      long count = (long) some.length * features;
      Dataset.Values part = count == values.count() ? values : values.select(some, features);
      upload.accept(to.slice((long) from * features, count), bytes(part));
    }
  }

  /** The values as {@link Device#upload} takes them. */
  public static ByteBuffer bytes(Dataset.Values values) {
    if (values instanceof Dataset.Bytes bytes) {
      return ByteBuffer.wrap(bytes.pixels());
    }
    int count = Math.toIntExact(Math.multiplyExact(values.count(), values.type().bytes()));
    ByteBuffer to = ByteBuffer.allocateDirect(count);
    values.put(to.order(ByteOrder.LITTLE_ENDIAN));
    return to.flip();
  }

  @Override
  public void close() {
    owned.close();
  }
}
