package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.data.Digits;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.TestDevices;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.model.Normalisation;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Registry;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Sgd;

class TrainerTest {
  private static final Dataset DIGITS = Digits.load().train();

  private static Settings settings(int batch, int epochs, double l2) {
    return Settings.DEFAULT
        .withType(ElementType.F64)
        .withBatch(batch)
        .withEpochs(epochs)
        .withL2(l2);
  }

  /** All weights 0: each class has probability 1/10, so the loss is log 10 whatever the rows. */
  @Test
  void theFirstLossIsThatOfChance() {
    try (Device device = new JavaDevice(1);
        Trainer trainer = new Trainer(device, DIGITS, settings(32, 0, 0))) {
      trainer
          .model()
          .parameters()
          .forEach(p -> device.upload(p.value(), new double[(int) p.value().count()]));
      assertEquals(Math.log(10), trainer.score(DIGITS).loss(), 1e-12);
    }
  }

  /** Least losses found with SciPy's L-BFGS-B; see the data set's notes. */
  @Test
  void fullBatchDescentComesNearTheOptimum() {
    double least = 0.3323934882816668;
    try (Device device = new JavaDevice();
        Trainer trainer = new Trainer(device, DIGITS, settings(DIGITS.rows(), 1500, 1e-3))) {
      trainer.train(epoch -> {});
      double loss = trainer.score(DIGITS).loss() + trainer.penalty();
      assertTrue(loss >= least - 1e-12, "below the least loss: " + loss);
      assertEquals(least, loss, 1e-6);
    }
  }

  @Test
  void thePenaltyCountsAbsoluteValues() {
    try (Device device = new JavaDevice(1);
        Trainer plain = new Trainer(device, DIGITS, settings(32, 0, 0));
        Trainer regular = new Trainer(device, DIGITS, settings(32, 0, 0).withL1(0.25))) {
      double[] weights = device.download(plain.model().parameters().get(0).value());
      double sum = Arrays.stream(weights).map(Math::abs).sum();
      assertEquals(plain.score(DIGITS), regular.score(DIGITS));
      assertEquals(0, plain.penalty());
      assertEquals(0.25 * sum, regular.penalty(), sum * 640 * 0x1p-52);
    }
  }

  @Test
  void thePenaltyCountsTheWeightsAndNotTheBias() {
    try (Device device = new JavaDevice(1);
        Trainer plain = new Trainer(device, DIGITS, settings(32, 2, 0));
        Trainer regular = new Trainer(device, DIGITS, settings(32, 2, 0.25))) {
      for (int i = 0; i < 2; i++) {
        double[] w = device.download(plain.model().parameters().get(i).value());
        device.upload(regular.model().parameters().get(i).value(), w);
      }
      double[] weights = device.download(plain.model().parameters().get(0).value());
      double squares = Arrays.stream(weights).map(x -> x * x).sum();
      // Two sums of 640 squares in different order: each within 640 roundings of the exact one.
      assertEquals(plain.score(DIGITS), regular.score(DIGITS));
      assertEquals(0.25 * squares, regular.penalty(), squares * 640 * 0x1p-52);
    }
  }

  /** The mean of 256 bytes / 16 is a multiple of 2^-12, so the centred numbers are floats. */
  @Test
  void centringSubtractsTheTrainingRowsMeans() {
    Dataset.Split rows = DIGITS.splitAt(256);
    Settings settings = Settings.DEFAULT.withEpochs(2);
    double[] means = rows.train().means();
    try (Device device = new JavaDevice(1);
        Trainer own =
            new Trainer(device, rows.train(), settings.withNormalisation(Normalisation.CENTRE));
        Trainer byHand = new Trainer(device, centred(rows.train(), means), settings)) {
      own.train(epoch -> {});
      byHand.train(epoch -> {});
      assertEquals(byHand.model().crc32(), own.model().crc32());
      assertEquals(byHand.history(), own.history());
      assertEquals(byHand.score(centred(rows.test(), means)), own.score(rows.test()));
    }
  }

  private static Dataset centred(Dataset data, double[] means) {
    float[] numbers = new float[data.rows() * data.features()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) (data.pixels()[i] * data.scale() - means[i % data.features()]);
    }
    return new Dataset(new Dataset.Floats(numbers), data.labels(), data.features(), data.classes());
  }

  private static Dataset weighted() {
    return DIGITS.weighted(
        IntStream.range(0, DIGITS.rows()).mapToDouble(row -> 0.1 + row % 7).toArray());
  }

  /** Every device comes to the same weights by rows that count differently, in both types. */
  @Test
  @Tag("driver")
  void weightedRowsGiveTheSameBitsOnEveryDevice() {
    for (ElementType type : List.of(ElementType.F32, ElementType.F64)) {
      for (double clip : new double[] {1, Double.POSITIVE_INFINITY}) {
        Settings settings =
            Settings.DEFAULT.withEpochs(1).withBatch(100).withType(type).withClipNorm(clip);
        Set<Integer> sums = new HashSet<>();
        for (TestDevices which :
            List.of(TestDevices.JAVA_1, TestDevices.JAVA_2, TestDevices.DRIVER)) {
          sums.add(trained(which, weighted(), settings));
        }
        assertEquals(1, sums.size(), type + ", clipped to " + clip);
        assertNotEquals(Set.of(trained(TestDevices.JAVA_1, DIGITS, settings)), sums);
      }
    }
  }

  /** Where all weights are the same, they change no bit. */
  @Test
  void equalWeightsChangeNothing() {
    Dataset equal = DIGITS.weighted(DoubleStream.generate(() -> 4).limit(DIGITS.rows()).toArray());
    Settings settings = Settings.DEFAULT.withEpochs(2);
    assertEquals(
        trained(TestDevices.JAVA_2, DIGITS, settings),
        trained(TestDevices.JAVA_2, equal, settings));
  }

  private static int trained(TestDevices which, Dataset rows, Settings settings) {
    try (Device device = which.open();
        Trainer trainer = new Trainer(device, rows, settings)) {
      trainer.train(epoch -> {});
      return trainer.model().crc32();
    }
  }

  @Test
  void bytesThatDoNotFitGiveTheSameBits() {
    streams(TestDevices.JAVA_2, DIGITS);
    streams(TestDevices.JAVA_2, weighted());
  }

  @Test
  void floatsThatDoNotFitGiveTheSameBits() {
    streams(TestDevices.JAVA_1, centred(DIGITS, DIGITS.means()));
  }

  @Test
  @Tag("driver")
  void onTheDriverToo() {
    streams(TestDevices.DRIVER, DIGITS);
    streams(TestDevices.DRIVER, weighted());
    streams(TestDevices.DRIVER, centred(DIGITS, DIGITS.means()));
  }

  /**
   * With less and less memory, down to none: pieces of a few minibatches, then of one, then a
   * refusal.
   */
  private static void streams(TestDevices which, Dataset data) {
    Settings settings =
        Settings.DEFAULT
            .withEpochs(2)
            .withBatch(50)
            .withNormalisation(Normalisation.STANDARDISE)
            .withClipNorm(1);
    Dataset.Split rows = data.splitAt(1200);
    List<Object> expected = null;
    int runs = 0;
    try (Device device = which.open()) {
      long bytes =
          MemoryPlan.training(
                  device, rows.train(), settings, Trainer.columns(settings), 0, Long.MAX_VALUE)
              .bytes();
      for (long room = bytes; ; room -= bytes / 9) {
        try (Trainer trainer =
            new Trainer(device, rows.train(), settings, TrainingOptions.NONE, room)) {
          trainer.train(epoch -> {});
          List<Object> result = List.of(trainer.model().crc32(), trainer.history());
          assertEquals(expected == null ? result : expected, result, room + " bytes");
          expected = result;
          runs++;
        } catch (DeviceException e) {
          assertTrue(e.getMessage().contains("training needs"), e.getMessage());
          break;
        }
      }
    }
    assertTrue(runs > 4, runs + " runs");
  }

  @Test
  void scoresOfRowsThatDoNotFitAreTheSame() {
    Settings settings = Settings.DEFAULT.withBatch(1).withEpochs(0);
    Dataset twice = centred(DIGITS, new double[64]);
    try (Device device = new JavaDevice(1);
        Trainer all = new Trainer(device, twice, settings);
        Trainer pieces = new Trainer(device, twice, settings, TrainingOptions.NONE, 450_000)) {
      assertEquals(all.score(twice), pieces.score(twice));
      assertThrows(
          DeviceException.class,
          () -> new Trainer(device, twice, settings, TrainingOptions.NONE, 100).close());
    }
  }

  /** Full batches, batch = 0, are those of all rows. */
  @Test
  void batch0IsAllRows() {
    try (Device device = new JavaDevice(1);
        Trainer none = new Trainer(device, DIGITS, settings(0, 3, 0));
        Trainer all = new Trainer(device, DIGITS, settings(DIGITS.rows(), 3, 0))) {
      none.train(epoch -> {});
      all.train(epoch -> {});
      assertEquals(3, none.steps());
      assertEquals(all.model().crc32(), none.model().crc32());
    }
  }

  @Test
  void theScheduleReachesTheUpdates() {
    Settings still = settings(32, 3, 0).withSchedule(Schedule.parse("step:every=1,factor=1e-16"));
    try (Device device = new JavaDevice(1);
        Trainer trainer = new Trainer(device, DIGITS, still)) {
      List<Integer> sums = new ArrayList<>();
      trainer.train(epoch -> sums.add(trainer.model().crc32()));
      assertEquals(sums.get(1), sums.get(2), "the third epoch does not move the weights");
      assertEquals(0.01, trainer.history().get(0).lr());
      assertEquals(0.01 * 1e-16, trainer.history().get(1).lr());
    }
  }

  @Test
  void fashionMnistIsLearned() {
    assumeTrue(
        Files.exists(Path.of("/usr/share/datasets/fashion-mnist")),
        "the package dataset-fashion-mnist is not installed");
    Dataset.Split clothes = Datasets.load("fashion-mnist", null, null).split();
    Settings settings =
        Settings.DEFAULT
            .withOptimizer(Settings.DEFAULT.optimizer().withLr(1e-3))
            .withBatch(128)
            .withEpochs(10);
    try (Device device = new JavaDevice();
        Trainer trainer = new Trainer(device, clothes.train(), settings)) {
      trainer.train(epoch -> {});
      double accuracy = trainer.score(clothes.test()).accuracy();
      assertTrue(accuracy >= 0.84, "accuracy " + accuracy);
    }
  }

  /** 1,437 rows in minibatches of 1,000 to 1,438: one or two programs, a last one of 1 row. */
  @Test
  void anyBatchSizePassesThroughAllRows() {
    for (int batch : new int[] {1, 479, 1000, 1436, 1437, 1438}) {
      try (Device device = new JavaDevice(1);
          Trainer trainer = new Trainer(device, DIGITS, settings(batch, 1, 0))) {
        trainer.train(
            epoch -> assertTrue(epoch.accuracy() > 0 && epoch.accuracy() < 1, "batch " + batch));
        assertTrue(trainer.score(DIGITS).loss() < Math.log(10), "batch " + batch);
      }
    }
  }

  @Test
  void noRowsAreRefused() {
    Dataset none = new Dataset(new byte[0], new int[0], 64, 10, 1);
    try (Device device = new JavaDevice(1);
        Trainer trainer = new Trainer(device, DIGITS, settings(32, 1, 0))) {
      for (Executable use :
          List.<Executable>of(
              () -> trainer.score(none), () -> new Trainer(device, none, settings(1, 1, 0)))) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, use);
        assertEquals("there are no rows", e.getMessage());
      }
    }
  }

  /** A rate is blamed only where there was an update, and where that divided by no eps of 0. */
  @Test
  void whatIsLikelyIsBlamedForALossThatIsNotFinite() {
    Settings one = Settings.DEFAULT.withEpochs(1);
    float[] x = new float[20];
    Arrays.fill(x, 3e38f);
    Dataset large = new Dataset(new Dataset.Floats(x), new int[10], 2, 2);
    Map<Settings, Dataset> first =
        Map.of(one.withInitScale(1), large, one.withInitScale(3e37), DIGITS);
    first.forEach(
        (settings, data) ->
            assertBlamed(settings, data, "step 1 of .* before the first update: features or.*"));
    int rules = 0;
    assertBlamed(one.withOptimizer(new Sgd(1e38)), DIGITS, "step .* rate 1e38; try a smaller rate");
    Settings far = one.withOptimizer(new Sgd(1));
    assertBlamed(far.withWeightDecay(1e38), DIGITS, ".* try a smaller weight decay or rate");
    assertBlamed(far.withL2(1e38), DIGITS, ".* try a smaller l2 or rate");
    for (Optimizer rule : Optimizers.all()) {
      // Yogi's state does not begin at 0.
      if (Registry.hyperparameters(rule).containsKey("eps") && !rule.name().equals("yogi")) {
        assertBlamed(
            one.withOptimizer(rule.with("eps", 0)),
            DIGITS,
            "step . of .*; eps is 0, .* larger eps");
        rules++;
      }
    }
    assertTrue(rules > 5, rules + " rules with eps");
  }

  private static void assertBlamed(Settings settings, Dataset data, String message) {
    try (Device device = new JavaDevice(1);
        Trainer trainer = new Trainer(device, data, settings)) {
      TrainingException e =
          assertThrows(
              TrainingException.class, () -> trainer.train(epoch -> {}), settings.toString());
      assertTrue(e.getMessage().matches("epoch 1, " + message), settings + e.getMessage());
      assertEquals(message.endsWith("rate"), e.isDiverged());
    }
  }

  @Test
  void aLossThatIsNotFiniteKeepsTheWeightsBeforeIt() {
    Settings wild = Settings.DEFAULT.withOptimizer(new Sgd(1e38)).withEpochs(1);
    try (Device device = new JavaDevice(1);
        Trainer trainer = new Trainer(device, DIGITS, wild)) {
      TrainingException e = assertThrows(TrainingException.class, () -> trainer.train(epoch -> {}));
      assertTrue(e.getMessage().contains("step"), e.getMessage());
      for (double w : device.download(trainer.model().parameters().get(0).value())) {
        assertTrue(!Double.isNaN(w), "the update of the step that failed was not applied");
      }
    }
  }
}
