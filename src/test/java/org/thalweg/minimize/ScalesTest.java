package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.thalweg.minimize.Functions.curvatures;
import static org.thalweg.minimize.Problem.filled;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;

/** Units of values and parameters, however large or small, and functions without a minimum. */
class ScalesTest extends MinimizerFixture {
  static final List<Minimizer> SEARCHING =
      List.of(new Backtracking(), new Fista(), new LBfgs(), new NewtonCg(), new Newton(5000, 1e-9));

  /** {@code c * f(s * w)}. */
  private static HostFunction scaled(HostFunction f, double c, double... s) {
    return new Functions.Smooth(f.size()) {
      private double[] times(double by, double[] w) {
        double[] product = new double[s.length];
        Arrays.setAll(product, i -> by * s[i] * w[i]);
        return product;
      }

      @Override
      public double gradient(double[] w, double[] gradient) {
        double[] g = new double[s.length];
        double value = c * f.gradient(times(1, w), g);
        System.arraycopy(times(c, g), 0, gradient, 0, s.length);
        return value;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        double[] product = new double[s.length];
        f.hessianTimes(times(1, w), times(1, v), product);
        System.arraycopy(times(c, product), 0, out, 0, s.length);
      }
    };
  }

  /** The same minimum in any units; the values allow for the rounding of f alone. */
  @Test
  void units() {
    for (Minimizer minimizer : SEARCHING) {
      for (ElementType type : TYPES) {
        double largest =
            type == ElementType.F32 ? 1e10 : minimizer instanceof Fista ? 1e100 : 1e150;
        for (double c : new double[] {1 / largest, 1, largest}) {
          for (double s : new double[] {1e-12, 1, 1e12}) {
            Problem bowl = Problem.all().get(1);
            HostFunction f = scaled(bowl.f, c, filled(bowl.f.size(), s));
            double[] start = Arrays.stream(bowl.start).map(x -> x / s).toArray();
            Result result =
                minimizer.minimize(
                    f.on(device, type), device.of(type, start), new Stopping(0, 0, 300), UNHEARD);
            String what = minimizer + " in " + type + " with " + c + " and " + s;
            assertEquals(c * bowl.least, result.value(), 1e-6 * c, what);
            assertTrue(
                List.of(Reason.ROUNDING, Reason.GRADIENT, Reason.ITERATIONS)
                    .contains(result.reason()),
                what + ": " + result.reason());
          }
        }
      }
    }
  }

  /** Newton's method does not depend on the units of each parameter for itself. */
  @Test
  void aUnitForEachParameter() {
    double[] s = {1e-12, 1, 1e12, 1e6, 1e-6};
    double[] start = Arrays.stream(s).map(x -> 3 / x).toArray();
    HostFunction f = scaled(Functions.mirrored(curvatures(5, 10)), 1, s);
    for (double damping : new double[] {0, 1e-9}) {
      Result result = run(new Newton(5000, damping), f, start, new Stopping(0, 0, 5));
      assertEquals(1, result.value(), 1e-14);
    }
  }

  /**
   * A time stamp in milliseconds, a column of 1e-12, a constant: no worse than the class shares.
   */
  @Test
  void rowsAsTheyCome() {
    double[][] columns = {{1.7e12, 8.64e7}, {0, 1e-12}, {0, 1e12}, {5, 0}};
    try (Device other = TestDevices.JAVA_2.open()) {
      for (int pair = 0; pair < 16; pair++) {
        if (pair / 4 > pair % 4) continue; // the same in the other order
        double[] one = columns[pair / 4];
        double[] two = columns[pair % 4];
        float[] values = new float[40];
        int[] labels = new int[20];
        for (int i = 0; i < 20; i++) {
          values[2 * i] = (float) (one[0] + i * one[1]);
          values[2 * i + 1] = (float) (two[0] + i * two[1]);
          labels[i] = i % 2;
        }
        Dataset data = new Dataset(new Dataset.Floats(values), labels, 2, 2);
        for (ElementType type : TYPES) {
          for (Minimizer minimizer : SEARCHING) {
            String what = minimizer + " in " + type + ", columns " + pair;
            double value = arrived(device, data, minimizer, type, what);
            assertEquals(value, arrived(other, data, minimizer, type, what), what);
          }
        }
      }
    }
  }

  /** Columns of 1e15 and 1e-12: where Newton's system is lost in rounding, the gradient is not. */
  @Test
  void scalesFarApart() {
    Random random = new Random(1);
    float[] values = new float[120];
    int[] labels = new int[60];
    for (int i = 0; i < 60; i++) {
      values[2 * i] = (float) (1e15 * random.nextGaussian());
      values[2 * i + 1] = (float) (1e-12 * random.nextGaussian());
      labels[i] = random.nextInt(3);
    }
    Dataset data = new Dataset(new Dataset.Floats(values), labels, 2, 3);
    double[] first = random.doubles(9, -0.01, 0.01).toArray();
    SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
    try (ClassifierObjective f =
        new ClassifierObjective(device, data, loss, ElementType.F64, 0, 0)) {
      for (Minimizer minimizer : SEARCHING) {
        try (Array start = device.of(ElementType.F64, first);
            Result result = minimizer.minimize(f, start, new Stopping(1e-8, 0, 300), UNHEARD)) {
          assertTrue(result.value() < Math.log(3), () -> minimizer + ": " + result);
        }
      }
    }
  }

  private static double arrived(
      Device on, Dataset data, Minimizer minimizer, ElementType type, String what) {
    double[] first = {0.01, -0.02, 0.005, 0.015, 0, 0};
    SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
    // Methods of first order do not get through a valley of a condition of 1e14.
    boolean plain = minimizer instanceof Backtracking || minimizer instanceof Fista;
    Stopping stopping = new Stopping(1e-8, 0, plain ? 100 : 1000);
    try (ClassifierObjective f = new ClassifierObjective(on, data, loss, type, 0, 0);
        Array start = on.of(type, first);
        Result result = minimizer.minimize(f, start, stopping, UNHEARD)) {
      // In F32 a unit in the last place of a weight of 0.02 moves a score by as much as
      // 1.7e12 * 0.02 / 2^24, so that what is left of the 1e10 at the start may be some of these.
      double most = plain ? f.value(start) : type == ElementType.F32 ? 1e7 : 0.694;
      // A little damping may be too little for saturated probabilities; then it says so.
      boolean damped = result.reason() == Reason.HESSIAN;
      assertTrue(damped || result.value() <= most, () -> what + ": " + result);
      return result.value();
    }
  }

  /** Each says so within 100 iterations, whatever the slopes. */
  @Test
  void functionsWithoutAMinimum() {
    for (double[] slopes : new double[][] {{3, -1e-3}, {1, 1e-9}, {1e-9, 0}, {1e9, 1e-9}}) {
      for (ElementType type : TYPES) {
        for (Minimizer minimizer : SEARCHING) {
          Result result =
              minimizer.minimize(
                  plane(slopes).on(device, type),
                  device.of(type, 1, 2),
                  new Stopping(0, 0, 100),
                  UNHEARD);
          String what = minimizer + " in " + type + " with " + Arrays.toString(slopes);
          assertEquals(Reason.UNBOUNDED, result.reason(), what);
        }
      }
    }
  }

  private static HostFunction plane(double... slopes) {
    return new Functions.Smooth(slopes.length) {
      @Override
      public double gradient(double[] w, double[] gradient) {
        System.arraycopy(slopes, 0, gradient, 0, slopes.length);
        return Functions.dot(slopes, w);
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        Arrays.fill(out, 0);
      }
    };
  }

  /**
   * Undamped Newton finds a Hessian of any lower rank, and takes one that is only ill-conditioned.
   */
  @Test
  void ranks() {
    for (ElementType type : TYPES) {
      for (int n : new int[] {2, 3, 10, 50}) {
        for (int rank : new int[] {1, n / 2, n - 1}) {
          for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            double[][] b = new double[rank][];
            Arrays.setAll(b, i -> random.doubles(n, -1, 1).toArray());
            double[] start = random.doubles(n, -2, 2).toArray();
            Result result =
                new Newton().minimize(squares(b).on(device, type), device.of(type, start));
            assertEquals(Reason.HESSIAN, result.reason(), rank + " of " + n + " in " + type);
            assertEquals(0, result.iterations());
          }
        }
        double condition = type == ElementType.F64 ? 1e10 : 1e3;
        HostFunction steep = Functions.mirrored(curvatures(n, condition));
        Result result =
            new Newton()
                .minimize(
                    steep.on(device, type),
                    device.of(type, new double[n]),
                    new Stopping(0, 0, 1),
                    UNHEARD);
        assertEquals(Reason.ITERATIONS, result.reason(), n + " in " + type);
      }
    }
    // (x + y - 3)^2, wherever it begins.
    for (double x = -5; x < 5; x += 0.37) {
      HostFunction f = squares(new double[][] {{1, 1}});
      assertEquals(Reason.HESSIAN, run(new Newton(), f, new double[] {x, 1}, EXACT).reason());
    }
  }

  /** {@code sum (b_i · w - 3)^2}. */
  private static HostFunction squares(double[][] b) {
    return new Functions.Smooth(b[0].length) {
      @Override
      public double gradient(double[] w, double[] gradient) {
        Arrays.fill(gradient, 0);
        double sum = 0;
        for (double[] row : b) {
          double t = Functions.dot(row, w) - 3;
          Functions.add(2 * t, row, gradient);
          sum += t * t;
        }
        return sum;
      }

      @Override
      public void hessianTimes(double[] w, double[] v, double[] out) {
        Arrays.fill(out, 0);
        for (double[] row : b) {
          Functions.add(2 * Functions.dot(row, v), row, out);
        }
      }
    };
  }
}
