package org.thalweg.sim;

import java.math.BigInteger;

/**
 * Sums, products, quotients and roots of a format by definition: exactly, then rounded once.
 *
 * @param direction of rounding: rn, rz, rm or rp
 * @param ftz a subnormal result becomes a zero of its sign
 * @param sat the result is clamped to [0, 1], and a NaN is 0
 */
record Arithmetic(FloatFormat format, String direction, boolean ftz, boolean sat) {
  Expected sum(long a, long b) {
    return fused(a, format.one(), b);
  }

  Expected product(long a, long b) {
    if (format.isNan(a) || format.isNan(b)) return nan();
    boolean negative = format.isNegative(a) != format.isNegative(b);
    if (format.isInfinite(a) || format.isInfinite(b)) {
      return isZero(a) || isZero(b) ? nan() : infinity(negative);
    }
    return rounded(format.value(a).times(format.value(b)), negative);
  }

  Expected fused(long a, long b, long c) {
    if (format.isNan(a) || format.isNan(b) || format.isNan(c)) return nan();
    boolean negative = format.isNegative(a) != format.isNegative(b);
    if (format.isInfinite(a) || format.isInfinite(b)) {
      boolean opposed = format.isInfinite(c) && format.isNegative(c) != negative;
      return isZero(a) || isZero(b) || opposed ? nan() : infinity(negative);
    }
    if (format.isInfinite(c)) return infinity(format.isNegative(c));
    // A sum that is 0 has the sign of its terms; where theirs differ, or they cancel, it is -0 only
    // rounding down.
    Dyadic product = format.value(a).times(format.value(b));
    boolean bothNegative = product.isZero() && isZero(c) && negative && format.isNegative(c);
    boolean bothPositive = product.isZero() && isZero(c) && !negative && !format.isNegative(c);
    return rounded(
        product.plus(format.value(c)), bothNegative || (direction.equals("rm") && !bothPositive));
  }

  Expected quotient(long a, long b) {
    if (format.isNan(a) || format.isNan(b)) return nan();
    boolean negative = format.isNegative(a) != format.isNegative(b);
    if (format.isInfinite(a)) return format.isInfinite(b) ? nan() : infinity(negative);
    if (format.isInfinite(b)) return rounded(Dyadic.of(BigInteger.ZERO), negative);
    if (isZero(b)) return isZero(a) ? nan() : infinity(negative);
    return rounded(format.value(a).over(format.value(b)), negative);
  }

  Expected root(long a) {
    if (format.isNan(a) || (format.isNegative(a) && !isZero(a))) return nan();
    if (format.isInfinite(a)) return infinity(false);
    return rounded(format.value(a).root(), format.isNegative(a));
  }

  Expected nan() {
    return sat ? Expected.bits(0) : Expected.nan(format);
  }

  Expected infinity(boolean negative) {
    if (sat) return Expected.bits(negative ? 0 : format.one());
    return Expected.bits(format.infinity() | (negative ? format.sign() : 0));
  }

  Expected rounded(Dyadic x, boolean negativeZero) {
    long bits = format.round(x, direction, negativeZero);
    if (sat) {
      if (format.isNegative(bits)) return Expected.bits(0);
      if (bits > format.one()) return Expected.bits(format.one());
    }
    if (!ftz) return Expected.bits(bits);
    // Whether what is below the normal numbers and rounds up to them counts as subnormal, PTX does
    // not say.
    boolean border =
        format.magnitude(bits) == format.smallestNormal() && !format.value(bits).equals(normal(x));
    return border
        ? Expected.oneOf(bits, bits & format.sign())
        : Expected.bits(format.flushed(bits));
  }

  /** x written as FloatFormat.value writes the smallest normal number, if it is that number. */
  private Dyadic normal(Dyadic x) {
    int shift = x.exponent() - format.lowest;
    if (x.more() || shift > 0) return x;
    return shift == 0 || x.significand().getLowestSetBit() >= -shift
        ? new Dyadic(x.significand().shiftRight(-shift), format.lowest, false)
        : x;
  }

  private boolean isZero(long a) {
    return format.magnitude(a) == 0;
  }
}
