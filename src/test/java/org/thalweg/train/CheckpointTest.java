package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.Hinge;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.ModelFile;
import org.thalweg.model.Normalisation;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Sgd;

class CheckpointTest {
  private static final Dataset TRAIN = Resumable.TRAIN;
  private static final Dataset VALIDATION = Resumable.VALIDATION;
  private static final int STEPS = 21;

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("run.safetensors");
  }

  /** Trains on, from the checkpoint where there is one, until so many steps are done in all. */
  private Outcome trainTo(Device device, Settings settings, long steps, String every)
      throws IOException {
    try (Trainer trainer =
        new Trainer(
            device,
            TRAIN,
            settings,
            TrainingOptions.NONE
                .withValidation(VALIDATION, 0)
                .withCheckpoints(file(), Interval.parse(every)))) {
      if (Files.exists(file())) {
        trainer.restore(file());
      }
      Trainer.Listener stopper =
          new Trainer.Listener() {
            @Override
            public void epoch(Trainer.Epoch epoch) {}

            @Override
            public void step(long done, long of) {
              assertEquals(STEPS, of);
              if (done == steps) {
                trainer.stop();
              }
            }
          };
      Outcome outcome = trainer.train(stopper);
      assertEquals(steps, trainer.steps());
      if (outcome == Outcome.FINISHED) {
        last = Resumable.result(trainer);
      }
      return outcome;
    }
  }

  private String last = "";

  private void assertResumes(Device device, Device other, Settings settings, long... stops)
      throws IOException {
    String what = settings.optimizer() + " " + Arrays.toString(stops);
    String expected = Resumable.result(other, settings);
    for (long stop : stops) {
      assertEquals(Outcome.STOPPED, trainTo(device, settings, stop, "1s"), what);
    }
    assertEquals(Outcome.FINISHED, trainTo(other, settings, STEPS, "2"), what);
    assertEquals(expected, last, what);
    // The last checkpoint is of the end.
    last = "";
    assertEquals(Outcome.FINISHED, trainTo(other, settings, STEPS, "7s"), what);
    assertEquals(expected, last, what);
    Files.delete(file());
  }

  private void everyRuleResumes(TestDevices first, TestDevices second) throws IOException {
    Random random = new Random(1);
    try (Device device = first.open();
        Device other = second.open()) {
      for (Optimizer rule : Optimizers.all()) {
        ElementType type = random.nextBoolean() ? ElementType.F32 : ElementType.F64;
        boolean proximal = random.nextBoolean();
        Settings settings =
            Resumable.SETTINGS.withOptimizer(rule).withType(type).withProximal(proximal);
        long[] stops = random.longs(3, 1, STEPS).sorted().distinct().toArray();
        assertResumes(device, other, settings, stops);
      }
    }
  }

  @Test
  void behindEachStep() throws IOException {
    try (Device device = TestDevices.JAVA_1.open()) {
      for (long stop = 1; stop < STEPS; stop++) {
        assertResumes(device, device, Resumable.SETTINGS, stop);
      }
    }
  }

  @Test
  void everyRuleOnJava() throws IOException {
    everyRuleResumes(TestDevices.JAVA_2, TestDevices.JAVA_1);
  }

  @Test
  @Tag("driver")
  void everyRuleOnTheDriverAndFromThereOnJava() throws IOException {
    everyRuleResumes(TestDevices.DRIVER, TestDevices.JAVA_1);
  }

  /** Leaves a checkpoint behind so many steps. */
  private void save(Device device, int patience, int steps) {
    try (Trainer trainer =
        new Trainer(
            device,
            TRAIN,
            Resumable.SETTINGS,
            TrainingOptions.NONE
                .withValidation(VALIDATION, patience)
                .withMetadata(Map.of("answer", "42"))
                .withCheckpoints(file(), new Interval(steps, true)))) {
      trainer.stop();
      trainer.train(epoch -> {});
      assertEquals(steps, trainer.steps());
    }
  }

  private static String refused(Trainer trainer, Path file) {
    int before = trainer.model().crc32();
    String message =
        String.valueOf(assertThrows(IOException.class, () -> trainer.restore(file)).getMessage());
    assertEquals(before, trainer.model().crc32());
    assertEquals(0, trainer.steps());
    assertTrue(message.startsWith(file + ": "), message);
    assertEquals(1, message.lines().count(), message);
    return message;
  }

  @Test
  void whatIsCutOrChangedIsRefused() throws IOException {
    Random random = new Random(2);
    try (Device device = TestDevices.JAVA_1.open();
        Trainer trainer =
            new Trainer(
                device,
                TRAIN,
                Resumable.SETTINGS,
                TrainingOptions.NONE.withValidation(VALIDATION, 2))) {
      save(device, 2, 7);
      byte[] good = Files.readAllBytes(file());
      for (int i = 0; i < 100; i++) {
        int length = i < 10 ? i : i < 20 ? good.length - i + 9 : random.nextInt(good.length);
        Files.write(file(), Arrays.copyOf(good, length));
        refused(trainer, file());
      }
      for (int i = 0; i < 1000; i++) {
        byte[] changed = good.clone();
        // Every second one in the header.
        int at = random.nextInt(i % 2 == 0 ? good.length : 2500);
        changed[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(file(), changed);
        refused(trainer, file());
      }
      Files.write(file(), good);
      trainer.restore(file());
      assertEquals(7, trainer.steps());
      assertEquals(Map.of("answer", "42"), Trainer.metadata(file()));
    }
  }

  @Test
  void anotherRunIsRefusedByName() throws IOException {
    Settings own = Resumable.SETTINGS;
    Map<String, Settings> others =
        Map.ofEntries(
            Map.entry("optimizer: sgd:lr=0.02", own.withOptimizer(new Sgd(0.02))),
            Map.entry(
                "optimizer: adam:lr=0.03,beta1=0.9,beta2=0.999,eps=1e-8",
                own.withOptimizer(own.optimizer().withLr(0.03))),
            Map.entry("loss: squared-hinge", own.withLoss(new Hinge(true))),
            Map.entry("loss: softmax:smoothing=0.1", own.withLoss(new SoftmaxCrossEntropy(0.1))),
            Map.entry("type: F64", own.withType(ElementType.F64)),
            Map.entry("batch: 33", own.withBatch(33)),
            Map.entry("l1: 0", own.withL1(0)),
            Map.entry("l2: 0", own.withL2(0)),
            Map.entry("weightDecay: 0", own.withWeightDecay(0)),
            Map.entry("clipNorm: Infinity", own.withClipNorm(Double.POSITIVE_INFINITY)),
            Map.entry("schedule: constant", own.withSchedule(Schedule.CONSTANT)),
            Map.entry("warmup: 6", own.withSchedule(own.schedule().withWarmup(6))),
            Map.entry("initialisation: ZEROS", own.withInitialisation(Initialisation.ZEROS)),
            Map.entry("initScale: 2", own.withInitScale(2)),
            Map.entry("normalisation: none", own.withNormalisation(Normalisation.NONE)),
            Map.entry("seed: 2", own.withSeed(2)));
    try (Device device = TestDevices.JAVA_1.open()) {
      save(device, 0, 3);
      others.forEach(
          (name, settings) -> {
            try (Trainer trainer =
                new Trainer(
                    device, TRAIN, settings, TrainingOptions.NONE.withValidation(VALIDATION, 0))) {
              String message = refused(trainer, file());
              assertTrue(message.contains(": " + name + " is needed, not "), message);
            }
          });
      Dataset less = TRAIN.splitAt(199).train();
      int[] labels = TRAIN.labels().clone();
      labels[5] = (labels[5] + 1) % 10;
      byte[] pixels = TRAIN.pixels().clone();
      pixels[777]++;
      for (Dataset data :
          List.of(
              less,
              new Dataset(pixels, TRAIN.labels(), 64, 10, TRAIN.scale()),
              new Dataset(TRAIN.pixels(), labels, 64, 10, TRAIN.scale()),
              new Dataset(TRAIN.pixels(), TRAIN.labels(), 64, 10, 1))) {
        try (Trainer trainer =
            new Trainer(device, data, own, TrainingOptions.NONE.withValidation(VALIDATION, 0))) {
          assertTrue(refused(trainer, file()).contains(": the training rows are not those "));
        }
      }
      try (Trainer trainer = new Trainer(device, TRAIN, own)) {
        assertTrue(refused(trainer, file()).contains(": validation: none is needed"));
        Path model = folder.resolve("model.safetensors");
        ModelFile.save(trainer.model(), model);
        assertTrue(refused(trainer, model).contains("thalweg.checkpoint"));
        assertThrows(IOException.class, () -> Trainer.metadata(model));
        Path there = folder.resolve("none/x");
        TrainingOptions nowhere =
            TrainingOptions.NONE.withCheckpoints(there, new Interval(1, false));
        assertThrows(
            UncheckedIOException.class, () -> new Trainer(device, TRAIN, own, nowhere).close());
      }
    }
  }

  @Test
  void anotherThreadStops() throws Exception {
    Settings endless = Resumable.SETTINGS.withEpochs(Integer.MAX_VALUE);
    try (Device device = TestDevices.JAVA_1.open();
        Trainer trainer =
            new Trainer(
                device,
                TRAIN,
                endless,
                TrainingOptions.NONE.withCheckpoints(file(), Interval.parse("1000000")))) {
      CountDownLatch begun = new CountDownLatch(3);
      Thread stopper =
          new Thread(
              () -> {
                try {
                  begun.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                trainer.stop();
              });
      stopper.start();
      assertEquals(Outcome.STOPPED, trainer.train(epoch -> begun.countDown()));
      stopper.join();
      try (Trainer again = new Trainer(device, TRAIN, endless)) {
        again.restore(file());
        assertEquals(trainer.steps(), again.steps());
        assertEquals(Resumable.result(trainer), Resumable.result(again));
        assertTrue(again.steps() >= 21, again.steps() + " steps");
      }
    }
  }

  /** Few rows, a high rate: what is learned soon does not serve other rows any more. */
  @Test
  void patienceEndsWithTheBest() throws IOException {
    Settings settings = Settings.DEFAULT.withEpochs(200).withBatch(0).withL2(1e-4);
    Dataset few = TRAIN.splitAt(30).train();
    Dataset.Split rows = Digits.load();
    try (Device device = TestDevices.JAVA_1.open()) {
      int best;
      int weights;
      try (Trainer trainer =
          new Trainer(
              device,
              few,
              settings.withOptimizer(settings.optimizer().withLr(0.2)),
              TrainingOptions.NONE
                  .withValidation(rows.test(), 4)
                  .withCheckpoints(file(), Interval.parse("1000")))) {
        assertEquals(Outcome.PATIENCE, trainer.train(epoch -> {}));
        List<Double> losses =
            trainer.history().stream().map(e -> e.validation()).map(Score::loss).toList();
        best = losses.indexOf(losses.stream().min(Double::compare).orElseThrow());
        assertTrue(best > 0, losses.toString());
        assertEquals(best + 1 + 4, losses.size());
        assertEquals(losses.get(best), trainer.score(rows.test()).loss());
        weights = trainer.model().crc32();
      }
      try (Trainer again =
          new Trainer(
              device,
              few,
              settings.withOptimizer(settings.optimizer().withLr(0.2)),
              TrainingOptions.NONE.withValidation(rows.test(), 4))) {
        again.restore(file());
        assertFalse(weights == again.model().crc32());
        assertEquals(Outcome.PATIENCE, again.train(epoch -> {}));
        assertEquals(weights, again.model().crc32());
      }
    }
  }

  @Test
  void aLossThatIsNotFiniteNamesTheLastGoodCheckpoint() throws IOException {
    Settings wild = Settings.DEFAULT.withOptimizer(new Sgd(1e38)).withEpochs(1);
    try (Device device = TestDevices.JAVA_1.open();
        Trainer trainer =
            new Trainer(
                device,
                TRAIN,
                wild,
                TrainingOptions.NONE.withCheckpoints(file(), Interval.parse("1s")))) {
      String message =
          String.valueOf(
              assertThrows(TrainingException.class, () -> trainer.train(epoch -> {})).getMessage());
      assertTrue(
          message.matches(
              "epoch 1, step [2-7] of 7: the loss became (NaN|Infinity) at learning rate 1e38;"
                  + " the last good checkpoint is .*run.safetensors; try a smaller rate"),
          message);
      int weights = trainer.model().crc32();
      try (Trainer again = new Trainer(device, TRAIN, wild)) {
        again.restore(file());
        assertEquals(weights, again.model().crc32());
        assertEquals(trainer.steps(), again.steps());
      }
    }
  }
}
