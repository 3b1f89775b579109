package org.thalweg.model;

import java.nio.ByteBuffer;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.data.SparseRows;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Steps;
import org.thalweg.numeric.ElementType;

/**
 * Rows of a data set on a device, as they are stored there: all of them, or those that are needed
 * next. Rows that are sent while others are used have a half of the room each.
 */
public abstract sealed class StoredRows implements AutoCloseable
    permits DenseStoredRows, SparseStoredRows {
  /** Numbers that are sent at once. */
  static final int UPLOAD = 1 << 22;

  /**
   * How many rows there is room for.
   *
   * @param held all together
   * @param half where the rows of the second half begin; 0 where there are no halves
   */
  public record Room(int held, int half) {
    /** For the most numbers that are stored for the rows of both halves. */
    public long most(Dataset.Values values, int features) {
      return half == 0 ? values.most(held, features) : 2 * values.most(half, features);
    }
  }

  /**
   * Allocates room, which takes {@link #bytes}.
   *
   * @param type of the numbers that a model takes
   * @param scaling of the features
   * @throws IllegalArgumentException if sparse rows are to be centred, or rounded to the type
   */
  public static StoredRows open(
      Device device,
      Dataset.Values values,
      int features,
      Room room,
      ElementType type,
      Scaling scaling) {
    return values instanceof SparseRows rows
        ? new SparseStoredRows(device, rows, room, type, scaling)
        : new DenseStoredRows(device, values, features, room, type, scaling);
  }

  /** Bytes that room for rows takes on the device. */
  public static long bytes(Dataset.Values values, int features, Room room, ElementType type) {
    long most = room.most(values, features);
    return values instanceof SparseRows
        ? room.held * SparseStoredRows.ROW + most * (ElementType.I32.bytes() + type.bytes())
        : most * values.type().bytes();
  }

  /** Bytes that a minibatch of these rows takes for what is gathered, for each row. */
  public static long gatheredBytes(Dataset.Values values, int features, ElementType type) {
    return values instanceof SparseRows ? SparseStoredRows.ROW : (long) features * type.bytes();
  }

  /**
   * Sends rows of the data set.
   *
   * @param rows their numbers
   * @param at the place of the first: 0, or where the second half begins
   * @param upload sends a part: {@link Device#upload(Array, ByteBuffer)} or {@link
   *     Device#uploadBeside}
   */
  public abstract void send(int[] rows, int at, BiConsumer<Array, ByteBuffer> upload);

  /** Sends the n rows of the data set from one on, as the other {@code send} does. */
  public void send(int first, int n, int at, BiConsumer<Array, ByteBuffer> upload) {
    send(IntStream.range(first, first + n).toArray(), at, upload);
  }

  /** Whether a model can take what {@link #at} gives. */
  public abstract boolean usable();

  /** The n rows from a place on, as they are stored. */
  public abstract Features at(int place, int n);

  /** Room for a minibatch of them. */
  public abstract LinearClassifier.Minibatch minibatch(
      LinearClassifier model, int size, boolean weighted);

  /**
   * Gathers a minibatch and its labels.
   *
   * @param labels of all rows that lie here
   * @param affine what {@link Scaling#on} gives
   */
  public abstract void gather(
      Array labels,
      Array order,
      Steps steps,
      int firstColumn,
      @Nullable Array affine,
      LinearClassifier.Minibatch to);

  @Override
  public abstract void close();
}
