package org.thalweg.numeric;

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
      throw new IllegalArgumentException(message.formatted(arguments));
    }
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
