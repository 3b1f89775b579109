package org.thalweg.numeric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.tools.FitPolynomials;
import org.thalweg.tools.UlpScan;

class ExactTest {
  private static final long STRIDE = 997; // prime; UlpScan's main takes every input

  @Test
  void expIsAccurate() {
    UlpScan.Worst worst = UlpScan.scan(Exact::exp, StrictMath::exp, STRIDE);
    assertTrue(worst.ulp() < UlpScan.ALLOWED, worst::toString);
  }

  @Test
  void logIsAccurate() {
    UlpScan.Worst worst = UlpScan.scan(Exact::log, StrictMath::log, STRIDE);
    assertTrue(worst.ulp() < UlpScan.ALLOWED, worst::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernels/exact.cuh", "src/main/java/org/thalweg/numeric/Exact.java"})
  void coefficientsAreTheFittedOnes(String source) throws Exception {
    // The same lines in both languages but for their indent and the name of fma.
    String text = Files.readString(Path.of(source)).replace("Math.fma(", "fmaf(");
    text = text.replaceAll("(?m)^ +", "");
    assertTrue(text.contains(horner("r", FitPolynomials.exp())), "exp in " + source);
    assertTrue(text.contains(horner("f", FitPolynomials.log())), "log in " + source);
  }

  private static String horner(String x, float[] c) {
    StringBuilder lines = new StringBuilder();
    for (int i = c.length - 1; i >= 0; i--) {
      String coefficient = Float.toHexString(c[i]) + "f";
      lines.append(
          i == c.length - 1
              ? "float p = " + coefficient + ";\n"
              : "p = fmaf(p, " + x + ", " + coefficient + ");\n");
    }
    return lines.toString();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1",
    "-0.0, 1",
    "NaN, NaN",
    "Infinity, Infinity",
    "-Infinity, 0",
    "3.4028235e38, Infinity",
    "-3.4028235e38, 0",
    "1.4e-45, 1",
    "88.72283, 3.4027985e38", // the largest that does not overflow
    "88.72284, Infinity",
    "-103.97208, 1.4e-45", // the smallest that does not underflow
    "-103.972084, 0",
  })
  void specialValuesOfExp(float x, float expected) {
    assertEquals(expected, Exact.exp(x));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0",
    "0, -Infinity",
    "-0.0, -Infinity",
    "-1, NaN",
    "-1.4e-45, NaN",
    "-Infinity, NaN",
    "NaN, NaN",
    "Infinity, Infinity",
    "1.4e-45, -103.27893",
    "3.4028235e38, 88.72284",
  })
  void specialValuesOfLog(float x, float expected) {
    assertEquals(expected, Exact.log(x));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 2, 2",
    "2, 1, 2",
    "NaN, 1, 1",
    "1, NaN, 1",
    "NaN, NaN, NaN",
    "-0.0, 0.0, 0.0",
    "0.0, -0.0, 0.0",
    "-Infinity, NaN, -Infinity",
  })
  void maxDropsNaN(float a, float b, float expected) {
    assertEquals(expected, Exact.max(a, b));
    assertEquals(expected, Exact.max((double) a, (double) b));
  }

  @Test
  void bitsKnowOneNaN() {
    assertEquals(0x7fc00000, Exact.bits(Float.intBitsToFloat(0xffaaaaaa)));
    assertEquals(0x7ff8000000000000L, Exact.bits(Double.longBitsToDouble(0xfffaaaaaaaaaaaaaL)));
    assertEquals(0x80000000, Exact.bits(-0.0f));
  }

  @ParameterizedTest
  @ValueSource(
      ints = {0, 1, 31, 32, 33, 1023, 1024, 1025, 1055, 1057, 33_000, 1 << 20, (1 << 20) + 1025})
  void sumsAreInTheContractsOrder(int n) {
    Random random = new Random(n);
    int from = 5;
    float[] floats = new float[from + n + 3];
    double[] doubles = new double[floats.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) random.nextGaussian();
      doubles[i] = random.nextGaussian();
    }
    assertSameSums(floats, doubles, from, n);
  }

  @Property
  void sumsOfAnyBitsAreInTheContractsOrder(@ForAll @Size(max = 2_100) int[] bits) {
    float[] floats = new float[bits.length];
    double[] doubles = new double[bits.length];
    for (int i = 0; i < bits.length; i++) {
      floats[i] = Float.intBitsToFloat(bits[i]);
      doubles[i] = floats[i];
    }
    assertSameSums(floats, doubles, 0, bits.length);
  }

  private static void assertSameSums(float[] floats, double[] doubles, int from, int n) {
    double[] wide = new double[n];
    for (int i = 0; i < n; i++) {
      wide[i] = floats[from + i];
    }
    float sum = Exact.sum(floats, from, n);
    assertEquals(Exact.bits((float) contract(wide, true)), Exact.bits(sum));
    double[] slice = Arrays.copyOfRange(doubles, from, from + n);
    assertEquals(Exact.bits(contract(slice, false)), Exact.bits(Exact.sum(doubles, from, n)));
  }

  /**
   * The words of src/docs/numerics.md, "Sums", one for one. A binary32 sum of two is the binary64
   * sum, rounded.
   */
  private static double contract(double[] x, boolean binary32) {
    double[] results = new double[Math.max(1, (x.length + 1023) / 1024)];
    for (int c = 0; c < results.length; c++) {
      double[] partials = new double[32];
      for (int i = 1024 * c; i < Math.min(x.length, 1024 * (c + 1)); i++) {
        partials[i % 32] = add(partials[i % 32], x[i], binary32);
      }
      for (int other : new int[] {16, 8, 4, 2, 1}) {
        double[] before = partials.clone();
        for (int lane = 0; lane < 32; lane++) {
          partials[lane] = add(before[lane], before[lane ^ other], binary32);
        }
      }
      results[c] = partials[31]; // all lanes are equal
    }
    return results.length == 1 ? results[0] : contract(results, binary32);
  }

  private static double add(double a, double b, boolean binary32) {
    return binary32 ? (float) (a + b) : a + b;
  }

  @Property(tries = 200)
  void sumsAreAccurate(
      @ForAll @Size(max = 3_000) List<@FloatRange(min = -1e6f, max = 1e6f) Float> elements) {
    float[] x = new float[elements.size()];
    BigDecimal exact = BigDecimal.ZERO;
    BigDecimal magnitude = BigDecimal.ZERO;
    for (int i = 0; i < x.length; i++) {
      x[i] = elements.get(i);
      exact = exact.add(new BigDecimal(x[i]));
      magnitude = magnitude.add(new BigDecimal(Math.abs(x[i])));
    }
    // An element goes through 32 + 5 additions in each of the two levels, each of which errs by at
    // most 2^-24 of a partial sum; 1.0001 covers the higher orders.
    double bound = 74 * 0x1p-24 * 1.0001 * magnitude.doubleValue();
    double error = exact.subtract(new BigDecimal(Exact.sum(x, 0, x.length))).doubleValue();
    assertTrue(Math.abs(error) <= bound, error + " > " + bound);
  }

  @Property(tries = 20)
  void onesAreCounted(@ForAll @IntRange(max = 1 << 22) int n) {
    float[] ones = new float[n];
    Arrays.fill(ones, 1);
    assertEquals(n, Exact.sum(ones, 0, n));
  }

  @Test
  void nothingAndMinusZerosAddUpToPlusZero() {
    assertEquals(0.0f, Exact.sum(new float[0], 0, 0));
    assertEquals(0.0f, Exact.sum(new float[] {-0.0f, -0.0f}, 0, 2));
    assertEquals(0.0, Exact.sum(new double[] {-0.0}, 0, 1));
  }

  /** Of the midpoints too, which go to the even one, and of numbers next to them. */
  @Test
  void halvesAreTheNearest() {
    for (int bits = 0; bits < 0x7c00; bits++) {
      float half = Exact.widenHalf((short) bits);
      float above = bits == 0x7bff ? 65536 : Exact.widenHalf((short) (bits + 1));
      float middle = half + (above - half) / 2;
      int even = bits + (bits & 1);
      assertHalf(bits, half);
      assertHalf(bits, Math.nextDown(middle));
      assertHalf(even, middle);
      assertHalf(bits + 1, Math.nextUp(middle));
    }
    for (float large : new float[] {65536, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
      assertHalf(0x7c00, large);
    }
    assertTrue(Float.isNaN(Exact.widenHalf(Exact.half(Float.NaN))));
  }

  private static void assertHalf(int bits, float x) {
    assertEquals((short) bits, Exact.half(x), () -> "" + x);
    assertEquals((short) (bits | 0x8000), Exact.half(-x), () -> "" + -x);
  }
}
