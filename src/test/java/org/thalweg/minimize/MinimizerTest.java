package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.thalweg.minimize.Functions.curvatures;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;

/** Where the minimisers arrive, and how they go there. */
class MinimizerTest extends MinimizerFixture {
  // ---- Where they arrive.

  @Test
  void lBfgsFindsTheLeastValueOfConvexFunctions() {
    for (Problem problem : Problem.all()) {
      for (LBfgs lBfgs : new LBfgs[] {new LBfgs(), new LBfgs(3), new LBfgs(100)}) {
        if (problem.convex && !Double.isNaN(problem.least)) {
          Result result = run(lBfgs, problem.f, problem.start, new Stopping(1e-8, 0, 100_000));
          assertEquals(
              problem.least, result.value(), 1e-9 * problem.least, () -> lBfgs + problem.name);
        }
      }
    }
  }

  /**
   * A function whose Hessian is nowhere less than m is at most |g|^2 / 2m above its least value.
   */
  @Test
  void lBfgsFindsTheLeastValueOfLogisticRegression() {
    for (double lambda : new double[] {1e-1, 1e-3, 1e-5}) {
      HostFunction f = Functions.logistic(200, 300, lambda);
      Result result = run(new LBfgs(), f, new double[200], new Stopping(1e-10, 0, 1000));
      assertEquals(Reason.GRADIENT, result.reason());
      double square = 200 * result.gradientNorm() * result.gradientNorm();
      assertTrue(square / (4 * lambda) <= 1e-9 * result.value(), "lambda " + lambda);
    }
  }

  @Test
  void valleysThatBend() {
    for (Minimizer minimizer : new Minimizer[] {new LBfgs(), new NewtonCg()}) {
      for (Problem problem : Problem.all()) {
        if (!problem.convex) {
          Result result = run(minimizer, problem.f, problem.start, Stopping.of(ElementType.F64));
          String what = minimizer + " on " + problem;
          assertEquals(Reason.GRADIENT, result.reason(), what);
          // Curvatures of 0.2 and more, and gradients of at most 1e-8 in 100 numbers: g^2 / 2m is
          // below 1e-13.
          assertEquals(problem.least, result.value(), 1e-9 * problem.least + 1e-13, what);
        }
      }
    }
  }

  @Test
  void newtonNeedsOneStepOnAQuadratic() {
    for (int n : new int[] {1, 2, 33, 70, 130}) {
      for (double condition : new double[] {1, 1e3, 1e6}) {
        for (boolean mirrored : new boolean[] {false, true}) {
          double[] h = curvatures(n, condition);
          HostFunction f = mirrored ? Functions.mirrored(h) : Functions.quadratic(h);
          double[] start = new Random(n).doubles(n, -2, 2).toArray();
          Result result = run(new Newton(), f, start, new Stopping(0, 0, 1));
          assertEquals(1, result.value(), 1e-12, f + " of " + n);
          assertEquals(n, result.products());
          assertEquals(2, result.gradients());
        }
      }
    }
  }

  /**
   * Near the minimum each step squares the error: its exponent doubles until rounding is all that
   * is left.
   */
  @Test
  void newtonConvergesQuadratically() {
    HostFunction f = Functions.logistic(200, 400, 1e-3);
    double[] bottom =
        device.download(run(new Newton(), f, new double[200], new Stopping(1e-14, 0, 30)).point());
    List<Double> errors = new ArrayList<>();
    for (int steps = 0; errors.isEmpty() || errors.get(errors.size() - 1) > 1e-12; steps++) {
      Result result = run(new Newton(), f, new double[200], new Stopping(0, 0, steps));
      double[] difference = device.download(result.point());
      Functions.add(-1, bottom, difference);
      errors.add(Math.sqrt(Functions.dot(difference, difference)));
      assertTrue(steps < 12, errors.toString());
    }
    for (int i = 1; i < errors.size(); i++) {
      double before = errors.get(i - 1);
      if (before < 0.1) {
        assertTrue(errors.get(i) <= Math.max(before * before, 1e-12), errors.toString());
      }
    }
  }

  // ---- How they go.

  /**
   * At the best step, 2 / (L + mu), the ends of the spectrum shrink by (k-1) / (k+1), and nothing
   * shrinks more slowly.
   */
  @Test
  void gradientDescentsRate() {
    for (double condition : new double[] {3, 10, 100}) {
      double[] h = curvatures(9, condition);
      double ratio = (condition - 1) / (condition + 1);
      List<Double> errors = new ArrayList<>();
      run(
          new GradientDescent(2 / (condition + 1)),
          Functions.quadratic(h),
          new double[9],
          new Stopping(0, 0, 20),
          (i, value, norm, step) -> errors.add(value - 1));
      for (int i = 1; i < errors.size(); i++) {
        double largest = ratio * ratio * errors.get(i - 1);
        assertTrue(errors.get(i) <= largest + 1e-14, () -> condition + ": " + errors);
        if (i > 15 && condition > 10) {
          assertEquals(ratio, Math.sqrt(errors.get(i) / errors.get(i - 1)), 2e-3);
        }
      }
    }
  }

  @Test
  void aStepThatIsTooLongLeadsUp() {
    double[] h = curvatures(5, 100);
    for (ElementType type : TYPES) {
      List<Double> values = new ArrayList<>();
      Result up =
          new GradientDescent(2.1 / 100)
              .minimize(
                  Functions.quadratic(h).on(device, type),
                  device.of(type, new double[5]),
                  new Stopping(0, 0, 100_000),
                  (i, value, norm, step) -> values.add(value));
      assertEquals(Reason.NOT_FINITE, up.reason());
      assertTrue(values.get(values.size() - 1) > 1e60);
      assertEquals(values.get(values.size() - 1), up.value());
      for (double w : device.download(up.point())) {
        assertTrue(Double.isFinite(w));
      }
      Result down =
          new GradientDescent(1.9 / 100)
              .minimize(
                  Functions.quadratic(h).on(device, type),
                  device.of(type, new double[5]),
                  new Stopping(1e-4, 0, 100_000),
                  UNHEARD);
      assertEquals(Reason.GRADIENT, down.reason());
    }
  }

  @Test
  void backtrackingFindsItsStep() {
    for (double scale : new double[] {1e-9, 1, 1e9}) {
      double[] h = Arrays.stream(curvatures(5, 10)).map(x -> x * scale).toArray();
      Result result =
          run(
              new Backtracking(),
              Functions.quadratic(h),
              new double[5],
              new Stopping(1e-8 * scale, 0, 1000));
      assertEquals(Reason.GRADIENT, result.reason());
      // A gradient of 1e-8 * scale in 5 numbers with curvatures of scale and more: g^2 / 2m.
      assertEquals(1, result.value(), 3e-16 * scale + 1e-15);
    }
  }

  @Test
  void randomSearchKeepsTheBestDraw() {
    Problem problem = Problem.all().get(7); // Rosenbrock's
    Philox random = new Philox(11, 1);
    double[] best = problem.start;
    for (int i = 0; i < 200; i++) {
      double[] draw = new double[best.length];
      for (int j = 0; j < draw.length; j++) {
        draw[j] = 0.3 * random.nextNormal();
      }
      best = problem.f.value(draw) < problem.f.value(best) ? draw : best;
    }
    Result result =
        run(new RandomSearch(11, 0.3), problem.f, problem.start, new Stopping(0, 1, 200));
    assertArrayEquals(best, device.download(result.point()));
    assertEquals(200, result.values());
    assertEquals(Reason.ITERATIONS, result.reason());
  }

  /** Each direction against {@code -H*g} with H by its definition, a dense matrix. */
  @Test
  void lBfgsDirections() {
    for (int memory : new int[] {1, 3, 10}) {
      HostFunction f = Functions.logistic(12, 40, 1e-3);
      List<double[]> points = new ArrayList<>();
      List<double[]> gradients = new ArrayList<>();
      List<Double> steps = new ArrayList<>();
      double[][] last = new double[2][];
      HostFunction watched =
          new HostFunction() {
            @Override
            public int size() {
              return 12;
            }

            @Override
            public double value(double[] w) {
              return f.value(w);
            }

            @Override
            public double gradient(double[] w, double[] gradient) {
              double value = f.gradient(w, gradient);
              last[0] = w.clone();
              last[1] = gradient.clone();
              return value;
            }
          };
      run(
          new LBfgs(memory),
          watched,
          new double[12],
          new Stopping(1e-3, 0, 20),
          (i, value, norm, step) -> {
            points.add(last[0]);
            gradients.add(last[1]);
            steps.add(step);
          });
      assertTrue(points.size() > 8);
      for (int k = 0; k + 1 < points.size(); k++) {
        double[] expected = direction(points, gradients, k, memory);
        double[] actual = difference(points.get(k + 1), points.get(k));
        double length = Math.sqrt(Functions.dot(expected, expected));
        for (int i = 0; i < 12; i++) {
          // The points' own rounding, 1e-16, is seen in steps of about 1e-3 and more; H carries
          // that on.
          assertEquals(
              expected[i], actual[i] / steps.get(k + 1), 1e-10 * length, memory + ", " + k);
        }
      }
    }
  }

  /** {@code H = (I - rho s yT) H (I - rho y sT) + rho s sT} for each pair, the oldest first. */
  private static double[] direction(
      List<double[]> points, List<double[]> gradients, int k, int memory) {
    int n = points.get(0).length;
    double[][] h = new double[n][n];
    double scale = 1;
    if (k > 0) {
      double[] s = difference(points.get(k), points.get(k - 1));
      double[] y = difference(gradients.get(k), gradients.get(k - 1));
      scale = Functions.dot(s, y) / Functions.dot(y, y);
    }
    for (int i = 0; i < n; i++) {
      h[i][i] = scale;
    }
    for (int pair = Math.max(0, k - memory); pair < k; pair++) {
      double[] s = difference(points.get(pair + 1), points.get(pair));
      double[] y = difference(gradients.get(pair + 1), gradients.get(pair));
      double rho = 1 / Functions.dot(s, y);
      double[] hy = times(h, y);
      double yhy = Functions.dot(y, hy);
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          h[i][j] += -rho * (s[i] * hy[j] + hy[i] * s[j]) + rho * (rho * yhy + 1) * s[i] * s[j];
        }
      }
    }
    double[] direction = times(h, gradients.get(k));
    for (int i = 0; i < n; i++) {
      direction[i] = -direction[i];
    }
    return direction;
  }

  private static double[] times(double[][] matrix, double[] x) {
    return Arrays.stream(matrix).mapToDouble(row -> Functions.dot(row, x)).toArray();
  }

  private static double[] difference(double[] x, double[] y) {
    double[] difference = x.clone();
    Functions.add(-1, y, difference);
    return difference;
  }

  /** Wherever it begins, the search ends where both conditions hold; computed anew on the host. */
  @Test
  void strongWolfeConditions() {
    for (Problem problem : Problem.all()) {
      for (double first : new double[] {1e-9, 1e-3, 1, 1e3, 1e9}) {
        assertStrongWolfe(problem.name, problem.f, problem.start, first);
      }
    }
    for (int k = 1; k < 200; k++) {
      assertStrongWolfe("waves", Functions.waves(), new double[] {4}, k / 10.0);
    }
  }

  private void assertStrongWolfe(String name, HostFunction f, double[] start, double first) {
    int n = start.length;
    double[] g = new double[n];
    double value = f.gradient(start, g);
    double slope = -Functions.dot(g, g);
    ElementType type = ElementType.F64;
    double[] step = new double[1];
    try (Run run = new Run(f.on(device, type), device.of(type, start), EXACT, UNHEARD)) {
      run.iterate(
          () -> {
            Array direction = run.vector();
            run.times(-1, run.g, direction);
            Reason failure = LineSearch.wolfe(run, direction, first);
            step[0] = run.triedStep;
            return failure == null ? Reason.ITERATIONS : failure;
          });
    }
    double[] w = start.clone();
    Functions.add(-step[0], g, w);
    double[] there = new double[n];
    double reached = f.gradient(w, there);
    String what = name + " from " + first + ": " + step[0];
    assertTrue(step[0] > 0, what);
    assertTrue(reached <= value + 1e-4 * step[0] * slope + 1e-12 * Math.abs(value), what);
    // A unit in the last place of w moves the slope by as much as its curvature says.
    assertTrue(Math.abs(Functions.dot(there, g)) <= -0.9 * slope * (1 + 1e-9), what);
  }
}
