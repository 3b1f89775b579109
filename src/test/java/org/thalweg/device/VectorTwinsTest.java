package org.thalweg.device;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/** Dot products, norms, axpy, scaling and copies have the same bits on every device. */
class VectorTwinsTest {
  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  /** All that can be done with two vectors, each so many elements off alignment. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  record Case(ElementType type, double a, double[] xs, double[] ys, int xOffset, int yOffset)
      implements OnDevice.Experiment {
    @Override
    public String toString() {
      return "%d %s at %d and %d".formatted(xs.length, type, xOffset, yOffset);
    }

    @Override
    public List<double[]> run(Device device) {
      Guarded x = Guarded.of(device, type, xOffset, xs);
      Guarded y = Guarded.of(device, type, yOffset, ys);
      int room = (int) Device.dotRoom(xs.length);
      Guarded out = Guarded.allocate(device, ElementType.F64, xOffset, room);
      List<double[]> results = new ArrayList<>();
      device.dot(x.inside(), y.inside(), out.inside());
      results.add(out.read(device));
      device.dot(x.inside(), x.inside(), out.inside());
      results.add(out.read(device));
      for (Norm norm : Norm.values()) {
        device.norm(norm, x.inside(), out.inside());
        results.add(out.read(device));
      }
      device.axpy(a, x.inside(), y.inside());
      results.add(y.read(device));
      device.axpy(a, y.inside(), y.inside());
      results.add(y.read(device));
      device.axpySign(a, x.inside(), y.inside());
      results.add(y.read(device));
      device.axpySign(a, y.inside(), y.inside());
      results.add(y.read(device));
      device.scale(a, y.inside());
      results.add(y.read(device));
      device.copy(y.inside(), x.inside());
      results.add(x.read(device));
      for (Guarded array : List.of(x, y, out)) {
        array.whole().close();
      }
      return results;
    }
  }

  abstract static class Body extends OnDevice {
    private final Random random = new Random(6);

    Body(TestDevices which) {
      super(which);
    }

    /** Of all magnitudes, so that the order of a sum shows. */
    private double[] numbers(int n) {
      double[] x = Values.normal(random, n, 1);
      for (int i = 0; i < n; i++) {
        x[i] *= Math.scalb(1.0, random.nextInt(24) - 12);
      }
      return x;
    }

    private void assertTwins(ElementType type, int n, int xOffset, int yOffset) {
      Case vectors = new Case(type, -0.3, numbers(n), numbers(n), xOffset, yOffset);
      assertTwins(vectors.toString(), vectors);
    }

    @Test
    void sizesAndAlignments() {
      for (ElementType type : Values.TYPES) {
        for (int n : Values.SIZES) {
          for (int i = 0; i < 16; i++) {
            assertTwins(type, n, i / 4, i % 4);
          }
        }
      }
    }

    @Test
    void vectorsOfSeveralBlocks() {
      int[] sizes = {
        2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193, 65535, 65536, 65537, (1 << 20) + 1
      };
      for (ElementType type : Values.TYPES) {
        for (int n : sizes) {
          assertTwins(type, n, n % 4, 0);
          assertTwins(type, n, 1, 1);
        }
      }
    }

    @Test
    void specialValues() {
      int n = 2 * Exact.CHUNK + 5;
      for (ElementType type : Values.TYPES) {
        for (double special : Values.special(type)) {
          for (int at : new int[] {0, 1023, 1024, 2047, 2048, n - 1}) {
            double[] x = numbers(n);
            double[] y = numbers(n);
            x[at] = special;
            y[n - 1 - at] = special;
            for (double a : new double[] {1.5, special}) {
              Case vectors = new Case(type, a, x, y, at % 4, 1);
              assertTwins(special + " at " + at + " of " + vectors, vectors);
            }
          }
          double[] all = new double[33];
          Arrays.fill(all, special);
          Case vectors = new Case(type, special, all, all, 0, 0);
          assertTwins("all " + special + ", " + type, vectors);
        }
      }
    }

    /** Any type, any bits, up to 16 bytes off alignment. */
    @Test
    void copies() {
      for (ElementType type : ElementType.values()) {
        for (int n : new int[] {0, 1, 15, 16, 33, 16384, 16385, 70001}) {
          byte[] bytes = new byte[n * type.bytes()];
          random.nextBytes(bytes);
          ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
          int offsets = n > 100 ? 2 : 16 / type.bytes();
          for (int i = 0; i < offsets * offsets; i++) {
            int from = i / offsets;
            int to = i % offsets;
            assertTwins(
                "%d %s from %d to %d".formatted(n, type, from, to),
                device -> copy(device, type, n, buffer, from, to));
          }
        }
      }
    }

    private static List<double[]> copy(
        Device device, ElementType type, int n, ByteBuffer bytes, int fromOffset, int toOffset) {
      Guarded from = Guarded.allocate(device, type, fromOffset, n);
      Guarded to = Guarded.allocate(device, type, toOffset, n);
      device.upload(from.inside(), bytes);
      device.copy(from.inside(), to.inside());
      List<double[]> results = List.of(from.read(device), to.read(device));
      assertSameBits("copy", results.subList(0, 1), results.subList(1, 2));
      from.whole().close();
      to.whole().close();
      return results;
    }
  }
}
