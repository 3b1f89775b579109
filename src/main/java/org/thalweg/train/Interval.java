package org.thalweg.train;

import org.thalweg.numeric.Require;

/**
 * How often something is done.
 *
 * @param n the length of the interval
 * @param steps whether it is counted in steps; otherwise in epochs
 */
public record Interval(long n, boolean steps) {
  /** Checks the number. */
  public Interval {
    Require.that(n >= 1, "an interval must be at least 1: %s", n);
  }

  /**
   * {@code "5"}: every five epochs. {@code "200s"}: every 200 steps.
   *
   * @throws IllegalArgumentException if it is neither; the message says what is allowed
   */
  public static Interval parse(String text) {
    if (!text.matches("[1-9][0-9]{0,17}s?")) {
      throw new IllegalArgumentException(
          "an interval is a whole number of epochs, as 5, or of steps, as 200s: not \""
              + text
              + "\"");
    }
    boolean steps = text.endsWith("s");
    return new Interval(Long.parseLong(steps ? text.substring(0, text.length() - 1) : text), steps);
  }

  @Override
  public String toString() {
    return steps ? n + "s" : Long.toString(n);
  }
}
