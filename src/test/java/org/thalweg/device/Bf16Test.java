package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Group;
import org.thalweg.optim.Rounding;
import org.thalweg.optim.Sgd;

/** Parameters and gradients in bf16 with masters in binary32. */
class Bf16Test {
  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  /** Every bf16 number with its neighbour above, at and around what lies half-way between them. */
  @Test
  void roundingToNearest() {
    for (int upper = 0; upper < 0x7f80; upper++) {
      double below = Exact.widen((short) upper);
      // Beyond the largest number the next one is taken for 2^128, as IEEE-754 does.
      double above = upper == 0x7f7f ? 0x1p128 : Exact.widen((short) (upper + 1));
      for (int lower : new int[] {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff}) {
        float x = Float.intBitsToFloat(upper << 16 | lower);
        double half = (below + above) / 2;
        boolean up = x > half || (x == half && upper % 2 == 1);
        assertEquals((short) (up ? upper + 1 : upper), Exact.bf16(x), "" + x);
        assertEquals((short) ((up ? upper + 1 : upper) | 0x8000), Exact.bf16(-x), "" + -x);
      }
    }
    for (int nan : new int[] {0x7fc00000, 0x7f800001, 0x7fffffff, 0xffffffff, 0xff800001}) {
      assertEquals((short) 0x7fc0, Exact.bf16(Float.intBitsToFloat(nan)));
      assertEquals((short) 0x7fc0, Exact.bf16Stochastic(Float.intBitsToFloat(nan), -1));
    }
    assertEquals(Float.POSITIVE_INFINITY, Exact.widen(Exact.bf16(Float.MAX_VALUE)));
  }

  /**
   * Up exactly for as many of the 2^16 random numbers as x is 2^-16 parts above its lower
   * neighbour.
   */
  @Test
  void roundingStochastically() {
    for (int upper : new int[] {0, 1, 0x3f80, 0x3fff, 0x7f7e, 0x8000, 0xbf80}) {
      for (int lower : new int[] {0, 1, 0x4000, 0x8000, 0xffff}) {
        float x = Float.intBitsToFloat(upper << 16 | lower);
        int ups = 0;
        for (int random = 0; random < 1 << 16; random++) {
          int rounded = Exact.bf16Stochastic(x, random << 16) & 0xffff;
          assertTrue(rounded == upper || rounded == upper + 1);
          ups += rounded - upper;
        }
        assertEquals(lower, ups);
      }
    }
    for (float x : new float[] {Float.MAX_VALUE, -Float.MAX_VALUE}) {
      assertEquals(
          Math.copySign(0x1.fep127f, x), Exact.widen(Exact.bf16Stochastic(x, -1)), "stays finite");
    }
    assertEquals(
        Float.POSITIVE_INFINITY, Exact.widen(Exact.bf16Stochastic(Float.POSITIVE_INFINITY, -1)));
  }

  abstract static class Body extends OnDevice {
    private static final int N = 5000;

    Body(TestDevices which) {
      super(which);
    }

    /**
     * With a learning rate of 0 and decay of a quarter the master is 0.75 of what it was. Its
     * copies' mean is the master's value: n copies that are off by at most 2^-8 of it each have a
     * mean that is off by more than 6 * 2^-8 / sqrt(n) once in 10^9 tries.
     */
    @Test
    void stochasticRoundingLosesNothingOnAverage() {
      double[] first = new double[N];
      Arrays.fill(first, 0x1.02p0); // 0.75 of it is 0x1.83p-1, half-way between two numbers
      double[] mean = new double[2];
      double[][] copies = new double[2][];
      Group group = new Group(1, 0, 0, 0.25);
      Sgd rule = new Sgd(1);
      for (int t = 1; t <= 2; t++) {
        try (Array w = device.of(ElementType.BF16, first);
            Array g = device.allocate(ElementType.BF16, N);
            Tensors tensors = device.tensors(List.of(new Parameter(w, g, 0)), rule);
            Steps steps = new Steps(device, ElementType.F32, 1 + Group.columns(rule), 1, 1)) {
          steps.integer(0, 0, new Rounding(true, 3).key(t));
          steps.numbers(0, 1, group.numbers(rule, steps.type(), 1, t, 1));
          steps.start();
          device.update(rule, tensors, steps, 0);
          copies[t - 1] = device.download(w);
          mean[t - 1] = Arrays.stream(copies[t - 1]).average().orElseThrow();
          assertEquals(0x1.83p-1, device.download(tensors.master(0))[N - 1]);
        }
        assertEquals(0x1.83p-1, mean[t - 1], 0x1.83p-1 * 6 * 0x1p-8 / Math.sqrt(N));
      }
      assertEquals(2, Arrays.stream(copies[0]).distinct().count());
      assertTrue(!Arrays.equals(copies[0], copies[1]), "each update has bits of its own");
    }

    @Test
    void storageOnly() {
      try (Array x = device.of(ElementType.BF16, 1)) {
        Product size = Product.of(1, 1, 1);
        Exception e =
            assertThrows(
                IllegalArgumentException.class, () -> device.multiply(size, x, x, null, x));
        assertTrue(String.valueOf(e.getMessage()).contains("storage"), e.getMessage());
        assertThrows(
            IllegalArgumentException.class, () -> new Steps(device, ElementType.BF16, 1, 1, 1));
      }
    }
  }
}
