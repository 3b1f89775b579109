package org.thalweg.minimize;

import static org.thalweg.minimize.Functions.curvatures;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A function, where to start, and its least value, NaN where no formula has it. */
final class Problem {
  final String name;
  final HostFunction f;
  final double[] start;
  final double least;
  final boolean convex;

  private Problem(String name, HostFunction f, double[] start, double least, boolean convex) {
    this.name = name;
    this.f = f;
    this.start = start;
    this.least = least;
    this.convex = convex;
  }

  @Override
  public String toString() {
    return name;
  }

  /** All of them, each with a Hessian. */
  static List<Problem> all() {
    return List.of(
        new Problem("bowl 1", Functions.quadratic(3), new double[] {7}, 1, true),
        quadratic("bowl 33", 33, 10, false),
        quadratic("valley 100", 50, 100, false),
        quadratic("mirrored valley 1e4", 33, 1e4, true),
        quadratic("mirrored valley 1e6", 20, 1e6, true),
        quadratic("long 2500", 2500, 100, false),
        new Problem("rosenbrock 2", Functions.rosenbrock(2), new double[] {-1.2, 1}, 0, false),
        new Problem("rosenbrock 100", Functions.rosenbrock(100), zigzag(100), 0, false),
        new Problem("beale", Functions.beale(), new double[] {1, 1}, 0, false),
        new Problem("barrier from above", Functions.barrier(5), filled(5, 5), 5, true),
        new Problem("barrier from its edge", Functions.barrier(5), filled(5, 1e-3), 5, true),
        new Problem("singular", Functions.singular(3), new double[] {3, -1, 2}, 1, true),
        new Problem("saddle", Functions.saddle(), new double[] {0x1p-10, 1}, 0, false),
        new Problem(
            "logistic 40", Functions.logistic(40, 80, 1e-3), new double[40], Double.NaN, true));
  }

  private static Problem quadratic(String name, int n, double condition, boolean mirrored) {
    double[] h = curvatures(n, condition);
    return new Problem(
        name,
        mirrored ? Functions.mirrored(h) : Functions.quadratic(h),
        new Random(n).doubles(n, -2, 2).toArray(),
        1,
        true);
  }

  /** Rosenbrock's own start, again and again. */
  private static double[] zigzag(int n) {
    double[] values = filled(n, 1);
    for (int i = 0; i < n; i += 2) {
      values[i] = -1.2;
    }
    return values;
  }

  static double[] filled(int n, double value) {
    double[] values = new double[n];
    Arrays.fill(values, value);
    return values;
  }
}
