package org.thalweg.selftest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/** Vectors of more sizes, alignments and special values than the product's suite has. */
class VectorEqualityTest {
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

  abstract static class Body extends Equality {
    private final Random random = new Random(6);

    Body(TestDevices which) {
      super(which);
    }

    private void assertSame(ElementType type, int n, int xOffset, int yOffset) {
      assertSame(
          "%d %s, %d and %d off alignment".formatted(n, type, xOffset, yOffset),
          fixture -> {
            Array x = fixture.place("x", type, xOffset, fixture.numbers(n));
            Array y = fixture.place("y", type, yOffset, fixture.numbers(n));
            VectorExperiments.run(fixture, -0.3, x, y);
          });
    }

    @Test
    void sizesAndAlignments() {
      for (ElementType type : Suite.TYPES) {
        for (int n : SIZES) {
          for (int i = 0; i < 16; i++) {
            assertSame(type, n, i / 4, i % 4);
          }
        }
      }
    }

    @Test
    void vectorsOfSeveralBlocks() {
      int[] sizes = {
        2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193, 65535, 65536, 65537, (1 << 20) + 1
      };
      for (ElementType type : Suite.TYPES) {
        for (int n : sizes) {
          assertSame(type, n, n % 4, 0);
          assertSame(type, n, 1, 1);
        }
      }
    }

    @Test
    void specialValues() {
      int n = 2 * Exact.CHUNK + 5;
      for (ElementType type : Suite.TYPES) {
        for (double special : Suite.special(type)) {
          for (int at : new int[] {0, 1023, 1024, 2047, 2048, n - 1}) {
            for (double a : new double[] {1.5, special}) {
              assertSame(
                  "%s at %d, times %s, %s".formatted(special, at, a, type),
                  fixture -> {
                    double[] x = VectorExperiments.with(fixture.numbers(n), at, special);
                    double[] y = VectorExperiments.with(fixture.numbers(n), n - 1 - at, special);
                    Array place = fixture.place("x", type, at % 4, x);
                    VectorExperiments.run(fixture, a, place, fixture.place("y", type, 1, y));
                  });
            }
          }
          double[] all = new double[33];
          Arrays.fill(all, special);
          assertSame(
              "all " + special + ", " + type,
              fixture -> {
                Array x = fixture.place("x", type, 0, all);
                VectorExperiments.run(fixture, special, x, fixture.place("y", type, 0, all));
              });
        }
      }
    }

    /** Any type, any bits, up to 16 bytes off alignment. */
    @Test
    void copies() {
      for (ElementType type : ElementType.values()) {
        for (int n : new int[] {0, 1, 15, 16, 33, 16384, 16385, 70001}) {
          double[] values = IntStream.range(0, n).mapToDouble(i -> any(type)).toArray();
          int offsets = n > 100 ? 2 : 16 / type.bytes();
          for (int i = 0; i < offsets * offsets; i++) {
            int from = i / offsets;
            int to = i % offsets;
            assertSame(
                "%d %s from %d to %d".formatted(n, type, from, to),
                fixture -> {
                  Array x = fixture.place("from", type, from, values);
                  Array y = fixture.place("to", type, to, new double[n]);
                  fixture.device.copy(x, y);
                  assertArrayEquals(fixture.device.download(x), fixture.device.download(y));
                });
          }
        }
      }
    }

    private double any(ElementType type) {
      return switch (type) {
        case U8 -> random.nextInt(256);
        case I32 -> random.nextInt();
        case BF16 -> Exact.widen((short) random.nextInt());
        case F16 -> Exact.widenHalf((short) random.nextInt());
        case F32 -> Float.intBitsToFloat(random.nextInt());
        case F64, CELL -> Double.longBitsToDouble(random.nextLong());
      };
    }
  }
}
