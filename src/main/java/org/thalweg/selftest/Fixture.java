package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.numeric.ElementType;

/**
 * The arrays of an experiment on a device. Numbers are placed off alignment and between guard
 * values, and everything is read back at the end, so that a write to an input or outside of an
 * array is a difference too.
 */
class Fixture implements AutoCloseable {
  private static final int ALIGNED = 16;

  /** What an experiment's numbers are drawn from: the same ones on each device. */
  final Random random = new Random(1);

  final Device device;
  private final Owned owned = new Owned();
  private final List<Supplier<Result>> results = new ArrayList<>();

  Fixture(Device device) {
    this.device = device;
  }

  /**
   * Numbers that were read back: of one array, or of several, one after the other.
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

  /** Adds a resource that is closed with the fixture. */
  <T extends AutoCloseable> T own(T resource) {
    return owned.add(resource);
  }

  /** Puts numbers {@code offset} elements off alignment, 0 to 15. */
  Array place(String name, ElementType type, int offset, double... values) {
    return place(name, type, i -> offset, List.of(values)).get(0);
  }

  /** A number far from what is computed, and exact in this type. */
  static double guard(ElementType type) {
    return switch (type) {
      case U8, I32 -> 119;
      case F16 -> 0x1.8p15;
      case BF16, F32, F64, CELL -> 0x1.8p100;
    };
  }

  /** Places all pieces in one array, each at its own distance from alignment. */
  List<Array> place(String name, ElementType type, IntUnaryOperator offset, List<double[]> pieces) {
    List<Integer> starts = new ArrayList<>();
    int end = 0;
    for (int i = 0; i < pieces.size(); i++) {
      int start = end + 1 + Math.floorMod(offset.applyAsInt(i) - end - 1, ALIGNED);
      starts.add(start);
      end = start + pieces.get(i).length;
    }
    double[] image = new double[end + ALIGNED];
    Arrays.fill(image, guard(type));
    for (int i = 0; i < pieces.size(); i++) {
      System.arraycopy(pieces.get(i), 0, image, starts.get(i), pieces.get(i).length);
    }
    Array array = own(device.of(type, image));
    results.add(() -> new Result(name, starts, device.download(array)));
    return IntStream.range(0, pieces.size())
        .mapToObj(i -> array.slice(starts.get(i), pieces.get(i).length))
        .toList();
  }

  /** Adds an array that is read back with the others. */
  void watch(String name, Array array) {
    results.add(() -> new Result(name, List.of(0), device.download(array)));
  }

  /** Adds numbers that have been read back already. */
  void note(String name, double... values) {
    results.add(() -> new Result(name, List.of(0), values));
  }

  /** Waits for the device and reads everything back. */
  List<Result> results() {
    return results.stream().map(Supplier::get).toList();
  }

  /** Normal numbers of many magnitudes, so that the order of a sum shows. */
  double[] numbers(int n) {
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = Math.scalb(random.nextGaussian(), random.nextInt(24) - 12);
    }
    return x;
  }

  @Override
  public void close() {
    owned.close();
  }
}
