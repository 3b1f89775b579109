package org.thalweg.minimize;

import java.util.Arrays;
import java.util.Random;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;

/**
 * What an iteration of Newton's method costs, on a quadratic whose products with the Hessian are
 * nearly free, so that what is measured is the Hessian's memory and its factor: {@code mvn -q -P
 * bench test-compile exec:exec -Dbench.main=org.thalweg.minimize.NewtonCost}.
 */
public final class NewtonCost {
  private static final int RUNS = 7;

  private NewtonCost() {}

  public static void main(String[] arguments) {
    System.out.println("      n   Hessian MB   median s   s / n^3");
    for (int n : new int[] {250, 250, 500, 1000, 2000, 4000}) { // the first one warms up
      double[] seconds = new double[RUNS];
      for (int run = 0; run < RUNS; run++) {
        seconds[run] = seconds(n);
      }
      Arrays.sort(seconds);
      double median = seconds[RUNS / 2];
      System.out.printf("%7d %12.1f %10.4f %9.2g%n", n, 4e-6 * n * n, median, median / n / n / n);
    }
  }

  /** {@code |w|^2 / 2 + (u·w)^2 / 2 - sum w}: the Hessian is {@code I + u uT}, without a zero. */
  private static double seconds(int n) {
    double[] u = new Random(n).doubles(n, -1, 1).toArray();
    HostFunction f =
        new HostFunction() {
          private double dot(double[] x) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
              sum += u[i] * x[i];
            }
            return sum;
          }

          @Override
          public int size() {
            return n;
          }

          @Override
          public double value(double[] w) {
            return gradient(w, new double[n]);
          }

          @Override
          public double gradient(double[] w, double[] gradient) {
            double along = dot(w);
            double sum = along * along / 2;
            for (int i = 0; i < n; i++) {
              sum += w[i] * w[i] / 2 - w[i];
              gradient[i] = w[i] + along * u[i] - 1;
            }
            return sum;
          }

          @Override
          public boolean twiceDifferentiable() {
            return true;
          }

          @Override
          public void hessianTimes(double[] w, double[] v, double[] out) {
            double along = dot(v);
            for (int i = 0; i < n; i++) {
              out[i] = v[i] + along * u[i];
            }
          }
        };
    try (Device device = new JavaDevice(1);
        Array start = device.allocate(ElementType.F64, n)) {
      long begin = System.nanoTime();
      Result result =
          new Newton()
              .minimize(
                  f.on(device, ElementType.F64),
                  start,
                  new Stopping(0, 0, 1),
                  (iteration, value, gradientNorm, step) -> {});
      double seconds = (System.nanoTime() - begin) / 1e9;
      if (result.gradientNorm() > 1e-9) {
        throw new IllegalStateException("one step was not enough: " + result);
      }
      return seconds;
    }
  }
}
