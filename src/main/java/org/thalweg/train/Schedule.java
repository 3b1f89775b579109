package org.thalweg.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.thalweg.numeric.Require;

/**
 * What the learning rate is multiplied by, from step to step: {@code min(1, step / warmup)} times
 * the factor of its kind. There, {@code s = max(0, step - 1 - warmup)} are the steps done since the
 * warm-up, and {@code p = s / (steps - warmup)} their share of those there are.
 *
 * @param kind the formula
 * @param warmup steps in which the factor rises from 0 in a straight line; 0 for none
 * @param every epochs between two decays of {@link Kind#STEP}; 1 for the other kinds
 * @param factor of each decay of {@link Kind#STEP}; 1 for the other kinds
 * @param decay of {@link Kind#INVERSE}; 0 for the other kinds
 */
public record Schedule(Kind kind, int warmup, int every, double factor, double decay) {
  /** Always 1. */
  public static final Schedule CONSTANT = new Schedule(Kind.CONSTANT, 0, 1, 1, 0);

  /** The formulas. */
  public enum Kind {
    /** {@code 1}. */
    CONSTANT("constant"),
    /** {@code factor^floor(epochs done / every)}. */
    STEP("step:every=10,factor=0.1"),
    /** {@code (1 + cos(pi * p)) / 2}. (Loshchilov and Hutter, ICLR 2017, without restarts.) */
    COSINE("cosine"),
    /** {@code 1 - p}. */
    LINEAR("linear"),
    /** {@code 1 / (1 + decay * s)}. */
    INVERSE("inverse:decay=0.001");

    private final String example;

    Kind(String example) {
      this.example = example;
    }
  }

  /** Checks the numbers. */
  public Schedule {
    Require.that(warmup >= 0, "warmup must be at least 0: %s", warmup);
    Require.that(every >= 1, "every must be at least 1: %s", every);
    Require.that(factor > 0 && factor <= 1, "factor must be above 0 and at most 1: %s", factor);
    if (!(decay >= 0 && decay < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("decay must be finite and at least 0: " + decay);
    }
  }

  /** This one with another warm-up. */
  public Schedule withWarmup(int steps) {
    return new Schedule(kind, steps, every, factor, decay);
  }

  /** Whether the factor of a step depends on how many steps the run has. */
  public boolean dependsOnEpochs() {
    return kind == Kind.COSINE || kind == Kind.LINEAR;
  }

  /**
   * The factor of a step.
   *
   * @param step from 1
   * @param epochSteps the steps of an epoch
   * @param steps of the whole run
   */
  public double factor(long step, long epochSteps, long steps) {
    double done = Math.max(0, step - 1 - warmup);
    double share = done / Math.max(1, steps - warmup);
    long decays = (step - 1) / epochSteps / every;
    double decayed =
        switch (kind) {
          case CONSTANT -> 1;
          case STEP -> StrictMath.pow(factor, (double) decays);
          case COSINE -> (1 + StrictMath.cos(Math.PI * share)) / 2;
          case LINEAR -> 1 - share;
          case INVERSE -> 1 / (1 + decay * done);
        };
    return step < warmup ? decayed * step / warmup : decayed;
  }

  /**
   * The schedule that a text describes: {@code "constant"}, {@code "step:every=10,factor=0.1"},
   * {@code "cosine"}, {@code "linear"} or {@code "inverse:decay=0.001"}, without a warm-up.
   *
   * @throws IllegalArgumentException if it describes none; the message says what is allowed
   */
  public static Schedule parse(String text) {
    for (Kind kind : Kind.values()) {
      Map<String, String> numbers = numbers(text);
      if (shape(text).equals(shape(kind.example))) {
        try {
          return new Schedule(
              kind,
              0,
              Integer.parseInt(numbers.getOrDefault("every", "1")),
              Double.parseDouble(numbers.getOrDefault("factor", "1")),
              Double.parseDouble(numbers.getOrDefault("decay", "0")));
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              "schedule \"%s\" has something that is not a number; an example is %s"
                  .formatted(text, kind.example),
              e);
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              "schedule \"%s\": %s".formatted(text, e.getMessage()), e);
        }
      }
    }
    throw new IllegalArgumentException(
        "no schedule is called \"%s\"; there are constant, %s, cosine, linear and %s"
            .formatted(text, Kind.STEP.example, Kind.INVERSE.example));
  }

  /** The text with its numbers cut out. */
  private static String shape(String text) {
    return text.replaceAll("=[^,]*", "=");
  }

  private static Map<String, String> numbers(String text) {
    Map<String, String> numbers = new LinkedHashMap<>();
    for (String part : text.substring(text.indexOf(':') + 1).split(",", -1)) {
      String[] sides = part.split("=", 2);
      numbers.put(sides[0], sides.length < 2 ? "" : sides[1]);
    }
    return numbers;
  }
}
