package org.thalweg.selftest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;

/** Minibatches of more sizes and alignments than the product's suite has, and tallies that halt. */
class BatchEqualityTest {
  @Nested
  class TwoThreads extends Threads {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  class ByVectorApi extends Threads {
    ByVectorApi() {
      super(TestDevices.JAVA_VECTORS);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  abstract static class Threads extends Body {
    Threads(TestDevices which) {
      super(which);
    }

    /**
     * Enough for several threads; parts of one row and of none, and of more than are copied at
     * once.
     */
    @Test
    void gathersInThreads() {
      gathers(66_000, 1, 1);
      gathers(33_001, 2, 2);
      gathers(30_001, 7, 3);
      gathers(501, 3, 131);
      gathers(173, 10, 515);
    }
  }

  abstract static class Body extends Equality {
    private final Random random = new Random(4);

    Body(TestDevices which) {
      super(which);
    }

    @Test
    void gathers() {
      for (int features : new int[] {0, 1, 3, 4, 63, 64, 784}) {
        for (int i = 0; i < 16; i++) {
          gathers(features, i, 1 + i % 9);
        }
      }
    }

    void gathers(int features, int i, int batch) {
      for (ElementType type : Suite.TYPES) {
        for (ElementType from : BatchExperiments.FROM) {
          if (from == ElementType.F64 && type != from) continue; // is not narrowed
          for (boolean affine : new boolean[] {false, true}) {
            assertSame(BatchExperiments.gather(type, from, features, affine, i, batch));
          }
        }
      }
    }

    /** Every binary16 and bf16 number there is, in rows of one and of eight. */
    @Test
    void everyHalfIsWidenedInTheSameWay() {
      int all = 1 << 16;
      for (ElementType type : Suite.TYPES) {
        for (ElementType from : List.of(ElementType.F16, ElementType.BF16)) {
          for (int features : new int[] {1, 8}) {
            int rows = all / features;
            assertSame(
                "all %s to %s in rows of %d".formatted(from, type, features),
                fixture -> {
                  Device device = fixture.device;
                  Array values = fixture.own(device.allocate(from, all));
                  ByteBuffer bits = ByteBuffer.allocateDirect(2 * all);
                  bits.order(ByteOrder.LITTLE_ENDIAN);
                  for (int i = 0; i < all; i++) {
                    bits.putShort(2 * i, (short) i);
                  }
                  device.upload(values, bits);
                  Array order = fixture.own(device.of(IntStream.range(0, rows).toArray()));
                  Array x = fixture.own(device.allocate(type, all));
                  Array y = fixture.own(device.allocate(ElementType.I32, rows));
                  Steps steps = fixture.own(new Steps(device, type, 1, 1, 1));
                  steps.start();
                  device.gather(new Rows(values, order, features, 1), order, steps, 0, x, y);
                  fixture.note("x", device.download(x));
                });
          }
        }
      }
    }

    private void assertSame(ElementType type, int models, double[] losses, double[] right) {
      assertSame(
          "tally %s, %d models of %d rows".formatted(type, models, losses.length / models),
          fixture -> BatchExperiments.tally(fixture, type, models, losses, right));
    }

    private double[] right(int n) {
      return random.ints(n, 0, 2).asDoubleStream().toArray();
    }

    @Test
    void tallies() {
      for (int rows : new int[] {0, 1, 31, 32, 33, 1023, 1024, 1025}) {
        for (int models = 1; models <= 9; models++) {
          int n = rows * models;
          for (ElementType type : Suite.TYPES) {
            assertSame(type, models, Values.normal(random, n, 3), right(n));
          }
        }
      }
    }

    @Test
    void talliesThatHalt() {
      int models = 9;
      int n = 33 * models;
      for (ElementType type : Suite.TYPES) {
        for (int at : new int[] {0, 32, 33, n - 1}) {
          for (double bad : new double[] {Double.NaN, 1 / 0.0, -1 / 0.0}) {
            double[] losses = Values.normal(random, n, 3);
            double[] right = right(n);
            losses[at] = bad;
            assertSame(type, models, losses, right);
            right[at] = -1;
            assertSame(type, models, losses, right);
            losses[at] = 1;
            assertSame(type, models, losses, right);
          }
        }
        double most = type == ElementType.F32 ? Float.MAX_VALUE : Double.MAX_VALUE;
        assertSame(type, 1, new double[] {most, most}, new double[2]);
      }
    }
  }
}
