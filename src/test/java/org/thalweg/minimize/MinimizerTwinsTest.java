package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;

/** Every minimiser on every problem in both types: the same bits on every device, and twice. */
class MinimizerTwinsTest {
  static final List<Minimizer> MINIMIZERS =
      List.of(
          new RandomSearch(5, 0.5),
          new GradientDescent(1e-3),
          new Backtracking(),
          new Fista(),
          new LBfgs(),
          new LBfgs(2),
          new NewtonCg(),
          new Newton());

  @Nested
  class Again extends Body {
    Again() {
      super(TestDevices.JAVA_1);
    }
  }

  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  abstract static class Body {
    private final TestDevices which;

    Body(TestDevices which) {
      this.which = which;
    }

    @Test
    void sameBits() {
      try (Device java = TestDevices.JAVA_1.open();
          Device device = which.open()) {
        for (Minimizer minimizer : MINIMIZERS) {
          for (Problem problem : Problem.all()) {
            if (minimizer instanceof Newton && problem.f.size() > 100) {
              continue; // thousands of products
            }
            for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
              String what = minimizer + " on " + problem + " in " + type;
              List<Object> expected = history(minimizer, problem, java, type);
              assertEquals(expected, history(minimizer, problem, device, type), what);
            }
          }
        }
      }
    }

    /**
     * All that a run says and arrives at. It never ends where a value is not finite, or, unasked,
     * above the start.
     */
    private static List<Object> history(
        Minimizer minimizer, Problem problem, Device device, ElementType type) {
      List<Object> history = new ArrayList<>();
      try (Array start = device.of(type, problem.start);
          Result result =
              minimizer.minimize(
                  problem.f.on(device, type),
                  start,
                  new Stopping(1e-6, 0, 30),
                  (i, value, norm, step) -> history.addAll(List.of(value, norm, step)))) {
        double[] point = device.download(result.point());
        double[] gradient = new double[point.length];
        assertEquals(problem.f.gradient(point, gradient), result.value());
        for (int i = 0; i < point.length; i++) {
          assertTrue(Math.abs(type.round(gradient[i])) <= result.gradientNorm());
          history.add(point[i]);
        }
        assertTrue(Double.isFinite(result.value()), minimizer + " on " + problem);
        double first = (double) history.get(0);
        boolean fixed = minimizer instanceof GradientDescent;
        assertTrue(fixed || result.value() <= first, minimizer + " on " + problem);
        assertEquals(3 * (result.iterations() + 1) + point.length, history.size());
        history.addAll(List.of(result.value(), result.gradientNorm(), result.reason()));
        history.addAll(List.of(result.values(), result.gradients(), result.products()));
        double[] unchanged = problem.start.clone();
        Arrays.setAll(unchanged, i -> type.round(unchanged[i]));
        assertArrayEquals(unchanged, device.download(start));
      }
      return history;
    }
  }
}
