package org.thalweg.minimize;

import org.thalweg.device.Array;
import org.thalweg.device.Norm;

/**
 * Newton's method whose linear system is solved by conjugate gradients, the more exactly the nearer
 * the minimum: to a residual of {@code min(0.5, sqrt |g|) * |g|}, or until a direction of
 * non-positive curvature is met. It needs products of the Hessian with vectors, never the Hessian.
 * Source: Nocedal and Wright, Numerical Optimization, 2nd ed., algorithm 7.1.
 */
public record NewtonCg() implements Minimizer {
  /**
   * The most Hessian products in one iteration. A system that needs more is solved approximately,
   * which still gives a descent direction.
   */
  private static final int MOST_PRODUCTS = 500;

  @Override
  public String name() {
    return "newton-cg";
  }

  @Override
  public boolean secondOrder() {
    return true;
  }

  @Override
  public int vectors() {
    return Run.VECTORS + 4;
  }

  @Override
  public Result minimize(Objective f, Array start, Stopping stopping, Listener listener) {
    Newton.twiceDifferentiable(f);
    try (Run run = new Run(f, start, stopping, listener)) {
      Array direction = run.vector();
      Array residual = run.vector();
      Array conjugate = run.vector();
      Array product = run.vector();
      return run.iterate(
          () -> {
            double unit = run.steepest(residual);
            boolean bowl = solve(run, direction, residual, conjugate, product, unit);
            double slope = run.dot(run.g, direction);
            if (!Double.isFinite(slope)) { // a curvature of 0 that is a little more by rounding
              bowl = false;
              unit = run.steepest(direction);
              slope = run.dot(run.g, direction);
            }
            double first = bowl ? 1 / unit : LineSearch.first(run, slope);
            Reason reason = LineSearch.backtrack(run, direction, first);
            if (reason == Reason.ROUNDING && bowl) { // rounding has spoilt the direction
              unit = run.steepest(direction);
              first = LineSearch.first(run, run.dot(run.g, direction));
              reason = LineSearch.backtrack(run, direction, first);
            }
            return reason == null ? run.accept(run.triedStep * unit) : reason;
          });
    }
  }

  /**
   * Solves {@code H * direction = -unit * g} approximately.
   *
   * @param residual {@code -unit * g}
   * @return whether a step is known that leads to the solution; if not, the direction is that of
   *     the steepest descent, along which the curvature is not positive
   */
  private static boolean solve(
      Run run, Array direction, Array residual, Array conjugate, Array product, double unit) {
    double norm = run.norm(Norm.TWO, residual);
    double enough = Math.min(0.5, Math.sqrt(norm / unit)) * norm;
    run.times(0, run.g, direction); // 0 * g sets direction to zero, as g is finite here
    run.device.copy(residual, conjugate);
    run.device.scale(-1, residual);
    double square = run.dot(residual, residual);
    for (int i = 0; i < MOST_PRODUCTS; i++) {
      run.hessianTimes(conjugate, product);
      double curvature = run.dot(conjugate, product);
      if (!(curvature > 0)) {
        if (i == 0) {
          run.device.copy(conjugate, direction);
        }
        return i > 0;
      }
      double alpha = square / curvature;
      run.device.axpy(alpha, conjugate, direction);
      run.device.axpy(alpha, product, residual);
      double next = run.dot(residual, residual);
      if (!(Math.sqrt(next) > enough)) {
        return true;
      }
      run.device.scale(next / square, conjugate);
      run.device.axpy(-1, residual, conjugate);
      square = next;
    }
    return true;
  }
}
