package org.thalweg.numeric;

import java.math.BigDecimal;
import java.math.MathContext;

/** Decimal numbers as people type them. */
public final class Decimal {
  /** Digits, a point, an exponent: nothing of what else Java reads, as 0x1p-3 or */
  private static final String FINITE = "[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?";

  private Decimal() {}

  /**
   * The number in few digits, from which {@link #parse} makes the same number: {@code 0.01}, {@code
   * 1e-8}; the same on every JVM.
   */
  public static String text(double x) {
    if (x == 0 || !Double.isFinite(x)) {
      return Double.toString(x).replace(".0", "");
    }
    BigDecimal exact = new BigDecimal(x);
    int digits = 1;
    while (exact.round(new MathContext(digits)).doubleValue() != x) {
      digits++;
    }
    BigDecimal rounded = exact.round(new MathContext(digits)).stripTrailingZeros();
    int exponent = rounded.precision() - rounded.scale() - 1;
    return exponent >= -3 && exponent < 7
        ? rounded.toPlainString()
        : rounded.scaleByPowerOfTen(-exponent).toPlainString() + "e" + exponent;
  }

  /**
   * The number that a text writes: digits with a point and an exponent where it has them, {@code
   * Infinity} or {@code NaN}, with a sign or without.
   *
   * @throws NumberFormatException if it is none; the message says what is expected
   */
  public static double parse(String text) {
    if (!text.matches(FINITE + "|[+-]?Infinity|NaN")) {
      throw new NumberFormatException("expected a number, not \"%s\"".formatted(text));
    }
    return Double.parseDouble(text);
  }
}
