package org.thalweg.numeric;

import java.math.BigDecimal;
import java.math.MathContext;

/** Decimal numbers as people type them. */
public final class Decimal {
  /** Digits, a point, an exponent: nothing of what else Java reads, as 0x1p-3 or 20f. */
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
   * @throws NumberFormatException if it is none, or too large for a double, or so small that it
   *     would be 0; the message says what is expected
   */
  public static double parse(String text) {
    boolean finite = text.matches(FINITE);
    if (!finite && !text.matches("[+-]?Infinity|NaN")) {
      throw new NumberFormatException("expected a number, not \"%s\"".formatted(text));
    }
    double number = Double.parseDouble(text);
    if (finite && (Double.isInfinite(number) || (number == 0 && text.matches("[^eE]*[1-9].*")))) {
      throw new NumberFormatException(
          "expected 0 or a number from 5e-324 to 1.7976931348623157e308 in size, not \"%s\""
              .formatted(text));
    }
    return number;
  }
}
