package org.thalweg.sim;

import java.math.BigInteger;

/**
 * {@code significand * 2^exponent}, exactly; or, with {@code more}, a number that much from zero
 * and a little further, by less than any digit that rounding looks at.
 */
record Dyadic(BigInteger significand, int exponent, boolean more) {
  /**
   * Digits of a quotient or root before {@code more}: above those of binary64, with room for the
   * half.
   */
  private static final int DIGITS = 64;

  static Dyadic of(BigInteger n) {
    return new Dyadic(n, 0, false);
  }

  boolean isZero() {
    return significand.signum() == 0;
  }

  Dyadic plus(Dyadic b) {
    int e = Math.min(exponent, b.exponent);
    return new Dyadic(at(e).add(b.at(e)), e, false);
  }

  Dyadic times(Dyadic b) {
    return new Dyadic(significand.multiply(b.significand), exponent + b.exponent, false);
  }

  Dyadic over(Dyadic b) {
    int shift = Math.max(0, DIGITS + b.significand.bitLength() - significand.bitLength());
    BigInteger[] q = significand.shiftLeft(shift).divideAndRemainder(b.significand);
    return new Dyadic(q[0], exponent - b.exponent - shift, q[1].signum() != 0);
  }

  Dyadic root() {
    int shift = 2 * DIGITS + (exponent & 1);
    BigInteger[] r = significand.shiftLeft(shift).sqrtAndRemainder();
    return new Dyadic(r[0], (exponent - shift) / 2, r[1].signum() != 0);
  }

  /**
   * The integer next to it.
   *
   * @param direction rni to nearest even, rzi to zero, rmi down, rpi up
   */
  BigInteger integer(String direction) {
    if (exponent >= 0) return significand.shiftLeft(exponent);
    BigInteger floor = significand.shiftRight(-exponent);
    BigInteger rest = significand.subtract(floor.shiftLeft(-exponent));
    int half = rest.compareTo(BigInteger.ONE.shiftLeft(-exponent - 1));
    boolean up =
        rest.signum() != 0
            && switch (direction) {
              case "rni" -> half > 0 || (half == 0 && floor.testBit(0));
              case "rzi" -> floor.signum() < 0;
              case "rmi" -> false;
              case "rpi" -> true;
              default -> throw new IllegalArgumentException(direction);
            };
    return up ? floor.add(BigInteger.ONE) : floor;
  }

  private BigInteger at(int e) {
    return significand.shiftLeft(exponent - e);
  }
}
