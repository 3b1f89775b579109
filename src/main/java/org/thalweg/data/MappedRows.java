package org.thalweg.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * Rows of one or several arrays in files that are mapped into memory: the operating system reads
 * what is asked for, and nothing is copied before. Selected rows are the same files with other row
 * numbers.
 *
 * <p>Bytes, float16 and bfloat16 stay what they are. Integers of up to two bytes become binary32,
 * exactly; float64 is rounded to the type in which it is used, and so are longer integers, by way
 * of binary64. NaN and infinities are refused when they are read, with their place.
 */
public final class MappedRows implements Dataset.Values {
  /** Bytes from one mapped segment to the next; each is longer by a row, so that none is cut. */
  private static final long SEGMENT = 1L << 30;

  /** One file. */
  private static final class Part {
    private final Elements array;
    private final int features;
    private final long first; // its first row among all
    private final long rows;
    private final List<ByteBuffer> segments = new ArrayList<>();

    Part(Elements array, long first) throws IOException {
      this.array = array;
      this.first = first;
      rows = array.shape()[0];
      features = (int) array.shape()[1];
      long row = array.fortran() ? array.bytes() : (long) features * array.bytes();
      long size = array.size();
      try (FileChannel file = array.open()) {
        for (long at = 0; at < size; at += SEGMENT) {
          long n = Math.min(SEGMENT + row, size - at);
          ByteBuffer segment = file.map(FileChannel.MapMode.READ_ONLY, array.start() + at, n);
          segments.add(segment.order(ByteOrder.LITTLE_ENDIAN));
        }
      }
    }

    double value(long row, int feature) {
      long index = array.fortran() ? feature * rows + row : row * features + feature;
      long at = index * array.bytes();
      ByteBuffer from = segments.get((int) (at / SEGMENT));
      return number(array, from, (int) (at % SEGMENT));
    }

    /** Puts a row whose elements lie side by side and are kept as they are. */
    void copy(long row, ByteBuffer to) {
      int n = features * array.bytes();
      long at = row * n;
      to.put(to.position(), segments.get((int) (at / SEGMENT)), (int) (at % SEGMENT), n);
      to.position(to.position() + n);
    }
  }

  private final List<Part> parts;
  private final ElementType type;
  private final int features;
  private final int @Nullable [] order; // row numbers among all parts; null for all in order
  private final int rows;

  private MappedRows(
      List<Part> parts, ElementType type, int features, int rows, int @Nullable [] order) {
    this.parts = parts;
    this.type = type;
    this.features = features;
    this.rows = rows;
    this.order = order;
  }

  /**
   * Maps files, one below the other.
   *
   * @param paths at least one
   * @param use the type in which the rows will be used: F32 or F64
   * @throws DataException if one is no matrix of numbers, or they have not the same columns and
   *     type
   */
  static MappedRows open(List<Path> paths, ElementType use) {
    List<Part> parts = new ArrayList<>();
    long rows = 0;
    for (Path path : paths) {
      Elements before = parts.isEmpty() ? null : parts.get(0).array;
      Elements array = ArrayFiles.find(path, 2, one -> check(path, one, before));
      try {
        parts.add(new Part(array, rows));
      } catch (IOException e) {
        throw DataException.reading(path, e);
      }
      rows += array.shape()[0];
      if (rows > Dataset.MOST_VALUES) {
        throw new DataException(
            "%s: more than %d rows, all together".formatted(path, Dataset.MOST_VALUES));
      }
    }
    Elements one = parts.get(0).array;
    return new MappedRows(parts, kept(one, use), (int) one.shape()[1], (int) rows, null);
  }

  /** Checks that an array can be rows, below those of another. */
  private static void check(Path path, Elements array, @Nullable Elements one) {
    if (array.kind() == 'S' || array.kind() == 'U') {
      throw new DataException(path + ": text is no feature; as labels, name it by --labels");
    }
    int dimensions = array.shape().length;
    if (dimensions != 2) {
      throw new DataException(
          "%s: an array of shape %s is no matrix of rows and features: save %s"
              .formatted(
                  path,
                  array.shapeText(),
                  dimensions > 2 ? "x.reshape(len(x), -1)" : "x.reshape(-1, 1)"));
    }
    if (array.shape()[1] * array.bytes() >= SEGMENT
        || array.shape()[1] < 1
        || array.shape()[0] < 1) {
      throw new DataException(
          "%s: %s: there must be rows, of 1 to %d features"
              .formatted(path, array.shapeText(), (SEGMENT - 1) / array.bytes()));
    }
    if (one == null) {
      return;
    }
    if (array.shape()[1] != one.shape()[1]
        || array.kind() != one.kind()
        || array.bytes() != one.bytes()) {
      throw new DataException(
          "%s has %d features of %s, and %s has %d of %s"
              .formatted(
                  path,
                  array.shape()[1],
                  array.typeText(),
                  one.name(),
                  one.shape()[1],
                  one.typeText()));
    }
  }

  private static ElementType kept(Elements array, ElementType use) {
    if (array.kind() == 'b' || (array.kind() == 'u' && array.bytes() == 1)) {
      return ElementType.U8;
    }
    if (array.kind() == 'B') {
      return ElementType.BF16;
    }
    if (array.kind() == 'f' && array.bytes() == 2) {
      return ElementType.F16;
    }
    boolean exact =
        array.kind() == 'f' ? array.bytes() < Double.BYTES : array.bytes() < Integer.BYTES;
    return exact ? ElementType.F32 : use;
  }

  /** The number at a place. */
  static double number(Elements array, ByteBuffer from, int at) {
    return switch (array.kind()) {
      case 'b' -> from.get(at) == 0 ? 0 : 1;
      case 'u' ->
          switch (array.bytes()) {
            case 1 -> Byte.toUnsignedInt(from.get(at));
            case 2 -> Short.toUnsignedInt(from.getShort(at));
            case 4 -> Integer.toUnsignedLong(from.getInt(at));
            default -> unsigned(from.getLong(at));
          };
      case 'i' ->
          switch (array.bytes()) {
            case 1 -> from.get(at);
            case 2 -> from.getShort(at);
            case 4 -> from.getInt(at);
            default -> from.getLong(at);
          };
      case 'f' ->
          switch (array.bytes()) {
            case 2 -> Exact.widenHalf(from.getShort(at));
            case 4 -> from.getFloat(at);
            default -> from.getDouble(at);
          };
      case 'B' -> Exact.widen(from.getShort(at));
      default -> throw new IllegalArgumentException("no number: " + array.typeText());
    };
  }

  /** To nearest: the lowest bit stays set if any below was, so that one rounding decides. */
  private static double unsigned(long bits) {
    return bits >= 0 ? bits : (double) ((bits >>> 1) | (bits & 1)) * 2;
  }

  /** How many rows. */
  int rows() {
    return rows;
  }

  /** How many features a row has. */
  int features() {
    return features;
  }

  @Override
  public long count() {
    return (long) rows * features;
  }

  @Override
  public ElementType type() {
    return type;
  }

  @Override
  public double value(long index) {
    long row = row((int) (index / features));
    Part part = part(row);
    double value = part.value(row - part.first, (int) (index % features));
    return type == ElementType.F32 ? (float) value : value;
  }

  @Override
  public MappedRows select(int[] some, int features) {
    int[] selected = new int[some.length];
    for (int i = 0; i < some.length; i++) {
      selected[i] = (int) row(some[i]);
    }
    return new MappedRows(parts, type, features, some.length, selected);
  }

  @Override
  public void put(ByteBuffer to) {
    Elements one = parts.get(0).array;
    boolean same =
        one.bytes() == type.bytes()
            && one.kind() == (type == ElementType.U8 ? 'u' : type == ElementType.BF16 ? 'B' : 'f');
    for (int i = 0; i < rows; i++) {
      long row = row(i);
      Part part = part(row);
      int start = to.position();
      if (same && !part.array.fortran()) {
        part.copy(row - part.first, to);
      } else {
        for (int j = 0; j < features; j++) {
          double value = part.value(row - part.first, j);
          switch (type) {
            case U8 -> to.put((byte) value);
            case F16 -> to.putShort(Exact.half((float) value)); // which it was
            case BF16 -> to.putShort(Exact.bf16((float) value)); // which it was
            case F32 -> to.putFloat((float) value);
            case F64 -> to.putDouble(value);
            default -> throw new IllegalStateException("rows are not kept as " + type);
          }
        }
      }
      if (type != ElementType.U8 && !finite(to, start)) {
        check(part, row - part.first, to, start);
      }
    }
  }

  /** Whether the numbers from a place on are finite; eight bytes of them are looked at together. */
  private boolean finite(ByteBuffer put, int start) {
    long one = // in the lowest bit of each exponent
        switch (type) {
          case F16 -> 0x0400_0400_0400_0400L;
          case BF16 -> 0x0080_0080_0080_0080L;
          case F32 -> 0x0080_0000_0080_0000L;
          case F64 -> 0x0010_0000_0000_0000L;
          case U8, I32, CELL -> throw new IllegalStateException("rows are not kept as " + type);
        };
    long sign =
        switch (type.bytes()) {
          case Short.BYTES -> 0x8000_8000_8000_8000L;
          case Float.BYTES -> 0x8000_0000_8000_0000L;
          default -> 0x8000_0000_0000_0000L;
        };
    long exponent = sign - one; // all its bits
    int end = put.position();
    long carried = 0; // into the place of the sign, from an exponent of ones
    int at = start;
    for (; at <= end - Long.BYTES; at += Long.BYTES) {
      carried |= (put.getLong(at) & exponent) + one;
    }
    for (; at < end; at += type.bytes()) {
      long last = type.bytes() == Short.BYTES ? put.getShort(at) & 0xffff : put.getInt(at);
      carried |= (last & exponent & 0xffff_ffffL) + one;
    }
    return (carried & sign) == 0;
  }

  private void check(Part part, long row, ByteBuffer put, int start) {
    for (int j = 0; j < features; j++) {
      double value =
          switch (type) {
            case F16 -> Exact.widenHalf(put.getShort(start + j * Short.BYTES));
            case BF16 -> Exact.widen(put.getShort(start + j * Short.BYTES));
            case F32 -> put.getFloat(start + j * Float.BYTES);
            case F64 -> put.getDouble(start + j * Double.BYTES);
            default -> throw new IllegalStateException("rows are not kept as " + type);
          };
      if (!Double.isFinite(value)) {
        throw new DataException(
            "%s: row %d, column %d: expected a finite %s number, not %s"
                .formatted(part.array.name(), row + 1, j + 1, type.format(), part.value(row, j)));
      }
    }
  }

  private long row(int i) {
    if (i < 0 || i >= rows) {
      throw new IndexOutOfBoundsException("row %d of %d".formatted(i, rows));
    }
    return order == null ? i : order[i];
  }

  private Part part(long row) {
    for (int i = parts.size() - 1; i > 0; i--) {
      if (row >= parts.get(i).first) {
        return parts.get(i);
      }
    }
    return parts.get(0);
  }
}
