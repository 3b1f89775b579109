package org.thalweg.tools;

import java.util.Comparator;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.LongStream;
import org.thalweg.numeric.Exact;

/**
 * Measures {@code Exact.exp(float)} and {@code Exact.log(float)} over all 2^32 inputs, on all
 * processors, and prints the largest errors. Required by src/docs/numerics.md, "exp and log": below
 * {@link #ALLOWED}.
 *
 * <p>The reference is {@code StrictMath}: its error, below one ulp of binary64, is 2^-29 of those
 * counted here.
 */
public final class UlpScan {
  /** In units in the last place, of the exact result's binade rather than the rounded one's. */
  public static final double ALLOWED = 0.9;

  private static final long INPUTS = 1L << 32;
  private static final long BLOCK = 1L << 22;

  private UlpScan() {}

  /** A function of binary32 numbers. */
  @FunctionalInterface
  public interface FloatFunction {
    /** Its value at x. */
    float apply(float x);
  }

  /** The input with the largest error, in ulp; infinite where a special value is wrong. */
  public record Worst(float input, double ulp) {}

  /** Takes an optional stride through the bit patterns; 1, all of them, if it is missing. */
  public static void main(String[] args) {
    long stride = args.length > 0 ? Long.parseLong(args[0]) : 1;
    boolean met = report("exp", Exact::exp, StrictMath::exp, stride);
    met &= report("log", Exact::log, StrictMath::log, stride);
    System.exit(met ? 0 : 1);
  }

  private static boolean report(
      String name, FloatFunction f, DoubleUnaryOperator reference, long stride) {
    long start = System.nanoTime();
    Worst worst = scan(f, reference, stride);
    System.out.printf(
        "%s: %.6f ulp at %s (%s), every %d of 2^32 inputs, %.0f s%n",
        name,
        worst.ulp,
        worst.input,
        Float.toHexString(worst.input),
        stride,
        (System.nanoTime() - start) / 1e9);
    return worst.ulp < ALLOWED;
  }

  /** The largest error over the bit patterns 0, stride, 2*stride, .. below 2^32. */
  public static Worst scan(FloatFunction f, DoubleUnaryOperator reference, long stride) {
    return LongStream.range(0, INPUTS / BLOCK)
        .parallel()
        .mapToObj(block -> scanBlock(f, reference, stride, block * BLOCK))
        .max(Comparator.comparingDouble(Worst::ulp))
        .orElseThrow();
  }

  private static Worst scanBlock(
      FloatFunction f, DoubleUnaryOperator reference, long stride, long start) {
    float input = Float.NaN;
    double most = -1;
    for (long bits = (start + stride - 1) / stride * stride; bits < start + BLOCK; bits += stride) {
      float x = Float.intBitsToFloat((int) bits);
      double ulp = error(f.apply(x), reference.applyAsDouble(x));
      if (ulp > most) {
        most = ulp;
        input = x;
      }
    }
    return new Worst(input, most);
  }

  /** The distance of {@code value} from {@code exact} in ulp. */
  static double error(float value, double exact) {
    float rounded = (float) exact;
    if (!Float.isFinite(rounded) || !Float.isFinite(value) || exact == 0) {
      boolean same = Float.floatToIntBits(value) == Float.floatToIntBits(rounded);
      return same ? 0 : Double.POSITIVE_INFINITY;
    }
    int exponent = Math.max(Math.getExponent(exact), Float.MIN_EXPONENT);
    return Math.abs(value - exact) / Math.scalb(1.0, exponent - 23);
  }
}
