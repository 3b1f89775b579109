package org.thalweg.train;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Nearest;
import org.thalweg.numeric.Registry;
import org.thalweg.numeric.Require;

/**
 * What the learning rate is multiplied by, from step to step: {@code min(1, step / warmup)} times
 * the factor of its kind, steps being counted from 1. There, {@code s = max(0, step - 1 - warmup)}
 * are the steps done since the warm-up, and {@code p = s / (steps - warmup)} their share of those
 * there are.
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

  /** See {@link Kind#COSINE}. */
  public static final Schedule COSINE = new Schedule(Kind.COSINE, 0, 1, 1, 0);

  /** See {@link Kind#LINEAR}. */
  public static final Schedule LINEAR = new Schedule(Kind.LINEAR, 0, 1, 1, 0);

  /** The formulas. */
  public enum Kind {
    /** {@code 1}. */
    CONSTANT(Map.of()),
    /** {@code factor^floor(epochs done / every)}. */
    STEP(new TreeMap<>(Map.of("every", 10.0, "factor", 0.1))),
    /** {@code (1 + cos(pi * p)) / 2}. (Loshchilov and Hutter, ICLR 2017, without restarts.) */
    COSINE(Map.of()),
    /** {@code 1 - p}. */
    LINEAR(Map.of()),
    /** {@code 1 / (1 + decay * s)}. */
    INVERSE(Map.of("decay", 1e-3));

    /** In the order in which they are said. */
    @SuppressWarnings("ImmutableEnumChecker") // an immutable map does not keep this order
    private final Map<String, Double> defaults;

    Kind(Map<String, Double> defaults) {
      this.defaults = defaults;
    }

    private String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Checks the numbers. */
  public Schedule {
    Require.that(warmup >= 0, "warmup must be at least 0: %s", warmup);
    Require.that(every >= 1, "every must be at least 1: %s", every);
    Require.that(factor > 0 && factor <= 1, "factor must be above 0 and at most 1: %s", factor);
    Require.atLeast0("decay", decay);
  }

  /** See {@link Kind#STEP}. */
  public static Schedule step(int every, double factor) {
    return new Schedule(Kind.STEP, 0, every, factor, 0);
  }

  /** See {@link Kind#INVERSE}. */
  public static Schedule inverse(double decay) {
    return new Schedule(Kind.INVERSE, 0, 1, 1, decay);
  }

  /** This one with another warm-up. */
  public Schedule withWarmup(int steps) {
    return new Schedule(kind, steps, every, factor, decay);
  }

  /**
   * Checks that a type, F32 or F64, has its numbers and the learning rates that it makes, and that
   * a decay leaves steps that do not vanish beside what they are added to.
   *
   * @throws IllegalArgumentException if not; the message has the number, its value, and what is
   *     allowed
   */
  void check(ElementType type, double lr, int epochs) {
    Require.in(type, "decay", decay);
    double least = type == ElementType.F32 ? 1e-7 : 1e-16; // about the spacing of numbers at 1
    String allowed = "%s must be %s %s in %s, or the first decay ends the training: %s";
    Require.that(factor >= least, allowed, "factor", "at least", least, type.format(), factor);
    Require.that(decay <= 1 / least, allowed, "decay", "at most", 1 / least, type.format(), decay);
    int last = Math.max(1, epochs);
    // An epoch has at least one step.
    Require.in(type, "lr", lr, "the first step's factor", factor(1, 1, last));
    Require.in(type, "lr", lr, "the last epoch's factor", factor(last, 1, last));
  }

  /** Whether the factor of a step depends on how many steps the run has. */
  public boolean dependsOnEpochs() {
    return kind == Kind.COSINE || kind == Kind.LINEAR;
  }

  /**
   * The factor of a step. Behind the last step of the run it stays what it was there.
   *
   * @param number of the step, from 1
   * @param epochSteps the steps of an epoch, at least 1
   * @param steps of the whole run, at least 1
   */
  public double factor(long number, long epochSteps, long steps) {
    Require.that(number >= 1, "steps are counted from 1: there is no step %s", number);
    Require.that(epochSteps >= 1, "an epoch must have at least 1 step: %s", epochSteps);
    Require.that(steps >= 1, "a run must have at least 1 step: %s", steps);
    long step = Math.min(number, steps);
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
   * The schedule that a text describes, without a warm-up: its name, and after a colon the numbers
   * that differ from the defaults, which are {@code "step:every=10,factor=0.1"} and {@code
   * "inverse:decay=0.001"}.
   *
   * @throws IllegalArgumentException if it describes none; the message says what is allowed
   */
  public static Schedule parse(String text) {
    String[] halves = text.split(":", 2);
    for (Kind kind : Kind.values()) {
      if (kind.text().equals(halves[0])) {
        Map<String, Double> numbers = new LinkedHashMap<>(kind.defaults);
        if (halves.length == 2) {
          Registry.assign(halves[0], numbers, halves[1]);
        }
        return Registry.with(new Schedule(kind, 0, 1, 1, 0), numbers);
      }
    }
    throw new IllegalArgumentException(
        "no schedule is called %s; %s"
            .formatted(
                halves[0],
                Nearest.advice(halves[0], Stream.of(Kind.values()).map(Kind::text).toList())));
  }

  /** The text from which {@link #parse} makes this one, the warm-up apart. */
  String text() {
    Map<String, Double> numbers = Registry.hyperparameters(this);
    numbers.keySet().retainAll(kind.defaults.keySet());
    return Registry.text(kind.text(), numbers);
  }
}
