package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.thalweg.minimize.Functions.curvatures;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;

/** The minimum under an L1 penalty, with exact zeros. */
class FistaTest extends MinimizerFixture {
  /** With l1 = 0.01 on the digits; proximal gradient and OWL-QN in NumPy agree to 12 digits. */
  private static final double LEAST = 1.2525912595216;

  /** {@code sum h_i (w_i - 1)^2 / 2 + l1 |w_i|} is least at {@code max(1 - l1/h_i, 0)}. */
  @Test
  void aBowl() {
    double[] h = curvatures(9, 1000);
    for (ElementType type : TYPES) {
      for (double l1 : new double[] {0, 0.5, 10, 1e4}) {
        HostFunction bowl = Functions.quadratic(h);
        HostFunction f =
            new HostFunction() {
              @Override
              public int size() {
                return 9;
              }

              @Override
              public double value(double[] w) {
                return gradient(w, new double[9]);
              }

              @Override
              public double gradient(double[] w, double[] gradient) {
                double value = bowl.gradient(w, gradient);
                for (int i = 0; i < 9; i++) {
                  gradient[i] += l1 * Math.signum(w[i]);
                  value += l1 * Math.abs(w[i]);
                }
                return value;
              }

              @Override
              public double l1(long i) {
                return l1;
              }
            };
        Result result = new Fista().minimize(f.on(device, type), device.of(type, new double[9]));
        assertTrue(
            result.reason() == Reason.GRADIENT || result.reason() == Reason.ROUNDING,
            l1 + " in " + type + ": " + result.reason());
        double[] w = device.download(result.point());
        for (int i = 0; i < 9; i++) {
          double least = Math.max(1 - l1 / h[i], 0);
          // The gradient that is left, 1e-5 or 1e-8, over the curvature, 1 or more.
          double off = type == ElementType.F32 ? 2e-5 : 2e-8;
          assertEquals(least, w[i], least == 0 ? 0 : off, l1 + " in " + type);
        }
      }
    }
  }

  @Test
  @Tag("driver")
  void digits() {
    Dataset digits = Digits.load().train();
    for (ElementType type : TYPES) {
      double[] expected = {};
      for (TestDevices which : List.of(TestDevices.JAVA_2, TestDevices.DRIVER)) {
        try (Device other = which.open();
            ClassifierObjective f =
                new ClassifierObjective(other, digits, new SoftmaxCrossEntropy(), type, 0.01, 0);
            Array start = other.allocate(type, f.size());
            Result result =
                new Fista()
                    .minimize(
                        f,
                        start,
                        new Stopping(1e-5, 0, which == TestDevices.DRIVER ? 5 : 1000),
                        UNHEARD)) {
          double[] w = other.download(result.point());
          if (which == TestDevices.JAVA_2) {
            assertEquals(LEAST, result.value(), 1e-6);
            assertEquals(572, Arrays.stream(w, 0, 640).filter(x -> x == 0).count());
            assertKkt(f, w, 1e-5);
            expected = five(digits, type);
          } else {
            assertTrue(Arrays.equals(expected, w), "the same bits in " + type);
          }
        }
      }
    }
  }

  private double[] five(Dataset digits, ElementType type) {
    try (ClassifierObjective f =
            new ClassifierObjective(device, digits, new SoftmaxCrossEntropy(), type, 0.01, 0);
        Array start = device.allocate(type, f.size());
        Result result = new Fista().minimize(f, start, new Stopping(1e-5, 0, 5), UNHEARD)) {
      return device.download(result.point());
    }
  }

  /** Every loss with a gradient, with L1 and both penalties: no axis leads down. */
  @Test
  void everySmoothLoss() {
    float[] values = new float[60 * 3];
    int[] labels = new int[60];
    for (int i = 0; i < 60; i++) {
      labels[i] = i % 3;
      values[3 * i] = i % 7 + (i % 3) * 0.5f;
      values[3 * i + 1] = i % 5 - (i % 3);
      values[3 * i + 2] = i % 11 * 0.1f;
    }
    Dataset data = new Dataset(new Dataset.Floats(values), labels, 3, 3);
    for (Loss loss : Losses.all()) {
      if (loss.name().equals("hinge")) {
        continue; // it has kinks of its own
      }
      for (double l1 : new double[] {0.01, 0.1, 10}) {
        for (double l2 : new double[] {0, 1e-3}) {
          try (ClassifierObjective f =
                  new ClassifierObjective(device, data, loss, ElementType.F64, l1, l2);
              Array start = device.of(ElementType.F64, new double[12]);
              Result result =
                  new Fista().minimize(f, start, new Stopping(1e-8, 0, 20_000), UNHEARD)) {
            String what = loss + " with " + l1 + " and " + l2;
            assertEquals(Reason.GRADIENT, result.reason(), what);
            double[] w = device.download(result.point());
            assertKkt(f, w, 1e-8);
            if (l1 == 10) {
              assertTrue(Arrays.stream(w, 0, 9).allMatch(x -> x == 0), what);
            }
          }
        }
      }
    }
  }

  /** The conditions of a minimum, from the gradient of the rest and the penalty's own slope. */
  private void assertKkt(ClassifierObjective f, double[] w, double tolerance) {
    Device on = f.device();
    try (Array point = on.of(f.type(), w);
        Array gradient = on.allocate(f.type(), w.length)) {
      f.gradient(point, gradient);
      double[] g = on.download(gradient);
      for (int i = 0; i < w.length; i++) {
        double allowed = w[i] == 0 ? f.l1(i) + tolerance : tolerance;
        assertTrue(Math.abs(g[i]) <= allowed, i + ": " + w[i] + " has " + g[i]);
      }
    }
  }
}
