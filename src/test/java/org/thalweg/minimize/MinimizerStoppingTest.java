package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.thalweg.minimize.Problem.filled;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.ElementType;

/** Why the minimisers stop. */
class MinimizerStoppingTest extends MinimizerFixture {
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
      assertArrayEquals(above, device.download(none.point()));
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
        assertArrayEquals(device.download(whole.point()), device.download(told.point()));
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
        assertEquals(f.value(device.download(told.point())), told.value(), 1e-15);
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
      Minimizer far = fixed ? new GradientDescent(100) : minimizer;
      Result result = run(far, watched, above, Stopping.of(ElementType.F64));
      assertTrue(undefined[0] > 0, far + " never was where f is not defined");
      assertEquals(fixed ? Reason.NOT_FINITE : Reason.GRADIENT, result.reason(), far.toString());
      if (fixed) {
        assertArrayEquals(above, device.download(result.point()));
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
    double[] w = device.download(once.point());
    for (int i = 0; i < h.length; i++) {
      assertEquals(1 / 1.25, w[i], 1e-15);
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
              new GradientDescent(0.02),
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
          assertArrayEquals(problem.start, device.download(result.point()));
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

  /** A gradient with the wrong sign, of all elements or one, leads up whatever the step. */
  @Test
  void aGradientThatLies() {
    for (double first : new double[] {-1, 1}) {
      HostFunction liar = liar(Functions.quadratic(1, 2), first, -1);
      for (Minimizer minimizer : ScalesTest.SEARCHING) {
        for (double[] start : new double[][] {{5, -3}, {1, -3}, {0, 0}}) {
          Result result = run(minimizer, liar, start, new Stopping(0, 0, 300));
          assertEquals(Reason.WRONG_GRADIENT, result.reason(), minimizer + " with " + first);
          if (first < 0) {
            assertArrayEquals(start, device.download(result.point()), 1e-9);
          }
        }
      }
    }
  }

  /** The value of f, and its gradient times the signs. */
  private static HostFunction liar(HostFunction f, double... signs) {
    return new HostFunction() {
      @Override
      public int size() {
        return f.size();
      }

      @Override
      public double value(double[] w) {
        return f.value(w);
      }

      @Override
      public double gradient(double[] w, double[] gradient) {
        double value = f.gradient(w, gradient);
        for (int i = 0; i < gradient.length; i++) {
          gradient[i] *= signs[i];
        }
        return value;
      }

      @Override
      public boolean twiceDifferentiable() {
        return true;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        f.hessianTimes(w, v, out);
      }
    };
  }
}
