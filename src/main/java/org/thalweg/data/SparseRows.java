package org.thalweg.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * Features of which only some are stored, most of them being 0.
 *
 * @param starts where the stored features of each row begin, and behind the last where its own end,
 *     [rows + 1], ascending from 0
 * @param columns which feature each is, from 0, ascending within a row
 * @param numbers what each is, F32 or F64
 * @param features how many a row has, with those that are 0
 */
@SuppressWarnings("ArrayRecordComponent") // large, and handed on, never compared
public record SparseRows(int[] starts, int[] columns, Dataset.Values numbers, int features)
    implements Dataset.Values {
  /** Checks everything that the kernels rely on. */
  public SparseRows {
    Require.that(starts.length > 0 && starts[0] == 0, "the first row must start at 0");
    Require.that(
        numbers instanceof Dataset.Floats || numbers instanceof Dataset.Doubles,
        "stored features must be F32 or F64, not %s",
        numbers.type());
    int stored = starts[starts.length - 1];
    Require.that(
        columns.length == stored && numbers.count() == stored,
        "%s columns and %s numbers are not %s stored features",
        columns.length,
        numbers.count(),
        stored);
    for (int row = 0; row < starts.length - 1; row++) {
      Require.that(starts[row] <= starts[row + 1], "row %s: it ends before it starts", row);
      int before = -1;
      for (int at = starts[row]; at < starts[row + 1]; at++) {
        if (columns[at] <= before || columns[at] >= features) {
          throw new IllegalArgumentException(
              "row %d: features must ascend from 0 to %d: %d behind %d"
                  .formatted(row, features - 1, columns[at], before));
        }
        before = columns[at];
      }
    }
  }

  /** How many rows. */
  public int rows() {
    return starts.length - 1;
  }

  @Override
  public long count() {
    return (long) rows() * features;
  }

  @Override
  public ElementType type() {
    return numbers.type();
  }

  @Override
  public double value(long index) {
    Objects.checkIndex(index, count());
    int row = (int) (index / features);
    int at = Arrays.binarySearch(columns, starts[row], starts[row + 1], (int) (index % features));
    return at < 0 ? 0 : numbers.value(at);
  }

  /** How many features of a row are stored. */
  public int stored(int row) {
    return starts[row + 1] - starts[row];
  }

  /**
   * The most stored features that so many of the rows have, whichever they are.
   *
   * @param some of the rows
   */
  @Override
  public long most(int some, int features) {
    if (some >= rows()) {
      return columns.length;
    }
    int longest = IntStream.range(0, rows()).map(this::stored).max().orElse(0);
    int[] haveSoMany = new int[longest + 1];
    IntStream.range(0, rows()).forEach(row -> haveSoMany[stored(row)]++);
    long sum = 0;
    for (int length = longest, left = some; left > 0; length--) {
      int n = Math.min(left, haveSoMany[length]);
      sum += (long) n * length;
      left -= n;
    }
    return sum;
  }

  @Override
  public SparseRows select(int[] rows, int features) {
    int[] own = new int[rows.length + 1];
    for (int i = 0; i < rows.length; i++) {
      own[i + 1] = Math.addExact(own[i], stored(rows[i]));
    }
    int[] selected = new int[own[rows.length]];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(columns, starts[rows[i]], selected, own[i], own[i + 1] - own[i]);
    }
    return new SparseRows(own, selected, select(rows, own), features);
  }

  /** The numbers of some rows, which begin where {@code own} says. */
  private Dataset.Values select(int[] rows, int[] own) {
    if (numbers instanceof Dataset.Floats floats) {
      float[] selected = new float[own[rows.length]];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(floats.numbers(), starts[rows[i]], selected, own[i], own[i + 1] - own[i]);
      }
      return new Dataset.Floats(selected);
    }
    double[] from = ((Dataset.Doubles) numbers).numbers();
    double[] selected = new double[own[rows.length]];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(from, starts[rows[i]], selected, own[i], own[i + 1] - own[i]);
    }
    return new Dataset.Doubles(selected);
  }

  @Override
  public void put(ByteBuffer to) {
    throw new UnsupportedOperationException("sparse rows are not put down as dense ones");
  }

  /** Adds what is stored, and where, to a checksum. */
  void update(CRC32 crc) {
    ByteBuffer piece = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    for (int start : starts) {
      add(crc, piece, Integer.BYTES).putInt(start);
    }
    for (int at = 0; at < columns.length; at++) {
      add(crc, piece, Integer.BYTES + Double.BYTES)
          .putInt(columns[at])
          .putDouble(numbers.value(at));
    }
    crc.update(piece.flip());
  }

  /** The piece, with room for so many bytes: a full one goes to the checksum first. */
  private static ByteBuffer add(CRC32 crc, ByteBuffer piece, int bytes) {
    if (piece.remaining() < bytes) {
      crc.update(piece.flip());
      piece.clear();
    }
    return piece;
  }
}
