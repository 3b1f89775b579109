package org.thalweg.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import org.thalweg.numeric.ElementType;

/**
 * The step table of a recorded step, and the account of its runs. The host fills a row for each of
 * the steps ahead and uploads them; the device reads the row at its cursor and moves on.
 *
 * <p>There are two cursors, so that an update can be skipped and the minibatches still be counted:
 * the minibatch of a step comes from the row at the batch cursor, the numbers of its update from
 * the row at the update cursor. The first loss that is not finite halts the run before that step's
 * update, so the weights are those that led there.
 */
public final class Steps implements AutoCloseable {
  /** Why a run has stopped. */
  public enum Halt {
    /** The run has not stopped. */
    RUNNING(0),
    /** The loss became NaN or infinite. */
    LOSS_NOT_FINITE(1),
    /** A row's label was negative or not below the number of classes. */
    LABEL_OUT_OF_RANGE(2);

    private final long code;

    Halt(long code) {
      this.code = code;
    }

    /** The number that stands for it on the device. */
    public long code() {
      return code;
    }

    private static Halt of(long code) {
      return Arrays.stream(values()).filter(halt -> halt.code == code).findFirst().orElseThrow();
    }
  }

  // The words of the step's state on the device, of interest to devices only.

  /** The row of the current minibatch. */
  public static final int BATCH = 0;

  /** The row of the current update. */
  public static final int UPDATE = 1;

  /** A {@link Halt}'s code. */
  public static final int HALTED = 2;

  /** 1 while this step's update is skipped. */
  public static final int SKIPPED = 3;

  /** A double: what this step's gradients are multiplied by, to clip them. */
  public static final int FACTOR = 4;

  /** A double: the norm of all gradients, where it was last measured. */
  public static final int NORM = 5;

  /** How many blocks have come to the end of the current launch: kernels only; else 0. */
  public static final int ARRIVED = 6;

  private static final int WORDS = 7;

  /** How many numbers a result has: loss, correct. */
  public static final int RESULT = 2;

  private static final long MOST_BYTES = 1 << 30;

  private final Device device;
  private final ElementType type;
  private final int columns;
  private final int capacity;
  private final int models;
  private final ByteBuffer rows;
  private final ByteBuffer stateWords;
  private final Array cells;
  private final Array state;
  private final Array results;
  private final Owned owned;
  private long left;
  private int filled; // rows, from the first on, of which some were set since they were sent

  /**
   * A table for at most {@code capacity} steps between two uploads.
   *
   * @param type F32 or F64: what its number columns are rounded to
   * @param columns cells in a row
   * @param models independent models, each with a loss of its own in every step
   */
  public Steps(Device device, ElementType type, int columns, int capacity, int models) {
    Checks.computed(type);
    if (columns < 1 || capacity < 1 || models < 1) {
      throw new IllegalArgumentException(
          "columns, capacity and models must be at least 1: %d, %d, %d"
              .formatted(columns, capacity, models));
    }
    this.device = device;
    this.type = type;
    this.columns = columns;
    this.capacity = capacity;
    this.models = models;
    if (8L * columns * capacity > MOST_BYTES
        || (long) RESULT * models * capacity > MOST_BYTES / 8) {
      throw new IllegalArgumentException(
          "a step table of %d rows, %d columns and %d models is larger than %d bytes"
              .formatted(capacity, columns, models, MOST_BYTES));
    }
    this.rows = littleEndian(8 * columns * capacity);
    this.stateWords = littleEndian(8 * WORDS);
    try (Owned opening = new Owned()) {
      this.cells = opening.add(device.allocate(ElementType.CELL, (long) columns * capacity));
      this.state = opening.add(device.allocate(ElementType.CELL, WORDS));
      this.results =
          opening.add(device.allocate(ElementType.F64, (long) RESULT * models * capacity));
      this.owned = opening.keep();
    }
  }

  /** Bytes that such a table takes on the device. */
  public static long bytes(int columns, int capacity, int models) {
    return 8L * ((long) columns * capacity + WORDS + (long) RESULT * models * capacity);
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** What the number columns are rounded to. */
  public ElementType type() {
    return type;
  }

  /** Rows between two uploads. */
  public int capacity() {
    return capacity;
  }

  /** Cells in a row. */
  public int columns() {
    return columns;
  }

  /** Independent models. */
  public int models() {
    return models;
  }

  /** Sets a cell to a number, rounded to the table's type. */
  public void number(int row, int column, double value) {
    if (type == ElementType.F32) {
      rows.putLong(at(row, column), Float.floatToRawIntBits((float) value) & 0xffffffffL);
    } else {
      rows.putDouble(at(row, column), value);
    }
  }

  /** Sets the cells from a column on to these numbers. */
  public void numbers(int row, int column, double... values) {
    for (int i = 0; i < values.length; i++) {
      number(row, column + i, values[i]);
    }
  }

  /** Sets a cell to an integer. */
  public void integer(int row, int column, long value) {
    rows.putLong(at(row, column), value);
  }

  /** Where a cell lies that is about to be set. */
  private int at(int row, int column) {
    filled = Math.max(filled, Objects.checkIndex(row, capacity) + 1);
    return 8 * (row * columns + Objects.checkIndex(column, columns));
  }

  /**
   * Sends the rows that were set to the device. It may still be running steps: those that it was
   * given read the rows that were sent before.
   */
  public void send() {
    device.upload(cells.slice(0, (long) filled * columns), rows.clear());
    filled = 0;
  }

  /**
   * Sends the rows that were set to the device, sets both cursors to the first of all and lifts a
   * halt.
   */
  public void start() {
    left = capacity;
    if (filled > 0) {
      send();
    }
    for (int word = 0; word < WORDS; word++) {
      stateWords.putLong(8 * word, 0);
    }
    device.upload(state, stateWords.clear().putDouble(8 * FACTOR, 1));
  }

  /**
   * Called by a program that is about to run n steps.
   *
   * @throws IllegalStateException if the table has fewer rows left since {@link #start}
   */
  public void take(long n) {
    if (n < 0 || n > left) {
      throw new IllegalStateException(
          "%d steps cannot be run: the step table has %d rows left".formatted(n, left));
    }
    left -= n;
  }

  /**
   * What has happened since {@link #start}. Waits for the device.
   *
   * @param batches minibatches that were finished
   * @param updates updates that were applied; those that were skipped are missing
   * @param halt why the run has stopped, if it has
   * @param losses for each minibatch and model, the sum of the rows' losses; the one that halted
   *     the run comes last
   * @param correct for each minibatch and model, how many rows were right
   * @param gradientNorm what {@link Device#clip} measured last; 0 if it has not been called
   */
  @SuppressWarnings("ArrayRecordComponent") // read once, never compared
  public record Account(
      long batches,
      long updates,
      Halt halt,
      double[] losses,
      long[] correct,
      double gradientNorm) {}

  /** Waits for the device and reads the account. */
  public Account account() {
    device.download(state, stateWords.clear());
    long batches = stateWords.getLong(8 * BATCH);
    Halt halt = Halt.of(stateWords.getLong(8 * HALTED));
    int n = Math.toIntExact((batches + (halt == Halt.RUNNING ? 0 : 1)) * models);
    double[] pairs = device.download(results.slice(0, (long) RESULT * n));
    double[] losses = new double[n];
    long[] correct = new long[n];
    for (int i = 0; i < n; i++) {
      losses[i] = pairs[RESULT * i];
      correct[i] = (long) pairs[RESULT * i + 1];
    }
    return new Account(
        batches,
        stateWords.getLong(8 * UPDATE),
        halt,
        losses,
        correct,
        stateWords.getDouble(8 * NORM));
  }

  /** The table on the device: CELL [capacity × columns]. */
  public Array cells() {
    return cells;
  }

  /**
   * Batch cursor, update cursor, halt; whether this step's update is skipped, its clip factor, the
   * norm, the blocks that have arrived: CELL [7].
   */
  public Array state() {
    return state;
  }

  /** Loss and number of right rows: F64 [capacity × models × 2]. */
  public Array results() {
    return results;
  }

  @Override
  public void close() {
    owned.close();
  }
}
