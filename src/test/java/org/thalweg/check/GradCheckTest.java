package org.thalweg.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.loss.Hinge;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.minimize.HostFunction;
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
    Dataset data = data(random, ROWS, features, classes);
    return new ClassifierObjective(device, data, loss, ElementType.F64, l1, l2);
  }

  static Dataset data(Random random, int rows, int features, int classes) {
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

  /** The sign of the largest element alone. */
  private static double[] largestReversed(double[] g) {
    int largest = 0;
    for (int i = 1; i < g.length; i++) {
      largest = Math.abs(g[i]) > Math.abs(g[largest]) ? i : largest;
    }
    double[] wrong = g.clone();
    wrong[largest] *= -1;
    return wrong;
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

  /** A scale of features, and the weights that are tried with it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Scaled(double[] features, double[] weights) {}

  private static List<Scaled> scales() {
    List<Scaled> scales = new ArrayList<>();
    for (double x : new double[] {1e-30, 1e-12, 1, 1.7e12, 1e30}) {
      double[] same = {x, x, x};
      for (double w : new double[] {0.3 / x, 30 / x, 0}) {
        scales.add(new Scaled(same, new double[] {w, w, w}));
      }
    }
    scales.add(new Scaled(new double[] {1e30, 1, 1e-30}, new double[] {1e-30, 1, 1e30}));
    scales.add(new Scaled(new double[] {1e12, 1, 1e-6}, new double[] {3e-13, 0.3, 3e5}));
    return scales;
  }

  /** Rows of numbers between half and all of each feature's scale. */
  private Dataset rows(double[] scales, int classes) {
    float[] numbers = new float[ROWS * scales.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) (scales[i % scales.length] * (0.5 + random.nextDouble() / 2));
    }
    int[] labels = random.ints(ROWS, 0, classes).toArray();
    return new Dataset(new Dataset.Floats(numbers), labels, scales.length, classes);
  }

  /**
   * On every scale, in both types, right derivatives pass, and these are found: a thousandth too
   * much and the other sign of one element (in binary64), a tenth, the other sign, and zeros.
   */
  @Test
  void everyScaleOfFeaturesAndWeights() {
    for (ElementType type : List.of(ElementType.F64, ElementType.F32)) {
      for (Loss loss : Losses.examples()) {
        for (Scaled scaled : scales()) {
          Dataset data = rows(scaled.features, 3);
          double[] w = new double[12];
          for (int i = 0; i < 9; i++) {
            w[i] = scaled.weights[i / 3] * (0.5 + random.nextDouble());
          }
          String where =
              "%s %s %s %s".formatted(type, loss, Arrays.toString(scaled.features), w[0]);
          try (ClassifierObjective f = new ClassifierObjective(device, data, loss, type, 0, 0)) {
            // Of scores of 30 a softmax in binary32 has hardly a slope that is not rounding.
            check(
                where, f, w, type == ElementType.F64 || scaled.weights[0] * scaled.features[0] < 2);
          }
        }
      }
    }
  }

  private static void check(String where, Objective f, double[] w, boolean exact) {
    UnaryOperator<double[]> same = x -> x;
    List<UnaryOperator<double[]>> mistakes =
        new ArrayList<>(List.of(times(1.1), times(-1), times(0)));
    if (f.type() == ElementType.F64) { // less than binary32 can tell, along one direction
      mistakes.add(times(1.001));
      mistakes.add(GradCheckTest::largestReversed);
    }
    for (BiFunction<Objective, double[], Report> check :
        List.<BiFunction<Objective, double[], Report>>of(GradCheck::check, GradCheck::fast)) {
      Report right = check.apply(f, w);
      assertNotEquals(Verdict.FAIL, right.verdict(), where + ": " + right);
      assertTrue(right.passed() || !exact, where + ": " + right);
      for (UnaryOperator<double[]> mistake : mistakes) {
        Report wrong = check.apply(new Tampered(f, mistake, same), w);
        assertNotEquals(Verdict.PASS, wrong.verdict(), where + ": " + wrong);
        assertTrue(wrong.verdict() == Verdict.FAIL || !exact, where + ": " + wrong);
      }
    }
    Report all = GradCheck.check(f, w);
    assertEquals(w.length, all.checked(), where);
    // In binary32 a kink can be so near that no difference is both wide enough and on one side.
    assertTrue(
        f.type() == ElementType.F32 || all.notResolvable() <= w.length / 2, where + ": " + all);
    if (f.twiceDifferentiable()) {
      double[] largest = new double[1];
      UnaryOperator<double[]> look =
          h -> {
            largest[0] = Math.max(largest[0], Arrays.stream(h).map(Math::abs).max().orElse(0));
            return h;
          };
      Report right = GradGradCheck.check(new Tampered(f, same, look), w);
      assertNotEquals(Verdict.FAIL, right.verdict(), where + ": " + right);
      if (!exact || largest[0] == 0) {
        return;
      }
      for (UnaryOperator<double[]> mistake : mistakes) {
        Report wrong = GradGradCheck.check(new Tampered(f, same, mistake), w);
        assertEquals(Verdict.FAIL, wrong.verdict(), where + ": " + right + ", " + wrong);
      }
    }
  }

  /** Curves whose own scale no part of the point shows. */
  @Test
  void everyScaleOfFunctions() {
    record Case(String name, double at, UnaryOperator<Double> f, UnaryOperator<Double> df) {}
    for (Case c :
        List.of(
            new Case("offset", 0, x -> 1e9 + Math.sin(x), Math::cos),
            new Case("steep", 0, x -> Math.sin(1e12 * x), x -> 1e12 * Math.cos(1e12 * x)),
            new Case(
                "steep beside", 1e-13, x -> Math.sin(1e12 * x), x -> 1e12 * Math.cos(1e12 * x)),
            new Case("flat", 3, x -> Math.exp(1e-20 * x), x -> 1e-20 * Math.exp(1e-20 * x)),
            new Case("far", 1e20, x -> x * x, x -> 2 * x),
            new Case("near", 1e-100, x -> x * x, x -> 2 * x),
            new Case("small", 2, x -> 1e-200 * x * x, x -> 2e-200 * x))) {
      Curve right = new Curve(device, ElementType.F64, c.f, c.df);
      Curve wrong = new Curve(device, ElementType.F64, c.f, x -> 1.1 * c.df.apply(x));
      Curve none = new Curve(device, ElementType.F64, c.f, x -> 0.0);
      double[] at = {c.at};
      assertTrue(GradCheck.check(right, at).passed(), c.name + ": " + GradCheck.check(right, at));
      assertTrue(GradCheck.fast(right, at).passed(), c.name + ": " + GradCheck.fast(right, at));
      for (Curve mistaken : List.of(wrong, none)) {
        for (Report report : List.of(GradCheck.check(mistaken, at), GradCheck.fast(mistaken, at))) {
          assertEquals(Verdict.FAIL, report.verdict(), c.name + ": " + report);
        }
      }
    }
  }

  @Test
  void whatDrownsInRoundingIsNeitherRightNorWrong() {
    UnaryOperator<Double> f = x -> 1e20 + Math.sin(x);
    Curve right = new Curve(device, ElementType.F64, f, Math::cos);
    Curve tenth = new Curve(device, ElementType.F64, f, x -> 1.1 * Math.cos(x));
    Curve absurd = new Curve(device, ElementType.F64, f, x -> 1e15);
    for (Curve curve : List.of(right, tenth)) {
      Report report = GradCheck.check(curve, new double[] {1});
      assertEquals(Verdict.NOT_RESOLVABLE, report.verdict(), report::toString);
      assertFalse(report.passed());
      assertEquals(1, report.notResolvable());
      assertEquals("NOT RESOLVABLE 1 elements, 1 not resolvable", report.toString());
    }
    assertFails(GradCheck.check(absurd, new double[] {1}));
    // A change that is too small to be seen here and shows far away.
    UnaryOperator<Double> slight = x -> 1 + 1e-30 * x;
    for (double slope : new double[] {0, 1.1e-30, -1e-30}) {
      Curve curve = new Curve(device, ElementType.F64, slight, x -> slope);
      assertFails(GradCheck.check(curve, new double[] {1}));
      assertFails(GradCheck.fast(curve, new double[] {1}));
    }
    Curve constant = new Curve(device, ElementType.F64, x -> 7.0, x -> 0.0);
    assertTrue(GradCheck.check(constant, new double[] {1}).passed());
    assertTrue(GradCheck.fast(constant, new double[] {1}).passed());
  }

  /** Counted, because a time depends on the machine. */
  @Test
  void aMillionParametersTakeAFewEvaluations() {
    int n = 1_000_000;
    int[] evaluations = new int[1];
    double[] wrong = new double[1];
    HostFunction f =
        new HostFunction() {
          @Override
          public int size() {
            return n;
          }

          @Override
          public double value(double[] w) {
            evaluations[0]++;
            double sum = 0;
            for (int i = 0; i < n; i++) {
              sum += (1 + i % 3) * w[i] * w[i];
            }
            return sum;
          }

          @Override
          public double gradient(double[] w, double[] gradient) {
            Arrays.setAll(gradient, i -> 2 * (1 + i % 3) * w[i]);
            gradient[4711] *= 1 + wrong[0];
            return value(w);
          }
        };
    double[] w = random.doubles(n, -1, 1).toArray();
    Objective on = f.on(device, ElementType.F64);
    Report right = GradCheck.fast(on, w);
    assertTrue(right.passed(), right::toString);
    assertTrue(right.toString().startsWith("PASS one direction: analytic "), right::toString);
    assertTrue(evaluations[0] <= 40, evaluations[0] + " evaluations");
    wrong[0] = -2; // the sign of one element of a million
    assertFails(GradCheck.fast(on, w));
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
    assertEquals(4, report.numeric(), 6e-3);
    assertEquals(2, report.difference(), 6e-3);
    assertEquals(1e-4 * 4, report.allowed(), 1e-4); // and what rounding hides
    assertTrue(
        report
            .toString()
            .matches(
                "FAIL 1 elements, worst is 0: analytic 6\\.0{8}, numeric [34]\\.[09]{3}\\d+,"
                    + " difference 2\\.0 of 0\\.000\\d+"),
        report::toString);
  }

  /** At the edge of what is allowed: a tenth of torch's, and a sixteenth of it for rounding. */
  @Test
  void toleranceIsRelativeToTheNumericValue() {
    for (double sign : new double[] {-1, 1}) {
      Curve inside = new Curve(device, ElementType.F64, x -> 100 * x, x -> 100 + sign * 0.00999);
      Curve outside = new Curve(device, ElementType.F64, x -> 100 * x, x -> 100 + sign * 0.0107);
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
    Curve curve = new Curve(device, ElementType.F64, x -> x, x -> 1.0);
    refused(() -> GradCheck.check(curve, new double[3]), "3", "1");
    refused(() -> GradGradCheck.check(curve, new double[3]), "3", "1");
    refused(() -> GradGradCheck.check(curve, new double[1]), "second derivative");
    try (ClassifierObjective f = objective(new Hinge(false), 3, 2, 0, 0)) {
      refused(() -> GradGradCheck.check(f, new double[8]), "second derivative");
    }
    refused(() -> new Tolerance(0, 1), "eps", "0");
    refused(() -> new Tolerance(1, -1), "rtol", "-1");
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
}
