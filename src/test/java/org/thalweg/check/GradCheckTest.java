package org.thalweg.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.loss.Hinge;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.minimize.Objective;
import org.thalweg.numeric.ElementType;

/** What the checks find, and what they leave alone. */
class GradCheckTest {
  private static final int ROWS = 4;

  private final Device device = new JavaDevice(2);
  private final Random random = new Random(5);

  @AfterEach
  void closeDevice() {
    device.close();
  }

  private ClassifierObjective objective(
      Loss loss, int features, int classes, double l1, double l2) {
    Dataset data = data(ROWS, features, classes);
    return new ClassifierObjective(device, data, loss, ElementType.F64, l1, l2);
  }

  private Dataset data(int rows, int features, int classes) {
    byte[] pixels = new byte[rows * features];
    random.nextBytes(pixels);
    int[] labels = random.ints(rows, 0, classes).toArray();
    return new Dataset(pixels, labels, features, classes, 1.0 / 255);
  }

  private double[] point(Objective f) {
    return random.doubles(f.size(), 0.01, 0.02).toArray();
  }

  /** A function of one number. */
  private record Curve(
      Device device, ElementType type, UnaryOperator<Double> f, UnaryOperator<Double> df)
      implements Objective {
    @Override
    public long size() {
      return 1;
    }

    @Override
    public double value(Array w) {
      return f.apply(device.download(w)[0]);
    }

    @Override
    public double gradient(Array w, Array gradient) {
      device.upload(gradient, df.apply(device.download(w)[0]));
      return value(w);
    }
  }

  /** What spoils all of a vector. */
  private static UnaryOperator<double[]> times(double factor) {
    return g -> Arrays.stream(g).map(x -> factor * x).toArray();
  }

  private static UnaryOperator<double[]> oneWrong(int at) {
    return g -> {
      double[] wrong = g.clone();
      wrong[at] = g[at] * 1.1 + 0.01;
      return wrong;
    };
  }

  @Test
  void plantedMistakesInGradientsAreFound() {
    for (Loss loss : Losses.examples()) {
      try (ClassifierObjective plain = objective(loss, 20, 5, 0, 0);
          ClassifierObjective regular = objective(loss, 20, 5, 0.1, 0.2)) {
        double[] w = point(plain);
        UnaryOperator<double[]> same = g -> g;
        assertPasses(GradCheck.check(new Tampered(plain, same, same), w), w.length);
        assertPasses(GradCheck.check(new Tampered(regular, same, same), w), w.length);
        assertFails(GradCheck.check(new Tampered(plain, times(-1), same), w));
        assertFails(GradCheck.check(new Tampered(plain, times(ROWS), same), w)); // no 1/N
        // The regulariser's gradient, forgotten: wrong in the weights, right in the bias.
        Report forgotten =
            GradCheck.check(
                new Tampered(
                    regular,
                    g -> {
                      double[] without = g.clone();
                      for (int i = 0; i < 20 * 5; i++) {
                        without[i] -= 0.1 + 2 * 0.2 * w[i];
                      }
                      return without;
                    },
                    same),
                w);
        assertFails(forgotten);
        for (int at : new int[] {0, w.length - 1}) {
          Report one = GradCheck.check(new Tampered(regular, oneWrong(at), same), w);
          assertFails(one);
          assertEquals(at, one.worst(), one.toString());
        }
        assertTrue(forgotten.worst() < 20 * 5, forgotten::toString);
      }
    }
  }

  @Test
  void oneWrongElementOfTenThousandIsNamed() {
    try (ClassifierObjective f = objective(new SoftmaxCrossEntropy(), 999, 10, 0, 0.01)) {
      assertEquals(10_000, f.size());
      double[] w = point(f);
      Report report = GradCheck.check(new Tampered(f, oneWrong(6_789), h -> h), w);
      assertFails(report);
      assertEquals(6_789, report.worst(), report.toString());
      assertEquals(10_000, report.checked());
    }
  }

  @Test
  void plantedMistakesInHessiansAreFound() {
    for (Loss loss : Losses.examples()) {
      if (!loss.twiceDifferentiable()) {
        continue;
      }
      try (ClassifierObjective f = objective(loss, 20, 5, 0.1, 0.2)) {
        double[] w = point(f);
        UnaryOperator<double[]> same = g -> g;
        assertPasses(GradGradCheck.check(f, w), 20L * w.length); // 4 random directions and 16 units
        assertFails(GradGradCheck.check(new Tampered(f, same, times(-1)), w));
        assertFails(GradGradCheck.check(new Tampered(f, same, times(ROWS)), w));
        Report one = GradGradCheck.check(new Tampered(f, same, oneWrong(77)), w);
        assertFails(one);
        assertEquals(77, one.worst());
        assertTrue(one.toString().contains("in direction " + one.direction()), one::toString);
      }
    }
  }

  private static void assertPasses(Report report, long checked) {
    assertTrue(report.passed(), report::toString);
    assertEquals(checked, report.checked());
    assertTrue(report.toString().startsWith("PASS " + checked + " elements"), report::toString);
  }

  private static void assertFails(Report report) {
    assertFalse(report.passed(), report::toString);
    assertTrue(report.toString().startsWith("FAIL"), report::toString);
  }

  @Test
  void theReportSaysWhatIsWrongAndByHowMuch() {
    Curve wrong = new Curve(device, ElementType.F64, x -> x * x, x -> 3 * x);
    Report report = GradCheck.check(wrong, new double[] {2});
    assertEquals(0, report.worst());
    assertEquals(6, report.analytic());
    assertEquals(4, report.numeric(), 1e-9);
    assertEquals(2, report.difference(), 1e-9);
    assertEquals(1e-5 + 1e-3 * 4, report.allowed(), 1e-9);
    assertEquals(
        "FAIL 1 elements, worst is 0: analytic 6.00000000, numeric 4.00000000, difference 2.0 of"
            + " 0.0040",
        report.toString());
  }

  /** At the very edge of what is allowed: torch's formula, relative to the numeric value. */
  @Test
  void toleranceIsRelativeToTheNumericValue() {
    for (double sign : new double[] {-1, 1}) {
      Curve inside =
          new Curve(device, ElementType.F64, x -> 100 * x, x -> 100 + sign * (1e-5 + 0.0999));
      Curve outside =
          new Curve(device, ElementType.F64, x -> 100 * x, x -> 100 + sign * (1e-5 + 0.1001));
      assertTrue(GradCheck.check(inside, new double[] {1}).passed());
      assertFails(GradCheck.check(outside, new double[] {1}));
    }
  }

  @Test
  void valuesThatAreNotFinite() {
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      Report report =
          GradCheck.check(new Curve(device, ElementType.F64, x -> bad, x -> 0.0), new double[] {1});
      assertFails(report);
      assertTrue(report.toString().contains("f(w) is " + bad), report::toString);
      // Only on one side of w; the gradient itself.
      Curve oneSide =
          new Curve(device, ElementType.F64, x -> x > 1 ? bad : x, x -> bad > 0 ? bad : 1.0);
      assertFails(GradCheck.check(oneSide, new double[] {1}));
      Curve gradient = new Curve(device, ElementType.F64, x -> x, x -> bad);
      assertFails(GradCheck.check(gradient, new double[] {1}));
    }
    try (ClassifierObjective f = objective(new SoftmaxCrossEntropy(), 3, 2, 0, 0)) {
      double[] w = new double[8];
      w[1] = Double.NaN;
      Report report = GradCheck.check(f, w);
      assertTrue(report.toString().contains("NaN"), report::toString);
    }
  }

  @Test
  void anotherValueBesideTheGradient() {
    Curve curve = new Curve(device, ElementType.F64, x -> x, x -> 1.0);
    Objective other =
        new Objective() {
          @Override
          public Device device() {
            return device;
          }

          @Override
          public ElementType type() {
            return ElementType.F64;
          }

          @Override
          public long size() {
            return 1;
          }

          @Override
          public double value(Array w) {
            return curve.value(w);
          }

          @Override
          public double gradient(Array w, Array gradient) {
            return curve.gradient(w, gradient) + 0.5;
          }
        };
    Report report = GradCheck.check(other, new double[] {1});
    assertFails(report);
    assertTrue(
        report.toString().contains("f(w) is 1.0, and with the gradient 1.5"), report::toString);
  }

  @Test
  void whatIsRefused() {
    Curve floats = new Curve(device, ElementType.F32, x -> x * x, x -> 2 * x);
    refused(() -> GradCheck.check(floats, new double[] {1}), "F32", "F64");
    Tolerance coarse = new Tolerance(1e-2, 1e-2, 1e-2, true);
    assertPasses(GradCheck.check(floats, new double[] {1}, coarse), 1);
    Curve curve = new Curve(device, ElementType.F64, x -> x, x -> 1.0);
    refused(() -> GradCheck.check(curve, new double[3]), "3", "1");
    refused(() -> GradGradCheck.check(curve, new double[3]), "3", "1");
    refused(() -> GradGradCheck.check(curve, new double[1]), "second derivative");
    try (ClassifierObjective f = objective(new Hinge(false), 3, 2, 0, 0)) {
      refused(() -> GradGradCheck.check(f, new double[8]), "second derivative");
    }
    refused(() -> new Tolerance(0, 1, 1, false), "eps", "0");
    refused(() -> new Tolerance(1, -1, 1, false), "atol", "-1");
  }

  private static void refused(Runnable use, String... parts) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, use::run).getMessage());
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "\"" + message + "\" lacks \"" + part + "\"");
    }
  }

  @Test
  void theSameCallTwiceGivesTheSameBits() {
    try (ClassifierObjective f = objective(new SoftmaxCrossEntropy(), 20, 5, 0.1, 0.2)) {
      double[] w = point(f);
      assertEquals(GradCheck.check(f, w), GradCheck.check(f, w));
      assertEquals(GradGradCheck.check(f, w), GradGradCheck.check(f, w));
    }
  }

  /** A record's equality compares the numbers' bits. */
  @Test
  @Tag("driver")
  void theStandingChecksPassOnBothDevicesWithTheSameBits() {
    Dataset rows = data(3, 6, 4);
    List<List<ClassifierChecks.Outcome>> outcomes = new ArrayList<>();
    for (TestDevices which : List.of(TestDevices.JAVA_1, TestDevices.DRIVER)) {
      try (Device on = which.open()) {
        List<ClassifierChecks.Outcome> here = new ArrayList<>();
        assertEquals(0, ClassifierChecks.run(on, "rows", rows, here::add));
        assertEquals(6 * 4 * orders(), here.size()); // 6 inputs, 4 regularisations
        outcomes.add(here);
      }
    }
    assertEquals(outcomes.get(0), outcomes.get(1));
  }

  /** Of all losses: the gradient of each, and the Hessian where there is one. */
  private static long orders() {
    return Losses.all().size() + Losses.all().stream().filter(Loss::twiceDifferentiable).count();
  }

  /** A device that forgets what an L1 term adds: those checks fail, and no others. */
  @Test
  void theStandingChecksFindADeviceThatIsWrong() {
    Device wrong =
        (Device)
            Proxy.newProxyInstance(
                Device.class.getClassLoader(),
                new Class<?>[] {Device.class},
                (proxy, method, arguments) -> {
                  try {
                    return method.getName().equals("axpySign")
                        ? null
                        : method.invoke(device, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    Dataset rows = data(3, 6, 4);
    List<ClassifierChecks.Outcome> failed = new ArrayList<>();
    int count =
        ClassifierChecks.run(
            wrong,
            "rows",
            rows,
            outcome -> {
              if (!outcome.report().passed()) {
                failed.add(outcome);
              }
            });
    assertEquals(6 * Losses.all().size() * 2, count);
    assertEquals(count, failed.size());
    for (ClassifierChecks.Outcome outcome : failed) {
      assertTrue(
          outcome.regularisation().contains("l1") && outcome.order() == 1, outcome::toString);
    }
  }
}
