package org.thalweg.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.data.SparseRows;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.numeric.ElementType;

/**
 * Rows of {@link StoredRows} as a model takes them, outside of recorded steps: with the same bits
 * as in training. Those that are {@linkplain StoredRows#usable usable} stay where they are.
 */
public final class RowGather implements AutoCloseable {
  private final Device device;
  private final StoredRows stored;
  private final int features;
  private final double scale;
  private final @Nullable Array affine;
  private final Array order;
  private final Array labels;
  private final Array numbers;
  private final Steps steps;
  private final Owned owned;
  private int first; // the place of the rows that were gathered last

  /**
   * Allocates its arrays, which take {@link #bytes}.
   *
   * @param type of the numbers that a model takes
   * @param most rows at once
   */
  public RowGather(
      Device device, StoredRows stored, ElementType type, int features, int most, Scaling scaling) {
    this.device = device;
    this.stored = stored;
    this.features = features;
    this.scale = scaling.scale();
    int room = stored.usable() ? 0 : most;
    try (Owned opening = new Owned()) {
      order = opening.add(device.of(IntStream.range(0, room).toArray()));
      labels = opening.add(device.allocate(ElementType.I32, room));
      numbers = opening.add(device.allocate(type, (long) room * features));
      steps = opening.add(new Steps(device, type, 1, 1, 1)); // its one cell, the first row, stays 0
      Array own = scaling.on(device, type);
      affine = own == null ? null : opening.add(own);
      owned = opening.keep();
    }
    steps.start();
  }

  /** Bytes that it takes on the device, at most: with means. */
  public static long bytes(Dataset.Values values, ElementType type, int features, int most) {
    if (values instanceof SparseRows) {
      return Steps.bytes(1, 1, 1);
    }
    return most * (2L * ElementType.I32.bytes() + (long) features * type.bytes())
        + Steps.bytes(1, 1, 1)
        + Scaling.bytes(type, features);
  }

  /** Gathers the n rows from a place on. */
  public void move(int place, int n) {
    first = place;
    if (!stored.usable()) {
      Array none = labels.slice(0, n);
      Rows rows = new Rows(stored.at(place, n).gathered(), none, features, scale, affine);
      device.gather(rows, order, steps, 0, numbers.slice(0, (long) n * features), none);
    }
  }

  /** The n rows from a place on, which are among those that were gathered last. */
  public Features at(int place, int n) {
    return stored.usable()
        ? stored.at(place, n)
        : new Features.Dense(numbers.slice((long) (place - first) * features, (long) n * features));
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
