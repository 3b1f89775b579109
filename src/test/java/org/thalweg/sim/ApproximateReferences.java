package org.thalweg.sim;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The .approx forms of f32, within the bounds of the PTX ISA. Java's functions of doubles, good to
 * an ulp of theirs, stand for the exact values.
 */
final class ApproximateReferences {
  private ApproximateReferences() {}

  static @Nullable Reference find(Instruction i) {
    if (!i.types().equals(List.of(new PtxType('f', 32)))) return null;
    if (!Set.of("approx", "full", "ftz").containsAll(i.modifiers())) return null;
    boolean ftz = i.has("ftz");
    return switch (i.opcode()) {
      // 2^-22 relative.
      case "ex2" -> of(1, ftz, a -> Math.pow(2, a[0]), 0x1p-22, 0);
      // 2^-22: absolute for arguments in (0.5, 2), relative elsewhere, where the result is above 1.
      case "lg2" -> of(1, ftz, a -> Math.log(a[0]) / Math.log(2), 0x1p-22, 0x1p-22);
      case "rcp" -> of(1, ftz, a -> 1 / a[0], 0x1p-23, 0);
      case "sqrt" -> of(1, ftz, a -> Math.sqrt(a[0]), 0x1p-22, 0);
      case "rsqrt" -> of(1, ftz, a -> 1 / Math.sqrt(a[0]), 0x1p-22, 0);
      // 2 ulp; .approx promises them for |b| in [2^-126, 2^126] only.
      case "div" -> of(2, ftz, a -> divisor(a[1]) ? a[0] / a[1] : Double.NaN, 0x1p-22, 0);
      // 2^-20.5 absolute in [-2 pi, 2 pi]; beyond, NVIDIA only describes how it grows.
      case "sin" ->
          of(1, ftz, a -> Math.abs(a[0]) <= 6.28 ? Math.sin(a[0]) : Double.NaN, 0, 0x1p-20);
      case "cos" ->
          of(1, ftz, a -> Math.abs(a[0]) <= 6.28 ? Math.cos(a[0]) : Double.NaN, 0, 0x1p-20);
      default -> null;
    };
  }

  private static boolean divisor(double b) {
    return Math.abs(b) >= 0x1p-126 && Math.abs(b) <= 0x1p126;
  }

  /**
   * @param function the exact value; NaN of numbers where nothing is promised
   * @param relative the bound on the relative error
   * @param absolute what is added to it
   */
  private static Reference of(
      int operands,
      boolean ftz,
      ToDoubleFunction<double[]> function,
      double relative,
      double absolute) {
    PtxType f32 = new PtxType('f', 32);
    return Reference.of(
        f32,
        Collections.nCopies(operands, f32),
        a -> {
          double[] x = new double[a.length];
          boolean nan = false;
          for (int k = 0; k < a.length; k++) {
            x[k] = FloatFormat.F32.toDouble(ftz ? FloatFormat.F32.flushed(a[k]) : a[k]);
            nan |= Double.isNaN(x[k]);
          }
          if (nan) return Expected.nan(FloatFormat.F32);
          double exact = function.applyAsDouble(x);
          if (Double.isNaN(exact)) return Expected.anything();
          if (Double.isInfinite(exact)) {
            return Expected.bits(Float.floatToRawIntBits((float) exact) & 0xffffffffL);
          }
          double error = Math.abs(exact) * relative + absolute + Float.MIN_VALUE;
          boolean tiny = ftz && Math.abs(exact) < Float.MIN_NORMAL * (1 + relative);
          return Expected.within(
              tiny ? Math.min(exact - error, -0.0) : (float) (exact - error),
              tiny ? Math.max(exact + error, 0.0) : (float) (exact + error));
        });
  }
}
