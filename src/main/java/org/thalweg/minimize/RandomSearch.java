package org.thalweg.minimize;

import org.thalweg.device.Array;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.numeric.Require;

/**
 * Draws points from a normal distribution and keeps the best; an iteration is a draw. The start is
 * the first candidate.
 *
 * @param seed of the draws
 * @param deviation the standard deviation of each number, whose mean is 0
 */
public record RandomSearch(long seed, double deviation) implements Minimizer {
  /** The random stream of the draws; a classifier's initial weights use stream 0. */
  private static final long STREAM = 1;

  public RandomSearch {
    Require.that(
        deviation > 0 && deviation < Double.POSITIVE_INFINITY,
        "deviation must be above 0 and finite: %s",
        deviation);
  }

  /** Refuses a deviation of which some draw is infinite in the type. */
  public void check(ElementType type) {
    Require.in(type, "deviation", deviation, "the largest draw", Philox.LARGEST_NORMAL);
  }

  @Override
  public String name() {
    return "random-search";
  }

  @Override
  public int vectors() {
    return Run.VECTORS;
  }

  /**
   * {@inheritDoc} The tolerance on the change of the value is ignored, as most draws change
   * nothing.
   */
  @Override
  public Result minimize(Objective f, Array start, Stopping stopping, Listener listener) {
    check(f.type());
    Stopping unchanged = new Stopping(stopping.gradient(), 0, stopping.iterations());
    try (Run run = new Run(f, start, unchanged, listener)) {
      Philox random = new Philox(seed, STREAM);
      double[] draws = new double[Math.toIntExact(f.size())];
      return run.iterate(
          () -> {
            for (int i = 0; i < draws.length; i++) {
              draws[i] = deviation * random.nextNormal();
            }
            run.device.upload(run.triedW, draws);
            return run.evaluateValue() < run.value && run.evaluate() ? run.accept(1) : null;
          });
    }
  }
}
