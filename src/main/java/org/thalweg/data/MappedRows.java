package org.thalweg.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * Rows of one or several .npy files that are mapped into memory: the operating system reads what is
 * asked for, and nothing is copied before. Selected rows are the same files with other row numbers.
 *
 * <p>Bytes and float16 stay what they are. Integers of up to two bytes become binary32, exactly;
 * float64 is rounded to the type in which it is used, and so are longer integers, by way of
 * binary64. NaN and infinities are refused when they are read, with their place.
 */
public final class MappedRows implements Dataset.Values {
  /** Bytes from one mapped segment to the next; each is longer by a row, so that none is cut. */
  private static final long SEGMENT = 1L << 30;

  /** One file. */
  private static final class Part {
    private final Npy npy;
    private final int features;
    private final long first; // its first row among all
    private final long rows;
    private final List<ByteBuffer> segments = new ArrayList<>();

    Part(Npy npy, long first) throws IOException {
      this.npy = npy;
      this.first = first;
      rows = npy.shape()[0];
      features = (int) npy.shape()[1];
      long row = npy.fortran() ? npy.bytes() : (long) features * npy.bytes();
      long size = npy.size();
      try (FileChannel file = FileChannel.open(npy.path(), StandardOpenOption.READ)) {
        for (long at = 0; at < size; at += SEGMENT) {
          long n = Math.min(SEGMENT + row, size - at);
          ByteBuffer segment = file.map(FileChannel.MapMode.READ_ONLY, npy.start() + at, n);
          segments.add(segment.order(ByteOrder.LITTLE_ENDIAN));
        }
      }
    }

    double value(long row, int feature) {
      long index = npy.fortran() ? feature * rows + row : row * features + feature;
      long at = index * npy.bytes();
      ByteBuffer from = segments.get((int) (at / SEGMENT));
      return number(npy, from, (int) (at % SEGMENT));
    }

    /** Puts a row whose elements lie side by side and are kept as they are. */
    void copy(long row, ByteBuffer to) {
      int n = features * npy.bytes();
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
      Npy npy = Npy.read(path);
      if (npy.kind() == 'S' || npy.kind() == 'U') {
        throw new DataException(path + ": text is no feature; as labels, name it by --labels");
      }
      int dimensions = npy.shape().length;
      if (dimensions != 2) {
        throw new DataException(
            "%s: an array of shape %s is no matrix of rows and features: save %s"
                .formatted(
                    path,
                    npy.shapeText(),
                    dimensions > 2 ? "x.reshape(len(x), -1)" : "x.reshape(-1, 1)"));
      }
      if (npy.shape()[1] * npy.bytes() >= SEGMENT || npy.shape()[1] < 1 || npy.shape()[0] < 1) {
        throw new DataException(
            "%s: %s: there must be rows, of 1 to %d features"
                .formatted(path, npy.shapeText(), (SEGMENT - 1) / npy.bytes()));
      }
      Npy one = parts.isEmpty() ? npy : parts.get(0).npy;
      if (npy.shape()[1] != one.shape()[1]
          || npy.kind() != one.kind()
          || npy.bytes() != one.bytes()) {
        throw new DataException(
            "%s has %d features of %s, and %s has %d of %s"
                .formatted(
                    path,
                    npy.shape()[1],
                    npy.typeText(),
                    one.path(),
                    one.shape()[1],
                    one.typeText()));
      }
      try {
        parts.add(new Part(npy, rows));
      } catch (IOException e) {
        throw DataException.reading(path, e);
      }
      rows += npy.shape()[0];
      if (rows > Dataset.MOST_VALUES) {
        throw new DataException(
            "%s: more than %d rows, all together".formatted(path, Dataset.MOST_VALUES));
      }
    }
    Npy one = parts.get(0).npy;
    return new MappedRows(parts, kept(one, use), (int) one.shape()[1], (int) rows, null);
  }

  private static ElementType kept(Npy npy, ElementType use) {
    if (npy.kind() == 'b' || (npy.kind() == 'u' && npy.bytes() == 1)) {
      return ElementType.U8;
    }
    if (npy.kind() == 'f' && npy.bytes() == 2) {
      return ElementType.F16;
    }
    boolean exact = npy.kind() == 'f' ? npy.bytes() < Double.BYTES : npy.bytes() < Integer.BYTES;
    return exact ? ElementType.F32 : use;
  }

  /** The number at a place. */
  static double number(Npy npy, ByteBuffer from, int at) {
    return switch (npy.kind()) {
      case 'b' -> from.get(at) == 0 ? 0 : 1;
      case 'u' ->
          switch (npy.bytes()) {
            case 1 -> Byte.toUnsignedInt(from.get(at));
            case 2 -> Short.toUnsignedInt(from.getShort(at));
            case 4 -> Integer.toUnsignedLong(from.getInt(at));
            default -> unsigned(from.getLong(at));
          };
      case 'i' ->
          switch (npy.bytes()) {
            case 1 -> from.get(at);
            case 2 -> from.getShort(at);
            case 4 -> from.getInt(at);
            default -> from.getLong(at);
          };
      case 'f' ->
          switch (npy.bytes()) {
            case 2 -> Exact.widenHalf(from.getShort(at));
            case 4 -> from.getFloat(at);
            default -> from.getDouble(at);
          };
      default -> throw new IllegalArgumentException("no number: " + npy.typeText());
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
    Npy one = parts.get(0).npy;
    boolean same =
        one.bytes() == type.bytes() && one.kind() == (type == ElementType.U8 ? 'u' : 'f');
    for (int i = 0; i < rows; i++) {
      long row = row(i);
      Part part = part(row);
      int start = to.position();
      if (same && !part.npy.fortran()) {
        part.copy(row - part.first, to);
      } else {
        for (int j = 0; j < features; j++) {
          double value = part.value(row - part.first, j);
          switch (type) {
            case U8 -> to.put((byte) value);
            case F16 -> to.putShort(Exact.half((float) value)); // which it was
            case F32 -> to.putFloat((float) value);
            case F64 -> to.putDouble(value);
            default -> throw new IllegalStateException("rows are not kept as " + type);
          }
        }
      }
      if (type != ElementType.U8) {
        check(part, row - part.first, to, start);
      }
    }
  }

  private void check(Part part, long row, ByteBuffer put, int start) {
    for (int j = 0; j < features; j++) {
      double value =
          switch (type) {
            case F16 -> Exact.widenHalf(put.getShort(start + j * Short.BYTES));
            case F32 -> put.getFloat(start + j * Float.BYTES);
            case F64 -> put.getDouble(start + j * Double.BYTES);
            default -> throw new IllegalStateException("rows are not kept as " + type);
          };
      if (!Double.isFinite(value)) {
        throw new DataException(
            "%s: row %d, column %d: expected a finite %s number, not %s"
                .formatted(part.npy.path(), row + 1, j + 1, type.format(), part.value(row, j)));
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
