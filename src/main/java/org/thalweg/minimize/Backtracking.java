package org.thalweg.minimize;

import org.thalweg.device.Array;

/**
 * {@code w -= a * g}, full batch, with a step a that is shortened until Armijo's condition holds.
 * The first step follows the scale of the problem; each later iteration begins with twice the step
 * before.
 */
public record Backtracking() implements Minimizer {
  @Override
  public String name() {
    return "backtracking";
  }

  @Override
  public boolean smooth() {
    return true;
  }

  @Override
  public int vectors() {
    return Run.VECTORS + 1;
  }

  @Override
  public Result minimize(Objective f, Array start, Stopping stopping, Listener listener) {
    try (Run run = new Run(f, start, stopping, listener)) {
      Array direction = run.vector();
      double[] last = new double[1];
      return run.iterate(
          () -> {
            double unit = run.steepest(direction);
            double first = 2 * last[0] / unit;
            if (first == 0) {
              first = LineSearch.first(run, run.dot(run.g, direction));
            }
            Reason reason = LineSearch.backtrack(run, direction, first);
            last[0] = run.triedStep * unit;
            return reason == null ? run.accept(last[0]) : reason;
          });
    }
  }
}
