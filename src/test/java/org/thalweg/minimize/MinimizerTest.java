package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.thalweg.minimize.Functions.curvatures;
import static org.thalweg.minimize.Problem.filled;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;

/** Where the minimisers arrive, how fast, why they stop, and what they refuse. */
class MinimizerTest {
  private static final ElementType[] TYPES = {ElementType.F32, ElementType.F64};
  private static final Stopping EXACT = new Stopping(0, 0, 1000);

  private final Device device = new JavaDevice(1);

  @AfterEach
  void closeDevice() {
    device.close();
  }

  private static final Minimizer.Listener UNHEARD = (iteration, value, gradientNorm, step) -> {};

  private Result run(Minimizer minimizer, HostFunction f, double[] start, Stopping stopping) {
    return run(minimizer, f, start, stopping, UNHEARD);
  }

  private Result run(
      Minimizer minimizer,
      HostFunction f,
      double[] start,
      Stopping stopping,
      Minimizer.Listener listener) {
    ElementType type = ElementType.F64;
    return minimizer.minimize(f.on(device, type), device.of(type, start), stopping, listener);
  }

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
        device.read(run(new Newton(), f, new double[200], new Stopping(1e-14, 0, 30)).point());
    List<Double> errors = new ArrayList<>();
    for (int steps = 0; errors.isEmpty() || errors.get(errors.size() - 1) > 1e-12; steps++) {
      Result result = run(new Newton(), f, new double[200], new Stopping(0, 0, steps));
      double[] difference = device.read(result.point());
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
          new GradientDescent(2 / (condition + 1), false),
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
          new GradientDescent(2.1 / 100, false)
              .minimize(
                  Functions.quadratic(h).on(device, type),
                  device.of(type, new double[5]),
                  new Stopping(0, 0, 100_000),
                  (i, value, norm, step) -> values.add(value));
      assertEquals(Reason.NOT_FINITE, up.reason());
      assertTrue(values.get(values.size() - 1) > 1e60);
      assertEquals(values.get(values.size() - 1), up.value());
      for (double w : device.read(up.point())) {
        assertTrue(Double.isFinite(w));
      }
      Result down =
          new GradientDescent(1.9 / 100, false)
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
    for (double lr : new double[] {1e-9, 1, 1e9}) {
      Result result =
          run(
              new GradientDescent(lr, true),
              Functions.quadratic(curvatures(5, 10)),
              new double[5],
              Stopping.of(ElementType.F64));
      assertEquals(Reason.GRADIENT, result.reason());
      assertEquals(1, result.value(), 1e-12);
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
    assertArrayEquals(best, device.read(result.point()));
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
            step[0] = LineSearch.wolfe(run, direction, run.dot(run.g, direction), first);
            return Reason.ITERATIONS;
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

  // ---- Why they stop.

  @Test
  void reasons() {
    HostFunction bowl = Functions.quadratic(1, 2);
    double[] bottom = {1, 1};
    double[] above = {5, -3};
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      Result there = run(minimizer, bowl, bottom, EXACT);
      assertEquals(Reason.GRADIENT, there.reason());
      assertEquals(0, there.iterations());
      Result none = run(minimizer, bowl, above, new Stopping(0, 0, 0));
      assertEquals(Reason.ITERATIONS, none.reason());
      assertArrayEquals(above, device.read(none.point()));
      if (!(minimizer instanceof RandomSearch)) {
        Result little = run(minimizer, bowl, above, new Stopping(0, 1e9, 50));
        assertEquals(Reason.CHANGE, little.reason());
        assertEquals(1, little.iterations());
      }
    }
    for (Reason reason : Reason.values()) {
      assertTrue(reason.sentence().length() > 20);
    }
  }

  /** Told to stop, each is where it would be with as many iterations and no more. */
  @Test
  void aListenerStopsIt() {
    HostFunction f = Functions.logistic(7, 20, 1e-3);
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      for (int last : new int[] {0, 1, 3}) {
        Result told = run(minimizer, f, filled(7, 0.5), EXACT, until(last));
        Result whole = run(minimizer, f, filled(7, 0.5), new Stopping(0, 0, last));
        assertEquals(Reason.STOPPED, told.reason());
        assertEquals(last, told.iterations());
        assertEquals(whole.value(), told.value());
        assertArrayEquals(device.read(whole.point()), device.read(told.point()));
      }
    }
  }

  /** Goes on before this iteration. */
  private static Minimizer.Listener until(int last) {
    return new Minimizer.Listener() {
      private int reached;

      @Override
      public void iteration(int iteration, double value, double gradientNorm, double step) {
        reached = iteration;
      }

      @Override
      public boolean goesOn() {
        return reached < last;
      }
    };
  }

  /** In the middle of an iteration, too: the last good point is the result. */
  @Test
  void aListenerStopsItAtAnyEvaluation() {
    HostFunction f = Functions.logistic(7, 20, 1e-3);
    double[] start = filled(7, 0.5);
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      for (int evaluations = 0; evaluations < 12; evaluations++) {
        int[] left = {evaluations};
        Result told =
            run(
                minimizer,
                f,
                start,
                EXACT,
                new Minimizer.Listener() {
                  @Override
                  public void iteration(
                      int iteration, double value, double gradientNorm, double step) {}

                  @Override
                  public boolean goesOn() {
                    return left[0]-- > 0;
                  }
                });
        assertEquals(Reason.STOPPED, told.reason(), minimizer.toString());
        assertEquals(
            evaluations + 1, told.values() + told.gradients() + told.products(), "and the start's");
        assertEquals(f.value(device.read(told.point())), told.value(), 1e-15);
        assertTrue(told.value() <= f.value(start));
      }
    }
  }

  /** Behind the barrier's edge f is NaN: a step that is fixed ends there, others become shorter. */
  @Test
  void notANumberOnTheWay() {
    int[] undefined = new int[1];
    HostFunction barrier = Functions.barrier(5);
    HostFunction watched =
        new HostFunction() {
          @Override
          public int size() {
            return 5;
          }

          @Override
          public double value(double[] w) {
            return barrier.value(w);
          }

          @Override
          public double gradient(double[] w, double[] gradient) {
            double value = barrier.gradient(w, gradient);
            undefined[0] += Double.isNaN(value) ? 1 : 0;
            return value;
          }

          @Override
          public boolean twiceDifferentiable() {
            return true;
          }

          @Override
          public void hessianTimes(double[] w, double[] v, double[] out) {
            barrier.hessianTimes(w, v, out);
          }
        };
    double[] above = filled(5, 50);
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      if (minimizer instanceof RandomSearch) {
        continue; // no steps
      }
      undefined[0] = 0;
      boolean fixed = minimizer.name().equals("gradient-descent");
      Minimizer far = fixed ? new GradientDescent(100, false) : minimizer;
      Result result = run(far, watched, above, Stopping.of(ElementType.F64));
      assertTrue(undefined[0] > 0, far + " never was where f is not defined");
      assertEquals(fixed ? Reason.NOT_FINITE : Reason.GRADIENT, result.reason(), far.toString());
      if (fixed) {
        assertArrayEquals(above, device.read(result.point()));
      } else {
        assertEquals(5, result.value(), 1e-12, far.toString());
      }
    }
  }

  /**
   * By its definition where H is diagonal; and a Hessian that is singular is no longer in the way.
   */
  @Test
  void damping() {
    double[] h = {1, 2, 4};
    Result once =
        run(new Newton(5000, 0.25), Functions.quadratic(h), new double[3], new Stopping(0, 0, 1));
    double[] w = device.read(once.point());
    for (int i = 0; i < h.length; i++) {
      assertEquals(h[i] / (h[i] + 0.25 * 4), w[i], 1e-15);
    }
    Result result =
        run(
            new Newton(5000, 1e-9),
            Functions.singular(3),
            new double[] {3, -1, 2},
            Stopping.of(ElementType.F64));
    assertEquals(Reason.GRADIENT, result.reason());
    assertEquals(1, result.value(), 1e-15);
  }

  @Test
  void theFirstSmallChangeEndsIt() {
    for (double change : new double[] {1e-2, 1e-6, 1e-10}) {
      List<Double> values = new ArrayList<>();
      Result result =
          run(
              new GradientDescent(0.02, false),
              Functions.quadratic(1, 10),
              new double[2],
              new Stopping(0, change, 100_000),
              (i, value, norm, step) -> values.add(value));
      assertEquals(Reason.CHANGE, result.reason());
      for (int i = 1; i < values.size(); i++) {
        boolean small = values.get(i - 1) - values.get(i) < change * values.get(i);
        assertEquals(i == result.iterations(), small, change + " after " + i);
      }
    }
  }

  @Test
  void singularAndIndefiniteHessians() {
    for (ElementType type : TYPES) {
      for (Problem problem : Problem.all()) {
        if (problem.name.equals("singular") || problem.name.equals("saddle")) {
          Result result =
              new Newton().minimize(problem.f.on(device, type), device.of(type, problem.start));
          assertEquals(Reason.HESSIAN, result.reason(), problem.name);
          assertArrayEquals(problem.start, device.read(result.point()));
        }
      }
    }
    // Curvatures that differ by much are not singular.
    Result result = run(new Newton(), Functions.quadratic(1e-20, 1, 1e20), new double[3], EXACT);
    assertEquals(1, result.value(), 1e-12);
    // On the saddle itself there is no slope to follow.
    assertEquals(
        Reason.GRADIENT, run(new NewtonCg(), Functions.saddle(), new double[2], EXACT).reason());
  }

  /** A gradient with the wrong sign leads up whatever the step. */
  @Test
  void aGradientThatLies() {
    HostFunction bowl = Functions.quadratic(1, 2);
    HostFunction liar =
        new HostFunction() {
          @Override
          public int size() {
            return 2;
          }

          @Override
          public double value(double[] w) {
            return bowl.value(w);
          }

          @Override
          public double gradient(double[] w, double[] gradient) {
            double value = bowl.gradient(w, gradient);
            for (int i = 0; i < gradient.length; i++) {
              gradient[i] = -gradient[i];
            }
            return value;
          }
        };
    for (Minimizer minimizer : new Minimizer[] {new LBfgs(), new GradientDescent(1, true)}) {
      Result result = run(minimizer, liar, new double[] {5, -3}, EXACT);
      assertEquals(Reason.NO_DESCENT, result.reason());
      assertArrayEquals(new double[] {5, -3}, device.read(result.point()));
    }
  }

  // ---- What they refuse, and what they leave behind.

  private static void refused(Executable use, String... parts) {
    String message = String.valueOf(assertThrows(IllegalArgumentException.class, use).getMessage());
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "\"" + message + "\" lacks \"" + part + "\"");
    }
  }

  @Test
  void newtonRefusesWhatIsTooLarge() {
    HostFunction large = Functions.quadratic(new double[100_000]);
    Array start = device.allocate(ElementType.F64, 100_000);
    refused(
        () -> new Newton().minimize(large.on(device, ElementType.F64), start),
        "100000 parameters",
        "80.0 GB",
        "93 hours", // (1e5)^3 / 3 at 1e9 a second
        "the limit is 5000 parameters",
        "L-BFGS");
    new Newton(2000, 0).affordable(2000, 32_000_000);
    refused(() -> new Newton(2000, 0).affordable(2001, 1L << 40), "2001");
    refused(() -> new Newton(2000, 0).affordable(2000, 31_999_999), "0.0320 GB", "the heap has");
    refused(() -> new Newton(0, 0), "0");
    refused(() -> new Newton(46_341, 0), "46340", "46341");
  }

  @Test
  void argumentsThatDoNotFit() {
    HostFunction barrier = Functions.barrier(2);
    HostFunction once =
        new HostFunction() {
          @Override
          public int size() {
            return 2;
          }

          @Override
          public double value(double[] w) {
            return 0;
          }

          @Override
          public double gradient(double[] w, double[] gradient) {
            return 0;
          }
        };
    ElementType type = ElementType.F64;
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      refused(() -> run(minimizer, barrier, new double[3], EXACT), "start", "2", "3");
      refused(
          () -> minimizer.minimize(barrier.on(device, type), device.of(ElementType.F32, 1, 2)),
          "start",
          "F32");
      refused(() -> run(minimizer, barrier, new double[] {1, -1}, EXACT), "finite", "NaN");
      try (Device other = new JavaDevice(1)) {
        refused(
            () -> minimizer.minimize(barrier.on(device, type), other.of(type, 1, 2)), "another");
      }
    }
    refused(() -> run(new Newton(), once, new double[2], EXACT), "second derivatives");
    refused(() -> run(new NewtonCg(), once, new double[2], EXACT), "second derivatives");
    refused(() -> new LBfgs(0), "0");
    for (double wrong : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused(() -> new RandomSearch(1, wrong), String.valueOf(wrong));
      refused(() -> new GradientDescent(wrong, true), String.valueOf(wrong));
    }
    refused(() -> new Stopping(Double.NaN, 0, 1), "NaN");
    refused(() -> new Stopping(0, -1, 1), "-1");
    refused(() -> new Stopping(0, 0, -1), "-1");
  }

  /** All but the point is freed, also where the function throws. */
  @Test
  void nothingIsLeftBehind() {
    List<Array> allocated = new ArrayList<>();
    Device watched = watched(allocated, Integer.MAX_VALUE);
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      for (double first : new double[] {3, -1}) { // a good start, and one that is refused
        allocated.clear();
        Array start = device.of(ElementType.F64, 2, first);
        Array point = start;
        try {
          point =
              minimizer
                  .minimize(
                      Functions.barrier(2).on(watched, ElementType.F64),
                      start,
                      new Stopping(0, 0, 5),
                      UNHEARD)
                  .point();
        } catch (IllegalArgumentException e) {
          assertEquals(-1, first);
        }
        assertEquals(minimizer.vectors() + 1, allocated.size(), minimizer + " and its sums");
        for (Array array : allocated) {
          if (array == point) {
            device.read(array);
          } else {
            assertThrows(IllegalStateException.class, () -> device.read(array));
          }
        }
      }
    }
  }

  /** Nor where the device has no memory left at any of the allocations. */
  @Test
  void nothingIsLeftBehindWhereMemoryEnds() {
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      for (int most = 0; most <= minimizer.vectors(); most++) {
        List<Array> allocated = new ArrayList<>();
        Device watched = watched(allocated, most);
        assertThrows(
            DeviceException.class,
            () ->
                minimizer.minimize(
                    Functions.barrier(2).on(watched, ElementType.F64),
                    device.of(ElementType.F64, 2, 3),
                    new Stopping(0, 0, 5),
                    UNHEARD));
        assertEquals(most, allocated.size());
        for (Array array : allocated) {
          assertThrows(IllegalStateException.class, () -> device.read(array));
        }
      }
    }
  }

  /** The device, whose allocations are heard of, and refused when there have been so many. */
  private Device watched(List<Array> allocated, int most) {
    return (Device)
        Proxy.newProxyInstance(
            Device.class.getClassLoader(),
            new Class<?>[] {Device.class},
            (proxy, method, arguments) -> {
              boolean allocates = method.getName().equals("allocate");
              if (allocates && allocated.size() == most) {
                throw new DeviceException("no memory");
              }
              try {
                Object result = method.invoke(device, arguments);
                if (allocates) {
                  allocated.add((Array) result);
                }
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void evaluationsAreCounted() {
    long[] counts = new long[3];
    HostFunction rosenbrock = Functions.rosenbrock(7);
    HostFunction counting =
        new HostFunction() {
          @Override
          public int size() {
            return 7;
          }

          @Override
          public double value(double[] w) {
            counts[0]++;
            return rosenbrock.value(w);
          }

          @Override
          public double gradient(double[] w, double[] gradient) {
            counts[1]++;
            return rosenbrock.gradient(w, gradient);
          }

          @Override
          public boolean twiceDifferentiable() {
            return true;
          }

          @Override
          public void hessianTimes(double[] w, double[] v, double[] out) {
            counts[2]++;
            rosenbrock.hessianTimes(w, v, out);
          }
        };
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      Arrays.fill(counts, 0);
      Result result = run(minimizer, counting, filled(7, 0.5), new Stopping(1e-8, 0, 20));
      assertArrayEquals(
          counts, new long[] {result.values(), result.gradients(), result.products()});
    }
  }
}
