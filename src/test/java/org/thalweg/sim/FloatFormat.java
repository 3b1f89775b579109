package org.thalweg.sim;

import java.math.BigInteger;

/**
 * binary32 and binary64: bits to exact values and back, in each of PTX's directions of rounding.
 */
enum FloatFormat {
  F32(24, -149, 127),
  F64(53, -1074, 1023);

  /** Bits of the significand, with the leading one. */
  final int precision;

  /** The exponent of the smallest subnormal number: the last place of the smallest numbers. */
  final int lowest;

  private final int highest;

  FloatFormat(int precision, int lowest, int highest) {
    this.precision = precision;
    this.lowest = lowest;
    this.highest = highest;
  }

  int bits() {
    return this == F32 ? 32 : 64;
  }

  long sign() {
    return 1L << (bits() - 1);
  }

  long infinity() {
    return (2L * highest + 1) << (precision - 1);
  }

  long one() {
    return (long) highest << (precision - 1);
  }

  long smallestNormal() {
    return 1L << (precision - 1);
  }

  long magnitude(long bits) {
    return bits & (sign() - 1);
  }

  boolean isNegative(long bits) {
    return (bits & sign()) != 0;
  }

  boolean isNan(long bits) {
    return magnitude(bits) > infinity();
  }

  boolean isInfinite(long bits) {
    return magnitude(bits) == infinity();
  }

  boolean isFinite(long bits) {
    return magnitude(bits) < infinity();
  }

  boolean isSubnormal(long bits) {
    return magnitude(bits) != 0 && magnitude(bits) < smallestNormal();
  }

  /** A subnormal number becomes a zero of its sign, as {@code .ftz} asks. */
  long flushed(long bits) {
    return isSubnormal(bits) ? bits & sign() : bits;
  }

  /** The value of a finite number. */
  Dyadic value(long bits) {
    long magnitude = magnitude(bits);
    int field = (int) (magnitude >>> (precision - 1));
    long significand = magnitude & (smallestNormal() - 1);
    if (field > 0) significand += smallestNormal();
    BigInteger m = BigInteger.valueOf(isNegative(bits) ? -significand : significand);
    return new Dyadic(m, lowest + Math.max(field - 1, 0), false);
  }

  /** The value as a double, which holds both formats. */
  double toDouble(long bits) {
    return this == F32 ? Float.intBitsToFloat((int) bits) : Double.longBitsToDouble(bits);
  }

  /**
   * The bits of x rounded.
   *
   * @param direction rn to nearest even, rz to zero, rm down, rp up
   * @param negativeZero the sign of the result where x is 0
   */
  long round(Dyadic x, String direction, boolean negativeZero) {
    if (x.isZero()) return negativeZero ? sign() : 0;
    boolean negative = x.significand().signum() < 0;
    BigInteger m = x.significand().abs();
    int unit = Math.max(x.exponent() + m.bitLength() - precision, lowest);
    int dropped = unit - x.exponent();
    BigInteger kept = dropped > 0 ? m.shiftRight(dropped) : m.shiftLeft(-dropped);
    // The part dropped, against half a unit of the last place.
    boolean half = dropped > 0 && m.testBit(dropped - 1);
    boolean more = x.more() || (dropped > 1 && m.getLowestSetBit() < dropped - 1);
    boolean up =
        switch (direction) {
          case "rn" -> half && (more || kept.testBit(0));
          case "rz" -> false;
          case "rm" -> negative && (half || more);
          case "rp" -> !negative && (half || more);
          default -> throw new IllegalArgumentException(direction);
        };
    if (up) kept = kept.add(BigInteger.ONE);
    if (kept.bitLength() > precision) {
      kept = kept.shiftRight(1);
      unit++;
    }
    long result;
    if (unit + precision - 1 > highest) {
      boolean toInfinity = direction.equals("rn") || direction.equals(negative ? "rm" : "rp");
      result = toInfinity ? infinity() : infinity() - 1;
    } else {
      // A subnormal number has the field 0 and no leading one, which the carry of this addition
      // makes up for.
      result = ((long) (unit - lowest) << (precision - 1)) + kept.longValueExact();
    }
    return negative ? result | sign() : result;
  }
}
