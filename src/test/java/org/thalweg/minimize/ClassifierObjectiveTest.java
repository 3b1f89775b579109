package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.Hinge;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.Normalisation;
import org.thalweg.numeric.ElementType;
import org.thalweg.oracle.Bounded;
import org.thalweg.oracle.LossOracle;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/** The classifier's objective: against the naive definition, the trainer's, and its twins. */
class ClassifierObjectiveTest {
  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
    }

    /** On one device: on the others, several blocks are its twins. */
    @Test
    void blocksAgainstTheOracle() {
      Dataset plain = rows(2 * ClassifierObjective.BLOCK + 3, 3, 2, false);
      assertOracle(plain);
      assertOracle(weighted(plain));
    }

    private void assertOracle(Dataset data) {
      double[] w = normal(8, 1);
      double[] v = normal(8, 1);
      try (Device device = which.open()) {
        for (Loss loss : Losses.examples()) {
          try (ClassifierObjective f =
              new ClassifierObjective(device, data, loss, ElementType.F64, 0.1, 0.2)) {
            assertNear(oracle(data, loss, 0.1, 0.2, w, v), everything(f, w, v), loss);
            try (Array at = device.of(ElementType.F64, w)) {
              assertEquals(accuracy(data, w), f.accuracy(at));
            }
          }
        }
      }
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

  private static final List<ElementType> TYPES = List.of(ElementType.F32, ElementType.F64);

  abstract static class Body {
    final TestDevices which;
    private final Random random = new Random(4);

    Body(TestDevices which) {
      this.which = which;
    }

    double[] normal(int n, double deviation) {
      return random.doubles(n).map(x -> deviation * random.nextGaussian()).toArray();
    }

    /** Bytes, or the same numbers as floats. */
    Dataset rows(int rows, int features, int classes, boolean floats) {
      Random draws = new Random(rows);
      byte[] pixels = new byte[rows * features];
      draws.nextBytes(pixels);
      int[] labels = draws.ints(rows, 0, classes).toArray();
      if (!floats) {
        return new Dataset(pixels, labels, features, classes, 0x1p-8);
      }
      float[] numbers = new float[pixels.length];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = Byte.toUnsignedInt(pixels[i]) * 0x1p-8f;
      }
      return new Dataset(new Dataset.Floats(numbers), labels, features, classes);
    }

    /** Value, gradient, and the Hessian times v where there is one. */
    static List<double[]> everything(Objective f, double[] w, double[] v) {
      Device device = f.device();
      try (Array at = device.of(f.type(), w);
          Array direction = device.of(f.type(), v);
          Array g = device.allocate(f.type(), f.size());
          Array h = device.allocate(f.type(), f.size())) {
        if (f.twiceDifferentiable()) {
          f.hessianTimes(at, direction, h);
        }
        double value = f.value(at);
        assertEquals(value, f.gradient(at, g));
        return List.of(new double[] {value}, device.download(g), device.download(h));
      }
    }

    /** Watched by one who makes it slow, so that each piece is a chunk: the same bits, all told. */
    @Test
    void piecesHaveTheBitsOfTheWhole() {
      for (int count : new int[] {1, 128, 129, 300, ClassifierObjective.BLOCK + 300}) {
        for (boolean floats : new boolean[] {false, true}) {
          Dataset data = rows(count, 3, 4, floats);
          double[] w = normal(16, 1);
          double[] v = normal(16, 1);
          for (ElementType type : TYPES) {
            try (Device device = which.open();
                ClassifierObjective f =
                    new ClassifierObjective(
                        device, data, new SoftmaxCrossEntropy(), type, 0.1, 0.2)) {
              List<double[]> whole = everything(f, w, v);
              List<Long> told = new ArrayList<>();
              f.watch(
                  (done, of) -> {
                    assertEquals(count, of);
                    told.add(done);
                    if (done == 128 && count > ClassifierObjective.BLOCK) { // another block follows
                      sleep(250);
                    }
                  });
              List<double[]> pieces = everything(f, w, v);
              for (int i = 0; i < 3; i++) {
                assertArrayEquals(whole.get(i), pieces.get(i), count + " rows in " + type);
              }
              int each = (count + 127) / 128;
              assertTrue(told.size() >= each, told.toString());
              for (int i = 0; i < each; i++) {
                assertEquals(Math.min(128L * (i + 1), count), told.get(i));
              }
            }
          }
        }
      }
    }

    private static void sleep(long milliseconds) {
      try {
        Thread.sleep(milliseconds);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    static List<double[]> oracle(
        Dataset data, Loss loss, double l1, double l2, double[] w, double[] v) {
      int n = data.features();
      int classes = data.classes();
      double[] value = new double[1];
      double[] g = new double[w.length];
      double[] h = new double[w.length];
      for (int row = 0; row < data.rows(); row++) {
        double[] x = new double[n + 1];
        x[n] = 1;
        for (int i = 0; i < n; i++) {
          x[i] = Byte.toUnsignedInt(data.pixels()[row * n + i]) * data.scale();
        }
        double[] scores = times(x, w, classes);
        double[] u = times(x, v, classes);
        LossOracle of = LossOracle.of(loss, ElementType.F64, scores, data.labels()[row]);
        double[] weights = data.relativeWeights();
        double share = (weights == null ? 1 : weights[row]) / data.rows();
        value[0] += of.loss().value() * share;
        Bounded[] towards = of.hessianTimes(Bounded.of(ElementType.F64, u));
        for (int j = 0; j < classes; j++) {
          for (int i = 0; i <= n; i++) {
            g[i * classes + j] += x[i] * of.gradient(j).value() * share;
            h[i * classes + j] += x[i] * towards[j].value() * share;
          }
        }
      }
      for (int i = 0; i < n * classes; i++) {
        value[0] += l2 * w[i] * w[i] + l1 * Math.abs(w[i]);
        g[i] += 2 * l2 * w[i] + l1 * Math.signum(w[i]);
        h[i] += 2 * l2 * v[i];
      }
      return List.of(value, g, h);
    }

    /** The rows with weights from 0 to 4; of a single row 1. */
    static Dataset weighted(Dataset rows) {
      return rows.weighted(IntStream.range(0, rows.rows()).mapToDouble(i -> (i + 1) % 5).toArray());
    }

    /** Of two classes. */
    static double accuracy(Dataset data, double[] w) {
      int right = 0;
      for (int row = 0; row < data.rows(); row++) {
        double[] scores = {w[6], w[7]};
        for (int i = 0; i < 3; i++) {
          double x = Byte.toUnsignedInt(data.pixels()[row * 3 + i]) * data.scale();
          scores[0] += x * w[2 * i];
          scores[1] += x * w[2 * i + 1];
        }
        right += data.labels()[row] == (scores[1] > scores[0] ? 1 : 0) ? 1 : 0;
      }
      return (double) right / data.rows();
    }

    private static double[] times(double[] x, double[] w, int classes) {
      double[] scores = new double[classes];
      for (int i = 0; i < x.length; i++) {
        for (int j = 0; j < classes; j++) {
          scores[j] += x[i] * w[i * classes + j];
        }
      }
      return scores;
    }

    /**
     * Numbers of at most some hundred, each a mean of at most 1,437, or twice 8,192, terms: as many
     * roundings of 2^-53 would be 1e-12 of the largest term, and are not all in one direction.
     */
    @Test
    void digitsAgainstTheOracle() {
      Dataset digits = Digits.load().train();
      double[] w = normal(65 * 10, 0.1);
      w[7] = 0;
      double[] v = normal(w.length, 1);
      try (Device device = which.open()) {
        for (Loss loss : Losses.examples()) {
          double l1 = loss instanceof SoftmaxCrossEntropy ? 0 : 1e-4;
          try (ClassifierObjective f =
              new ClassifierObjective(device, digits, loss, ElementType.F64, l1, 1e-3)) {
            assertNear(oracle(digits, loss, l1, 1e-3, w, v), everything(f, w, v), loss);
          }
        }
      }
    }

    static void assertNear(List<double[]> expected, List<double[]> actual, Loss loss) {
      for (int i = 0; i < (loss.twiceDifferentiable() ? 3 : 2); i++) {
        double largest = Arrays.stream(expected.get(i)).map(Math::abs).max().orElse(0);
        assertArrayEquals(
            expected.get(i), actual.get(i), 1e-12 * Math.max(1, largest), loss + " " + i);
      }
    }

    @Test
    void theValueIsTheTrainersScore() {
      Dataset digits = Digits.load().train();
      List<Normalisation> normalisations = List.of(Normalisation.values());
      int next = 0;
      for (Loss loss : Losses.examples()) {
        Normalisation normalisation = normalisations.get(next++ % normalisations.size());
        Settings settings =
            Settings.DEFAULT
                .withNormalisation(normalisation)
                .withLoss(loss)
                .withType(ElementType.F64)
                .withBatch(100)
                .withEpochs(1)
                .withL2(1e-3)
                .withL1(1e-4);
        try (Device device = which.open();
            Trainer trainer = new Trainer(device, digits, settings);
            ClassifierObjective f =
                new ClassifierObjective(
                    device, digits, loss, ElementType.F64, 1e-4, 1e-3, normalisation.of(digits));
            Array w = device.allocate(ElementType.F64, f.size())) {
          trainer.train(epoch -> {});
          Array weights = trainer.model().parameters().get(0).value();
          Array bias = trainer.model().parameters().get(1).value();
          device.copy(weights, w.slice(0, weights.count()));
          device.copy(bias, w.slice(weights.count(), bias.count()));
          double objective = trainer.score(digits).loss() + trainer.penalty();
          assertEquals(objective, f.value(w), 1e-12);
          assertEquals(trainer.score(digits).accuracy(), f.accuracy(w));
        }
      }
    }

    /** Of bytes and floats, in one block and several. */
    @Test
    void sameBitsOnEveryDevice() {
      for (int rows : new int[] {1, 33, ClassifierObjective.BLOCK + 5}) {
        for (boolean floats : new boolean[] {false, true}) {
          Dataset plain = rows(rows, 5, 3, floats);
          Dataset data = floats ? weighted(plain) : plain;
          double[] w = normal(18, 0.5);
          double[] v = normal(18, 1);
          for (ElementType type : TYPES) {
            if (rows > ClassifierObjective.BLOCK && floats == (type == ElementType.F32)) {
              continue; // slow, and nothing new
            }
            for (Loss loss : Losses.examples()) {
              List<double[]> expected = run(TestDevices.JAVA_1, data, type, loss, w, v);
              List<double[]> actual = run(which, data, type, loss, w, v);
              for (int i = 0; i < expected.size(); i++) {
                assertArrayEquals(
                    expected.get(i), actual.get(i), "%d %s %s".formatted(rows, type, loss));
              }
            }
          }
        }
      }
    }

    private static List<double[]> run(
        TestDevices on, Dataset data, ElementType type, Loss loss, double[] w, double[] v) {
      try (Device device = on.open();
          ClassifierObjective f = new ClassifierObjective(device, data, loss, type, 0.01, 0.1)) {
        List<double[]> first = everything(f, w, v);
        if (data.rows() < ClassifierObjective.BLOCK) {
          List<double[]> second = everything(f, w, v);
          for (int i = 0; i < first.size(); i++) {
            assertArrayEquals(first.get(i), second.get(i), "the same again");
          }
        }
        return first;
      }
    }

    /** Centred, bytes and the same numbers as floats are the same, and the same on every device. */
    @Test
    void centredRows() {
      Dataset bytes = rows(33, 5, 3, false);
      Dataset floats = rows(33, 5, 3, true);
      double[] w = normal(18, 0.5);
      double[] v = normal(18, 1);
      SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
      try (Device java = TestDevices.JAVA_1.open();
          Device device = which.open()) {
        for (ElementType type : TYPES) {
          List<List<double[]>> results = new ArrayList<>();
          for (Device on : List.of(java, device)) {
            for (Dataset data : List.of(bytes, floats)) {
              try (ClassifierObjective f =
                  new ClassifierObjective(
                      on, data, loss, type, 0, 0, Normalisation.STANDARDISE.of(data))) {
                results.add(everything(f, w, v));
              }
            }
          }
          for (List<double[]> result : results) {
            for (int i = 0; i < result.size(); i++) {
              assertArrayEquals(results.get(0).get(i), result.get(i), type + " " + i);
            }
          }
        }
      }
    }

    /** Models side by side, of two blocks of rows; and more models than are taken at once. */
    @Test
    void valuesAreTheBitsOfValue() {
      for (ElementType type : TYPES) {
        assertValues(rows(ClassifierObjective.BLOCK + 5, 2, 2, false), type, 4);
        assertValues(rows(33, 2, 1025, true), type, 32);
        assertValues(weighted(rows(ClassifierObjective.BLOCK + 5, 2, 2, true)), type, 4);
      }
    }

    private void assertValues(Dataset data, ElementType type, int n) {
      try (Device device = which.open();
          ClassifierObjective f =
              new ClassifierObjective(device, data, new SoftmaxCrossEntropy(), type, 0.1, 0.2);
          Array w = device.allocate(type, f.size())) {
        double[][] points = new double[n][];
        Arrays.setAll(points, i -> normal((int) f.size(), 1));
        points[n - 2][0] = Double.NaN;
        double[] values = f.values(points);
        for (int i = 0; i < n; i++) {
          device.upload(w, points[i]);
          assertEquals(f.value(w), values[i], data.rows() + " rows, point " + i);
        }
        assertTrue(Double.isNaN(values[n - 2]));
      }
    }

    /** A margin of exactly 0 has no loss, no slope and no curvature; the next number above has. */
    @Test
    void atTheHingesKinkTheSlopeIsZero() {
      Dataset data = new Dataset(new byte[] {1}, new int[] {0}, 1, 3, 1);
      for (Hinge loss : List.of(new Hinge(false), new Hinge(true))) {
        for (ElementType type : TYPES) {
          try (Device device = which.open();
              ClassifierObjective f = new ClassifierObjective(device, data, loss, type, 0, 0)) {
            // The scores are 1, 0 and -5: margins 0 and -5.
            double[] w = {1, 0, -5, 0, 0, 0};
            double[] v = {0, 1, 0, 0, 0, 0};
            for (double[] result : everything(f, w, v)) {
              assertArrayEquals(new double[result.length], abs(result), loss + " " + type);
            }
            w[1] = 0x1p-10;
            double slope = loss.squared() ? 0x1p-9 : 1;
            double curve = loss.squared() ? 2 : 0;
            List<double[]> above = everything(f, w, v);
            double[] slopes = {-slope, slope, 0, -slope, slope, 0};
            assertArrayEquals(slopes, plus0(above.get(1)), loss + " " + type);
            double[] curves = {-curve, curve, 0, -curve, curve, 0};
            assertArrayEquals(plus0(curves), plus0(above.get(2)), loss + " " + type);
          }
        }
      }
    }

    private static double[] plus0(double[] x) {
      return Arrays.stream(x).map(one -> one + 0.0).toArray();
    }

    private static double[] abs(double[] x) {
      return Arrays.stream(x).map(Math::abs).toArray();
    }

    @Test
    void aLossThatIsNaNGivesNaN() {
      Dataset data = rows(33, 5, 3, false);
      double[] w = normal(18, 1);
      w[4] = Double.NaN;
      for (Loss loss : Losses.examples()) {
        for (ElementType type : TYPES) {
          try (Device device = which.open();
              ClassifierObjective f = new ClassifierObjective(device, data, loss, type, 0, 0)) {
            List<double[]> all = everything(f, w, new double[18]);
            assertTrue(Double.isNaN(all.get(0)[0]));
            assertTrue(Double.isNaN(all.get(1)[1]));
          }
        }
      }
    }

    @Test
    void whatIsRefused() {
      Dataset data = rows(3, 2, 2, false);
      try (Device device = which.open();
          ClassifierObjective f =
              new ClassifierObjective(device, data, new Hinge(false), ElementType.F64, 0, 0);
          Array six = device.allocate(ElementType.F64, 6);
          Array seven = device.allocate(ElementType.F64, 7);
          Array floats = device.allocate(ElementType.F32, 6);
          Array ints = device.of(0, 1, 0)) {
        refused(() -> f.value(seven), "6", "7");
        refused(() -> f.value(floats), "F64", "F32");
        refused(() -> f.gradient(six, seven), "6", "7");
        refused(() -> f.gradient(six, six), "overlap");
        Array d = device.allocate(ElementType.F64, 6);
        Hinge hinge = new Hinge(false);
        refused(() -> device.lossHessian(hinge, six, ints, 3, 1, d, d), "Hinge", "second");
        assertThrows(UnsupportedOperationException.class, () -> f.hessianTimes(six, d, six));
        SoftmaxCrossEntropy softmax = new SoftmaxCrossEntropy();
        refused(() -> device.lossHessian(softmax, six, ints, 4, 1, d, d), "6", "4");
        refused(() -> device.lossHessian(softmax, six, ints, 3, 1, seven, d), "6", "7");
        refused(() -> device.lossHessian(softmax, six, ints, 3, 1, d, six), "overlap");
        refused(() -> new ClassifierObjective(device, data, softmax, ElementType.F64, -1, 0), "-1");
        refused(
            () -> new ClassifierObjective(device, data, softmax, ElementType.F64, 0, Double.NaN),
            "NaN");
        Dataset none = data.splitAt(0).train();
        refused(
            () -> new ClassifierObjective(device, none, softmax, ElementType.F64, 0, 0), "no rows");
      }
    }

    private static void refused(Runnable use, String... parts) {
      String message =
          String.valueOf(assertThrows(IllegalArgumentException.class, use::run).getMessage());
      for (String part : parts) {
        assertTrue(message.contains(part), () -> "\"" + message + "\" lacks \"" + part + "\"");
      }
    }
  }
}
