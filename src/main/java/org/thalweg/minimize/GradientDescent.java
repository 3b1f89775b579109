package org.thalweg.minimize;

import org.thalweg.device.Array;
import org.thalweg.numeric.Require;

/**
 * {@code w -= lr * g}, full batch, with a fixed step: f may increase.
 *
 * @param lr the learning rate
 */
public record GradientDescent(double lr) implements Minimizer {
  public GradientDescent {
    Require.that(
        lr > 0 && lr < Double.POSITIVE_INFINITY,
        "learning rate must be above 0 and finite: %s",
        lr);
  }

  @Override
  public String name() {
    return "gradient-descent";
  }

  @Override
  public int vectors() {
    return Run.VECTORS + 1;
  }

  @Override
  public Result minimize(Objective f, Array start, Stopping stopping, Listener listener) {
    try (Run run = new Run(f, start, stopping, listener)) {
      Array direction = run.vector();
      return run.iterate(
          () -> {
            run.times(-1, run.g, direction);
            if (run.tryAlong(lr, direction)) {
              return run.accept(lr);
            }
            return run.triedValue == Double.NEGATIVE_INFINITY
                ? Reason.UNBOUNDED
                : Reason.NOT_FINITE;
          });
    }
  }
}
