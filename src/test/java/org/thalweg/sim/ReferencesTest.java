package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * The references of InstructionsTest, where Java has the same operation: the measure is measured
 * too.
 */
class ReferencesTest {
  private interface Java {
    double of(double a, double b, double c);
  }

  private interface JavaFloat {
    float of(float a, float b, float c);
  }

  private static Reference reference(String mnemonic, String form) {
    return Objects.requireNonNull(References.find(new Instruction(mnemonic, form)), mnemonic);
  }

  private static List<long[]> tuples(Reference reference) {
    return new Operands()
        .tuples(reference.operands().stream().map(Reference.Register::type).toList());
  }

  private static void assertDoubles(String mnemonic, Java java) {
    Reference reference = reference(mnemonic, "");
    for (long[] a : tuples(reference)) {
      double[] x = new double[3];
      for (int k = 0; k < a.length; k++) x[k] = Double.longBitsToDouble(a[k]);
      long expected = Double.doubleToRawLongBits(java.of(x[0], x[1], x[2]));
      assertTrue(
          reference.rule().of(a)[0].admits(expected),
          () -> mnemonic + " of " + List.of(x[0], x[1], x[2]));
    }
  }

  private static void assertFloats(String mnemonic, JavaFloat java) {
    Reference reference = reference(mnemonic, "");
    for (long[] a : tuples(reference)) {
      float[] x = new float[3];
      for (int k = 0; k < a.length; k++) x[k] = Float.intBitsToFloat((int) a[k]);
      float y = java.of(x[0], x[1], x[2]);
      long expected =
          Float.isNaN(y) ? 0x7fffffff : Integer.toUnsignedLong(Float.floatToRawIntBits(y));
      assertTrue(
          reference.rule().of(a)[0].admits(expected),
          () -> mnemonic + " of " + List.of(x[0], x[1], x[2]));
    }
  }

  @Test
  void arithmeticIsJavas() {
    assertFloats("add.rn.f32", (a, b, c) -> a + b);
    assertFloats("sub.f32", (a, b, c) -> a - b);
    assertFloats("mul.rn.f32", (a, b, c) -> a * b);
    assertFloats("div.rn.f32", (a, b, c) -> a / b);
    assertFloats("fma.rn.f32", Math::fma);
    assertFloats("sqrt.rn.f32", (a, b, c) -> (float) Math.sqrt(a));
    assertDoubles("add.rn.f64", (a, b, c) -> a + b);
    assertDoubles("sub.rn.f64", (a, b, c) -> a - b);
    assertDoubles("mul.rn.f64", (a, b, c) -> a * b);
    assertDoubles("div.rn.f64", (a, b, c) -> a / b);
    assertDoubles("fma.rn.f64", Math::fma);
    assertDoubles("sqrt.rn.f64", (a, b, c) -> Math.sqrt(a));
  }

  @Test
  void conversionsAreJavas() {
    Reference narrow = reference("cvt.rn.f32.f64", "32,64");
    Reference floor = reference("cvt.rmi.f64.f64", "64,64");
    Reference nearest = reference("cvt.rni.f64.f64", "64,64");
    Reference toInt = reference("cvt.rzi.s32.f64", "32,64");
    for (long[] a : tuples(narrow)) {
      double x = Double.longBitsToDouble(a[0]);
      if (Double.isNaN(x)) continue;
      long narrowed = Integer.toUnsignedLong(Float.floatToRawIntBits((float) x));
      assertTrue(narrow.rule().of(a)[0].admits(narrowed), () -> "narrowing " + x);
      assertTrue(
          floor.rule().of(a)[0].admits(Double.doubleToRawLongBits(Math.floor(x))),
          () -> "floor of " + x);
      assertTrue(
          nearest.rule().of(a)[0].admits(Double.doubleToRawLongBits(Math.rint(x))),
          () -> "rint of " + x);
      assertTrue(toInt.rule().of(a)[0].admits((int) x & 0xffffffffL), () -> "int of " + x);
    }
  }

  /**
   * Down and up enclose the exact sum, to zero and to nearest are one of the two, and ties occur.
   */
  @Test
  void directionsEncloseTheExactSum() {
    int ties = 0;
    for (long[] a : tuples(reference("add.rn.f32", ""))) {
      FloatFormat f = FloatFormat.F32;
      if (!f.isFinite(a[0]) || !f.isFinite(a[1])) continue;
      Dyadic sum = f.value(a[0]).plus(f.value(a[1]));
      double down = f.toDouble(f.round(sum, "rm", false));
      double up = f.toDouble(f.round(sum, "rp", false));
      double near = f.toDouble(f.round(sum, "rn", false));
      if (Double.isInfinite(down) || Double.isInfinite(up)) continue;
      BigDecimal exact = new BigDecimal(f.toDouble(a[0])).add(new BigDecimal(f.toDouble(a[1])));
      BigDecimal below = exact.subtract(new BigDecimal(down));
      BigDecimal above = new BigDecimal(up).subtract(exact);
      assertTrue(below.signum() >= 0 && above.signum() >= 0);
      assertTrue(up == down || up == Math.nextUp((float) down));
      int order = below.compareTo(above);
      if (order != 0) assertEquals(order < 0 ? down : up, near);
      if (order == 0 && up != down) {
        ties++;
        assertEquals(0, Float.floatToRawIntBits((float) near) & 1);
      }
      assertEquals(exact.signum() < 0 ? up : down, f.toDouble(f.round(sum, "rz", false)));
    }
    assertTrue(ties > 100, "too few ties: " + ties);
  }
}
