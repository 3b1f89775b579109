package org.thalweg.numeric;

import java.util.stream.Stream;

/** Checks of arguments: a message says what was wrong, what was found and what is allowed. */
public final class Require {
  private Require() {}

  /**
   * Throws unless the condition holds.
   *
   * @param message as of {@link String#format}
   * @throws IllegalArgumentException if it does not
   */
  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be one more dependency
  public static void that(boolean condition, String message, Object... arguments) {
    if (!condition) {
      throw new IllegalArgumentException(text(message, arguments));
    }
  }

  /**
   * A message as of {@link String#format}, but with its doubles as people type them.
   *
   * @param arguments those that are doubles go with {@code %s}
   */
  @SuppressWarnings("AnnotateFormatMethod")
  public static String text(String message, Object... arguments) {
    return message.formatted(
        Stream.of(arguments).map(x -> x instanceof Double d ? Decimal.text(d) : x).toArray());
  }

  /**
   * Throws if the value, which is not 0, becomes 0, infinite or NaN in the type that is computed
   * in, F32 or F64.
   */
  public static void in(ElementType type, String name, double value) {
    that(has(type, value, value == 0), "%s %s: %s", name, refusal(type, value), value);
  }

  /** The same of the product of two numbers, neither of which is 0, and both of which it names. */
  public static void in(ElementType type, String name, double value, String by, double factor) {
    double product = value * factor;
    that(
        has(type, product, value == 0 || factor == 0),
        "%s %s times %s %s %s",
        name,
        value,
        by,
        factor,
        refusal(type, product));
  }

  private static boolean has(ElementType type, double value, boolean zero) {
    double rounded = type.round(value);
    return Double.isFinite(rounded) && (zero || rounded != 0);
  }

  private static String refusal(ElementType type, double value) {
    return text(
        "is %s in %s; what is not 0 must be from %s in size",
        type.round(value),
        type.format(),
        type == ElementType.F32 ? "1.4e-45 to 3.4028234e38" : "5e-324 to 1.7976931348623157e308");
  }

  /** Throws unless the value is finite and at least 0. */
  public static void atLeast0(String name, double value) {
    that(
        value >= 0 && value < Double.POSITIVE_INFINITY,
        "%s must be finite and at least 0: %s",
        name,
        value);
  }
}
