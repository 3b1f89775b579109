package org.thalweg.numeric;

/**
 * The arithmetic that the Java device and the CUDA kernels share: exp, log, bf16 and the canonical
 * sums. {@code kernels/exact.cuh} has the same functions with the same operations in the same
 * order, so the results have the same bits. {@code src/docs/numerics.md} describes them in words.
 *
 * <p>A fused multiply-add is written {@code Math.fma}; a*b + c is two roundings.
 */
public final class Exact {
  /** How many elements a chunk of a sum has: each chunk is summed first, then the chunks' sums. */
  public static final int CHUNK = 1024;

  /** How many steps along k a chunk of a product has: each chunk is one chain of fma. */
  public static final int PRODUCT_CHUNK = 128;

  private static final int LANES = 32;

  private Exact() {}

  /** How many chunks a sum of n elements has. */
  public static long chunks(long n) {
    return (n + CHUNK - 1) / CHUNK;
  }

  /** 2^k for -126 <= k <= 127. */
  private static float pow2(int k) {
    return Float.intBitsToFloat((k + 127) << 23);
  }

  /**
   * {@code e^x = 2^k * e^r} with {@code k = rint(x * log2(e))} and {@code r = x - k*log(2), |r| <=
   * log(2)/2}; then {@code e^r = 1 + r + r*r*P(r)}. Largest error over all inputs: see
   * tools.UlpScan. exp(0) = 1 exactly.
   *
   * <p>x * log2(e) is rounded by adding 1.5 * 2^23: k then stands in the low bits of the sum, and
   * no float is ever converted to an integer. log(2) is split so that k times its high part is
   * exact (15 + 8 bits). P is fitted by tools.FitPolynomials.
   */
  public static float exp(float x) {
    // At these bounds e^x is Inf or 0 already: log(2^128) = 88.72.., log(2^-150) = -103.97..
    float y = Math.max(Math.min(x, 89.0f), -104.0f);
    final float shift = 0x1.8p23f;
    float shifted = Math.fma(y, 0x1.715476p0f, shift);
    int k = Float.floatToRawIntBits(shifted) - Float.floatToRawIntBits(shift);
    float n = shifted - shift;
    float r = Math.fma(n, -0x1.62e4p-1f, y);
    r = Math.fma(n, -0x1.7f7d1cp-20f, r);
    float p = 0x1.697b94p-10f;
    p = Math.fma(p, r, 0x1.12398p-7f);
    p = Math.fma(p, r, 0x1.5559fep-5f);
    p = Math.fma(p, r, 0x1.555492p-3f);
    p = Math.fma(p, r, 0x1.fffffap-2f);
    p = Math.fma(p, r, 1.0f);
    p = Math.fma(p, r, 1.0f);
    int half = k >> 1; // in two steps, because 2^k itself may overflow or be subnormal;
    p = p * pow2(half) * pow2(k - half); // the first is exact, so there is one rounding
    return Float.isNaN(x) ? x : p;
  }

  /**
   * {@code log(x) = k*log(2) + log1p(f)} with {@code x = 2^k * (1 + f), -1/3 <= f < 1/3}; then
   * {@code log1p(f) = f + f*f*P(f)}. Largest error over all inputs: see tools.UlpScan. log(1) = 0
   * exactly. P is fitted by tools.FitPolynomials.
   */
  public static float log(float x) {
    if (Float.isNaN(x) || x < 0.0f) {
      return Float.NaN;
    }
    if (x == 0.0f) {
      return Float.NEGATIVE_INFINITY;
    }
    if (x == Float.POSITIVE_INFINITY) {
      return x;
    }
    int k = 0;
    if (x < 0x1p-126f) { // subnormal
      x = x * 0x1p23f;
      k = -23;
    }
    int bits = Float.floatToRawIntBits(x);
    int exponent = (bits - 0x3f2aaaab) >> 23; // 0x3f2aaaab is 2/3: 1 + f is in [2/3, 4/3)
    k = k + exponent;
    float f = Float.intBitsToFloat(bits - (exponent << 23)) - 1.0f;
    float s = f * f;
    float p = -0x1.09ee78p-3f;
    p = Math.fma(p, f, 0x1.1d7cb6p-3f);
    p = Math.fma(p, f, -0x1.f24fc2p-4f);
    p = Math.fma(p, f, 0x1.1f096ep-3f);
    p = Math.fma(p, f, -0x1.55a408p-3f);
    p = Math.fma(p, f, 0x1.99ccep-3f);
    p = Math.fma(p, f, -0x1.fffec8p-3f);
    p = Math.fma(p, f, 0x1.555512p-2f);
    p = Math.fma(p, f, -0x1.0p-1f);
    p = Math.fma(p, s, f);
    return Math.fma((float) k, 0x1.62e43p-1f, p);
  }

  /** e^x, fdlibm's. */
  public static double exp(double x) {
    return StrictMath.exp(x);
  }

  /** The natural logarithm, fdlibm's. */
  public static double log(double x) {
    return StrictMath.log(x);
  }

  /** The maximum as PTX's max has it: if one argument is NaN, the other one; +0 is above -0. */
  public static float max(float a, float b) {
    return Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.max(a, b);
  }

  /** The maximum as PTX's max has it: if one argument is NaN, the other one; +0 is above -0. */
  public static double max(double a, double b) {
    return Double.isNaN(a) ? b : Double.isNaN(b) ? a : Math.max(a, b);
  }

  /** The bits of x, of every NaN those of the canonical NaN, for comparisons and checksums. */
  public static int bits(float x) {
    return Float.floatToIntBits(x); // canonicalises, unlike floatToRawIntBits
  }

  /** The bits of x, of every NaN those of the canonical NaN, for comparisons and checksums. */
  public static long bits(double x) {
    return Double.doubleToLongBits(x); // canonicalises, unlike doubleToRawLongBits
  }

  /** The value of a binary16 number (IEEE 754-2019, 3.6); of a NaN, a NaN. */
  public static float widenHalf(short half) {
    int size = (half & 0x7fff) << 13; // the exponent is 112 less than a binary32 of these bits has
    float value =
        size < 0x7c00 << 13
            ? Float.intBitsToFloat(size) * 0x1p112f
            : Float.intBitsToFloat(size | 0x7f800000);
    return half < 0 ? -value : value;
  }

  /** Rounds x to binary16, to nearest even, and returns the bits. */
  public static short half(float x) {
    float size = Math.abs(x);
    int sign = Float.floatToRawIntBits(x) >>> 16 & 0x8000;
    int bits = Float.floatToIntBits(size);
    if (size < 0x1p-14f) { // a multiple of 2^-24, the smallest of all
      return (short) (sign | (int) Math.rint(size * 0x1p24f));
    }
    int rounded = ((bits + 0xfff + (bits >> 13 & 1)) >> 13) - (112 << 10);
    return (short) (sign | (Float.isNaN(x) ? 0x7e00 : Math.min(rounded, 0x7c00)));
  }

  /** The value of a bf16 number, given its bits. */
  public static float widen(short bf16) {
    return Float.intBitsToFloat(bf16 << 16);
  }

  /** Rounds x to bf16, to nearest even, and returns the bits. */
  public static short bf16(float x) {
    return bf16(x, 0x7fff + (Float.floatToRawIntBits(x) >>> 16 & 1));
  }

  /**
   * Rounds x to bf16 stochastically and returns the bits: the magnitude is rounded up with a
   * probability equal to the fraction of the last place that is cut off. A finite number stays
   * finite.
   *
   * @param random 32 bits, of which the upper 16 are used
   */
  public static short bf16Stochastic(float x, int random) {
    short rounded = bf16(x, random >>> 16);
    boolean overflowed = Float.isFinite(x) && (rounded & 0x7fff) == 0x7f80;
    return overflowed ? (short) (rounded - 1) : rounded;
  }

  private static short bf16(float x, int addend) {
    // NaN is handled first, because the addition would turn some NaNs into numbers.
    return Float.isNaN(x) ? 0x7fc0 : (short) ((Float.floatToRawIntBits(x) + addend) >>> 16);
  }

  /**
   * The canonical sum of {@code x[from .. from+n)}: each chunk of {@link #CHUNK} elements is summed
   * as in {@link #chunkSum}; the results are summed by the same rule. An empty sum is +0. To sum
   * f(x), fill an array with it.
   */
  public static float sum(float[] x, int from, int n) {
    if (n <= CHUNK) {
      return chunkSum(x, from, n);
    }
    float[] sums = new float[(n - 1) / CHUNK + 1];
    for (int c = 0; c < sums.length; c++) {
      sums[c] = chunkSum(x, from + c * CHUNK, Math.min(CHUNK, n - c * CHUNK));
    }
    return sum(sums, 0, sums.length);
  }

  /** As {@link #sum(float[], int, int)}, in binary64. */
  public static double sum(double[] x, int from, int n) {
    if (n <= CHUNK) {
      return chunkSum(x, from, n);
    }
    double[] sums = new double[(n - 1) / CHUNK + 1];
    for (int c = 0; c < sums.length; c++) {
      sums[c] = chunkSum(x, from + c * CHUNK, Math.min(CHUNK, n - c * CHUNK));
    }
    return sum(sums, 0, sums.length);
  }

  /**
   * Each lane i of 32 starts at +0 and adds x[from + i], x[from + i + 32], ..; then the upper half
   * of the lanes is added to the lower half until one is left.
   */
  private static float chunkSum(float[] x, int from, int n) {
    float[] lanes = new float[LANES];
    int full = n & -LANES;
    for (int k = 0; k < full; k += LANES) {
      for (int i = 0; i < LANES; i++) {
        lanes[i] += x[from + k + i];
      }
    }
    for (int i = 0; i < n - full; i++) {
      lanes[i] += x[from + full + i];
    }
    for (int width = LANES / 2; width > 0; width /= 2) {
      for (int i = 0; i < width; i++) { // lane i + width would hold the same sum: a+b is b+a
        lanes[i] += lanes[i + width];
      }
    }
    return lanes[0];
  }

  private static double chunkSum(double[] x, int from, int n) {
    double[] lanes = new double[LANES];
    int full = n & -LANES;
    for (int k = 0; k < full; k += LANES) {
      for (int i = 0; i < LANES; i++) {
        lanes[i] += x[from + k + i];
      }
    }
    for (int i = 0; i < n - full; i++) {
      lanes[i] += x[from + full + i];
    }
    for (int width = LANES / 2; width > 0; width /= 2) {
      for (int i = 0; i < width; i++) {
        lanes[i] += lanes[i + width];
      }
    }
    return lanes[0];
  }
}
