package org.thalweg.sim;

import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * A type of PTX: {@code pred}, or a letter and a number of bits.
 *
 * @param kind 'p' a predicate, 'b' bits, 'u' unsigned, 's' signed, 'f' floating point
 */
record PtxType(char kind, int bits) {
  static final PtxType PRED = new PtxType('p', 1);
  static final PtxType B16 = new PtxType('b', 16);
  static final PtxType B32 = new PtxType('b', 32);
  static final PtxType B64 = new PtxType('b', 64);
  static final PtxType U32 = new PtxType('u', 32);

  /** The type of that name, such as "f32", or null. */
  static @Nullable PtxType of(String name) {
    if (name.equals("pred")) return PRED;
    return name.matches("[bus](8|16|32|64)|f(32|64)")
        ? new PtxType(name.charAt(0), Integer.parseInt(name.substring(1)))
        : null;
  }

  boolean isFloat() {
    return kind == 'f';
  }

  boolean isSigned() {
    return kind == 's';
  }

  FloatFormat format() {
    return bits == 32 ? FloatFormat.F32 : FloatFormat.F64;
  }

  /** The bits of the narrowest register that holds it. */
  int registerBits() {
    return kind == 'p' ? 1 : Math.max(16, bits);
  }

  /** The low bits, as a number of this integer type. */
  BigInteger integer(long value) {
    BigInteger unsigned = BigInteger.valueOf(value).and(mask(bits));
    return isSigned() && unsigned.testBit(bits - 1) ? unsigned.subtract(range()) : unsigned;
  }

  BigInteger least() {
    return isSigned() ? BigInteger.ONE.shiftLeft(bits - 1).negate() : BigInteger.ZERO;
  }

  BigInteger greatest() {
    return least().add(range()).subtract(BigInteger.ONE);
  }

  private BigInteger range() {
    return BigInteger.ONE.shiftLeft(bits);
  }

  static BigInteger mask(int bits) {
    return BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE);
  }

  @Override
  public String toString() {
    return kind == 'p' ? "pred" : kind + Integer.toString(bits);
  }
}
