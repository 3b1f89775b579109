package org.thalweg.minimize;

import org.thalweg.device.Array;

/**
 * {@code w -= lr * g}, full batch.
 *
 * @param lr the learning rate: of every step, or with backtracking the first one tried
 * @param backtracking whether the step is halved until Armijo's condition holds, and doubled after
 *     each iteration; else it is fixed, and f may increase
 */
public record GradientDescent(double lr, boolean backtracking) implements Minimizer {
  public GradientDescent {
    if (!(lr > 0 && lr < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("learning rate must be above 0 and finite: " + lr);
    }
  }

  @Override
  public String name() {
    return backtracking ? "backtracking" : "gradient-descent";
  }

  @Override
  public int vectors() {
    return Run.VECTORS + 1;
  }

  @Override
  public Result minimize(Objective f, Array start, Stopping stopping, Listener listener) {
    try (Run run = new Run(f, start, stopping, listener)) {
      Array direction = run.vector();
      double[] next = {lr};
      return run.iterate(
          () -> {
            run.times(-1, run.g, direction);
            double a = next[0];
            if (!backtracking) {
              if (!run.tryAlong(a, direction)) {
                return Reason.NOT_FINITE;
              }
            } else {
              a = LineSearch.backtrack(run, direction, run.dot(run.g, direction), a);
              if (a == 0) {
                return Reason.NO_DESCENT;
              }
              next[0] = 2 * a;
            }
            run.accept(a);
            return null;
          });
    }
  }
}
