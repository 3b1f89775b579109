package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.oracle.VectorOracle;

/** Operations on vectors: against their definitions, replayed, and what they refuse. */
class VectorTest {
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

  abstract static class Body extends OnDevice {
    private static final double UNIT = Roundoff.unit(ElementType.F64);

    private final TestDevices which;
    private final Random random = new Random(7);

    Body(TestDevices which) {
      super(which);
      this.which = which;
    }

    private double[] numbers(ElementType type, int n) {
      return Arrays.stream(Values.normal(random, n, 1)).map(type::round).toArray();
    }

    /**
     * A product is rounded once, in binary64 where it is one of doubles. On its way through a level
     * of chunks a term goes through at most 32 additions to a lane and 5 of lanes; one chunk is one
     * level, 1,024 are two.
     */
    private static double relative(int n) {
      int roundings = 1 + (n <= Exact.CHUNK ? 37 : 2 * 37);
      return 1.01 * roundings * UNIT; // a hundredth more for the second orders
    }

    private static void assertNear(BigDecimal exact, double actual, double tolerance, String what) {
      double error = exact.subtract(new BigDecimal(actual)).abs().doubleValue();
      assertTrue(error <= tolerance, () -> what + ": " + error + " beyond " + tolerance);
    }

    @Test
    void sums() {
      for (ElementType type : Values.TYPES) {
        for (int n : new int[] {0, 1, 33, 1024, 1025, 5000}) {
          double[] xs = numbers(type, n);
          double[] ys = numbers(type, n);
          double[] xMagnitudes = Arrays.stream(xs).map(Math::abs).toArray();
          double[] yMagnitudes = Arrays.stream(ys).map(Math::abs).toArray();
          double[] ones = new double[n];
          Arrays.fill(ones, 1);
          String what = n + " " + type;
          try (Array x = device.of(type, xs);
              Array y = device.of(type, ys)) {
            double magnitude = VectorOracle.dot(xMagnitudes, yMagnitudes).doubleValue();
            assertNear(
                VectorOracle.dot(xs, ys), device.dot(x, y), relative(n) * magnitude, "dot " + what);

            BigDecimal one = VectorOracle.dot(xMagnitudes, ones);
            double tolerance = relative(n) * one.doubleValue();
            assertNear(one, device.norm(Norm.ONE, x), tolerance, "norm 1 " + what);

            // The root halves a relative error and is rounded once.
            BigDecimal two = VectorOracle.dot(xs, xs).sqrt(MathContext.DECIMAL128);
            tolerance = (relative(n) / 2 + 1.01 * UNIT) * two.doubleValue();
            assertNear(two, device.norm(Norm.TWO, x), tolerance, "norm 2 " + what);

            double max = Arrays.stream(xMagnitudes).max().orElse(0);
            assertEquals(max, device.norm(Norm.MAX, x), what);
          }
        }
      }
    }

    /** Each number exactly, then rounded once to its type. */
    @Test
    void elements() {
      for (ElementType type : Values.TYPES) {
        double[] xs = numbers(type, 1029);
        double[] ys = numbers(type, 1029);
        double a = type.round(-0.3);
        double[] sum = new double[xs.length];
        double[] scaled = new double[xs.length];
        double[] signed = new double[xs.length];
        double[] signs = xs.clone();
        signs[0] = 0;
        for (int i = 0; i < xs.length; i++) {
          BigDecimal product = new BigDecimal(a).multiply(new BigDecimal(xs[i]));
          sum[i] = round(type, product.add(new BigDecimal(ys[i])));
          scaled[i] = round(type, product);
          double sign = signs[i] == 0 ? 0 : signs[i] > 0 ? a : -a;
          signed[i] = round(type, new BigDecimal(scaled[i]).add(new BigDecimal(sign)));
        }
        try (Array x = device.of(type, xs);
            Array y = device.of(type, ys)) {
          device.axpy(-0.3, x, y);
          assertArrayEquals(sum, device.download(y));
          device.scale(-0.3, x);
          assertArrayEquals(scaled, device.download(x));
          device.copy(x, y);
          assertArrayEquals(scaled, device.download(y));
          device.upload(x, signs);
          device.axpySign(-0.3, x, y);
          assertArrayEquals(signed, device.download(y));
        }
      }
    }

    /** Rows by their factors: each product exactly, then rounded once. */
    @Test
    void rows() {
      for (ElementType type : Values.TYPES) {
        for (int columns : new int[] {1, 3, 1000, 1500}) {
          double[] factors = numbers(type, 7);
          double[] xs = numbers(type, 7 * columns);
          double[] expected = new double[xs.length];
          for (int i = 0; i < xs.length; i++) {
            BigDecimal factor = new BigDecimal(factors[i / columns]);
            expected[i] = round(type, factor.multiply(new BigDecimal(xs[i])));
          }
          try (Array by = device.of(type, factors);
              Array x = device.of(type, xs)) {
            device.scaleRows(by, x);
            assertArrayEquals(expected, device.download(x), columns + " columns");
          }
        }
      }
    }

    private static double round(ElementType type, BigDecimal x) {
      return type == ElementType.F32 ? x.floatValue() : x.doubleValue();
    }

    @Test
    void squaresOfFloatsDoNotOverflow() {
      for (double large : new double[] {(float) 1e20, Float.MAX_VALUE}) {
        for (int n : new int[] {1, 1025}) {
          double[] xs = new double[n];
          xs[n - 1] = large;
          try (Array x = device.of(ElementType.F32, xs)) {
            assertEquals(large, device.norm(Norm.TWO, x));
            assertEquals(large * large, device.dot(x, x));
          }
        }
      }
    }

    @Test
    void notANumberIsNeverDropped() {
      for (ElementType type : Values.TYPES) {
        for (int at : new int[] {0, 31, 32, 1023, 1024, 3000}) {
          double[] xs = numbers(type, 3001);
          xs[at] = Double.NaN;
          try (Array x = device.of(type, xs);
              Array y = device.of(type, new double[xs.length])) {
            for (Norm norm : Norm.values()) {
              assertEquals(Double.NaN, device.norm(norm, x), norm + " at " + at);
            }
            assertEquals(Double.NaN, device.dot(x, y), "dot at " + at);
          }
        }
      }
    }

    /** y -> y / 2 + x, five times from one recording. */
    @Test
    void replay() {
      for (ElementType type : Values.TYPES) {
        double[] xs = numbers(type, 1500);
        Function<Device, List<double[]>> replayed =
            device -> {
              try (Steps steps = new Steps(device, type, 1, 5, 1);
                  Array x = device.of(type, xs);
                  Array y = device.allocate(type, xs.length);
                  Array was = device.allocate(type, xs.length);
                  Array dot = device.allocate(ElementType.F64, Device.dotRoom(xs.length));
                  Array norm = device.allocate(ElementType.F64, Device.dotRoom(xs.length));
                  Program program =
                      device.record(
                          steps,
                          () -> {
                            device.copy(y, was);
                            device.scale(0.5, y);
                            device.axpy(1, x, y);
                            device.dot(was, y, dot);
                            device.norm(Norm.TWO, y, norm);
                          })) {
                steps.start();
                program.run(5);
                return List.of(
                    device.download(y),
                    device.download(was),
                    device.download(dot),
                    device.download(norm));
              }
            };
        List<double[]> results = replayed.apply(device);
        double[] y = new double[xs.length];
        for (int i = 0; i < y.length; i++) {
          for (int step = 0; step < 5; step++) {
            y[i] = type.round(y[i] / 2 + xs[i]);
          }
          // Both round five sums of at most 2|x| to the type, each error halved by the next step.
          assertEquals(y[i], results.get(0)[i], 8 * Roundoff.unit(type) * Math.abs(xs[i]));
        }
        assertTwins("replay " + type, replayed);
      }
    }

    // ---- What is refused.

    @Test
    void typesAndCountsThatDoNotFit() {
      Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
      try (Array three = device.of(ElementType.F32, 1, 2, 3);
          Array four = device.of(ElementType.F32, 1, 2, 3, 4);
          Array wide = device.of(ElementType.F64, 1, 2, 3);
          Array ints = device.of(1, 2, 3);
          Array many = device.allocate(ElementType.F32, 1025);
          Array two = device.allocate(ElementType.F64, 2)) {
        refused(wrong, () -> device.dot(three, four, two), "3", "4");
        refused(wrong, () -> device.dot(three, wide, two), "F32", "F64");
        refused(wrong, () -> device.dot(ints, ints, two), "I32");
        refused(wrong, () -> device.dot(three, three, four), "F64", "F32");
        refused(wrong, () -> device.dot(many, many, two), "1025", "3", "2");
        refused(wrong, () -> device.norm(Norm.ONE, ints, two), "I32");
        refused(wrong, () -> device.norm(Norm.TWO, three, four), "F64", "F32");
        refused(wrong, () -> device.norm(Norm.MAX, many, two), "1025", "3", "2");
        refused(wrong, () -> device.axpy(1, three, four), "3", "4");
        refused(wrong, () -> device.axpy(1, three, wide), "F32", "F64");
        refused(wrong, () -> device.axpy(1, ints, ints), "I32");
        refused(wrong, () -> device.axpySign(1, three, four), "3", "4");
        refused(wrong, () -> device.scale(1, ints), "I32");
        refused(wrong, () -> device.scaleRows(three, four), "3", "4");
        refused(wrong, () -> device.scaleRows(four.slice(0, 0), four), "0", "4");
        refused(wrong, () -> device.scaleRows(wide, three), "F32", "F64");
        refused(wrong, () -> device.scaleRows(ints, ints), "I32");
        refused(wrong, () -> device.copy(three, four), "3", "4");
        refused(wrong, () -> device.copy(three, ints), "F32", "I32");
      }
    }

    @Test
    void slicesThatOverlap() {
      Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
      try (Array x = device.of(ElementType.F64, 1, 2, 3, 4, 5, 6, 7, 8)) {
        Array left = x.slice(0, 4);
        for (int from = 0; from < 4; from++) {
          Array right = x.slice(from, 4);
          refused(wrong, () -> device.copy(left, right), "overlaps");
          refused(wrong, () -> device.copy(right, left), "overlaps");
          refused(wrong, () -> device.axpy(1, left, right), "overlaps");
          refused(wrong, () -> device.scaleRows(left, right), "overlaps");
          refused(wrong, () -> device.dot(left, left, right), "overlaps");
          refused(wrong, () -> device.norm(Norm.ONE, left, right), "overlaps");
        }
        Array right = x.slice(4, 4);
        refused(wrong, () -> device.dot(left, right, right), "overlaps");
        device.copy(left, right); // neighbours do not
        device.copy(x.slice(2, 0), x.slice(2, 0)); // nor do empty ones
        assertArrayEquals(new double[] {1, 2, 3, 4, 1, 2, 3, 4}, device.download(x));
      }
    }

    @Test
    void arraysOfAnotherDevice() {
      for (TestDevices other : new TestDevices[] {which, TestDevices.JAVA_1}) {
        try (Device second = other.open();
            Steps steps = new Steps(device, ElementType.F64, 1, 1, 1);
            Array x = device.of(ElementType.F64, 1);
            Array out = device.of(ElementType.F64, 1, 2);
            Array foreign = second.of(ElementType.F64, 1);
            Array foreignOut = second.of(ElementType.F64, 1, 2)) {
          List<Runnable> uses =
              List.of(
                  () -> device.dot(foreign, x, out),
                  () -> device.dot(x, foreign, out),
                  () -> device.dot(x, x, foreignOut),
                  () -> device.norm(Norm.TWO, foreign, out),
                  () -> device.norm(Norm.TWO, x, foreignOut),
                  () -> device.axpy(1, foreign, x),
                  () -> device.axpy(1, x, foreign),
                  () -> device.scale(1, foreign),
                  () -> device.scaleRows(foreign, x),
                  () -> device.scaleRows(x, foreign),
                  () -> device.copy(foreign, x),
                  () -> device.copy(x, foreign));
          for (Runnable use : uses) {
            refused(IllegalArgumentException.class, use::run, "another device");
            refused(
                IllegalArgumentException.class,
                () -> device.record(steps, use).close(),
                "another device");
          }
        }
      }
    }

    @Test
    void arraysAfterClose() {
      Array closed = device.of(ElementType.F64, 1, 2, 3);
      closed.close();
      try (Array x = device.of(ElementType.F64, 1, 2, 3);
          Array out = device.allocate(ElementType.F64, 2)) {
        List<Executable> uses =
            List.of(
                () -> device.dot(closed, x, out),
                () -> device.dot(x, closed, out),
                () -> device.dot(x, x, closed),
                () -> device.norm(Norm.MAX, closed, out),
                () -> device.norm(Norm.MAX, x, closed),
                () -> device.axpy(1, closed, x),
                () -> device.axpy(1, x, closed),
                () -> device.scale(1, closed),
                () -> device.scaleRows(closed, x),
                () -> device.scaleRows(x, closed),
                () -> device.copy(closed, x),
                () -> device.copy(x, closed));
        for (Executable use : uses) {
          refused(IllegalStateException.class, use, "3 F64", "close");
        }
      }
    }

    @Test
    void conveniencesAreNotRecorded() {
      try (Steps steps = new Steps(device, ElementType.F64, 1, 1, 1);
          Array x = device.of(ElementType.F64, 3, 4)) {
        assertEquals(25, device.dot(x, x));
        assertEquals(5, device.norm(Norm.TWO, x));
        List<Runnable> bodies = List.of(() -> device.dot(x, x), () -> device.norm(Norm.TWO, x));
        for (Runnable body : bodies) {
          refused(IllegalStateException.class, () -> device.record(steps, body), "recorded");
        }
      }
    }
  }
}
