package org.thalweg.selftest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * An experiment's place on a device: numbers are put there off alignment and between guards, and
 * all of it is read back in the end, so that a write to an input or beside an array is a difference
 * too.
 */
final class Fixture implements AutoCloseable {
  private static final int ALIGNED = 4;

  /** What an experiment's numbers are drawn from: the same ones on each device. */
  final Random random = new Random(1);

  final Device device;
  private final Owned owned = new Owned();
  private final List<Watched> watched = new ArrayList<>();
  private final List<Result> results = new ArrayList<>();

  Fixture(Device device) {
    this.device = device;
  }

  /**
   * Numbers that were read back: of one array, or of several, one behind the other.
   *
   * @param starts where each array begins
   */
  @SuppressWarnings("ArrayRecordComponent") // compared element by element
  record Result(String name, List<Integer> starts, double[] values) {
    /** The name of element i: {@code "weights 3[17]"}. */
    String element(int i) {
      int piece = 0;
      while (piece + 1 < starts.size() && starts.get(piece + 1) <= i) {
        piece++;
      }
      String number = starts.size() > 1 ? " " + piece : "";
      return "%s%s[%d]".formatted(name, number, i - starts.get(piece));
    }
  }

  private record Watched(String name, List<Integer> starts, Array array) {}

  /** Will be closed with the desk. */
  <T extends AutoCloseable> T own(T resource) {
    return owned.add(resource);
  }

  /** Puts numbers {@code offset} elements off alignment, 0 to 3. */
  Array place(String name, ElementType type, int offset, double... values) {
    return place(name, type, offset, 0, List.of(values)).get(0);
  }

  /** Puts each of these in one array, piece i {@code offset + i * step} elements off alignment. */
  List<Array> place(String name, ElementType type, int offset, int step, List<double[]> pieces) {
    List<Integer> starts = new ArrayList<>();
    int end = 0;
    for (int i = 0; i < pieces.size(); i++) {
      int start = end + 1;
      start += Math.floorMod(offset + i * step - start, ALIGNED);
      starts.add(start);
      end = start + pieces.get(i).length;
    }
    double[] image = new double[end + ALIGNED];
    // Far from what is computed here, and exact in each type.
    Arrays.fill(image, type == ElementType.I32 || type == ElementType.U8 ? 119 : 0x1.8p100);
    for (int i = 0; i < pieces.size(); i++) {
      System.arraycopy(pieces.get(i), 0, image, starts.get(i), pieces.get(i).length);
    }
    Array whole = own(device.allocate(type, image.length));
    device.upload(whole, bytes(type, image));
    watched.add(new Watched(name, starts, whole));
    List<Array> slices = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      slices.add(whole.slice(starts.get(i), pieces.get(i).length));
    }
    return slices;
  }

  /** Will be read back with all the rest. */
  void watch(String name, Array array) {
    watched.add(new Watched(name, List.of(0), array));
  }

  /** Numbers that have been read back already. */
  void note(String name, double... values) {
    results.add(new Result(name, List.of(0), values));
  }

  /** Waits for the device and reads everything back. */
  List<Result> results() {
    for (Watched w : watched) {
      results.add(new Result(w.name, w.starts, read(w.array)));
    }
    return results;
  }

  /** Normal numbers of many magnitudes, so that the order of a sum shows. */
  double[] numbers(int n) {
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = Math.scalb(random.nextGaussian(), random.nextInt(24) - 12);
    }
    return x;
  }

  /** Zeros, subnormals, the ends of the range, infinities, NaN. */
  static double[] special(ElementType type) {
    boolean f64 = type == ElementType.F64;
    double least = f64 ? Double.MIN_VALUE : Float.MIN_VALUE;
    double normal = f64 ? Double.MIN_NORMAL : Float.MIN_NORMAL;
    double most = f64 ? Double.MAX_VALUE : Float.MAX_VALUE;
    double infinite = Double.POSITIVE_INFINITY;
    return new double[] {
      0.0,
      -0.0,
      least,
      -least,
      normal - least,
      normal,
      -1.5,
      most,
      -most,
      infinite,
      -infinite,
      0.0 / 0
    };
  }

  private static ByteBuffer buffer(ElementType type, int count) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(count, type.bytes()))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer bytes(ElementType type, double[] values) {
    ByteBuffer bytes = buffer(type, values.length);
    for (double value : values) {
      switch (type) {
        case F32 -> bytes.putFloat((float) value);
        case BF16 -> bytes.putShort(Exact.bf16((float) value));
        case I32 -> bytes.putInt((int) value);
        case U8 -> bytes.put((byte) (int) value);
        case F64, CELL -> bytes.putDouble(value);
      }
    }
    return bytes.flip();
  }

  private double[] read(Array array) {
    double[] values = new double[Math.toIntExact(array.count())];
    ByteBuffer bytes = buffer(array.type(), values.length);
    device.download(array, bytes);
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (array.type()) {
            case F32 -> bytes.getFloat();
            case BF16 -> Exact.widen(bytes.getShort());
            case I32 -> bytes.getInt();
            case U8 -> bytes.get() & 0xff;
            case F64, CELL -> bytes.getDouble();
          };
    }
    return values;
  }

  @Override
  public void close() {
    owned.close();
  }
}
