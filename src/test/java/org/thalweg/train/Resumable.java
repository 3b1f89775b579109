package org.thalweg.train;

import java.nio.file.Files;
import java.nio.file.Path;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.model.Normalisation;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;

/**
 * A small training that can be killed: a program for a process of its own. It saves behind each
 * step, goes on where the file is that it finds, says when that has been done once, and at the end
 * what it has learned.
 */
final class Resumable {
  static final Dataset.Split DATA = Digits.load().train().splitAt(200);
  static final Dataset TRAIN = DATA.train();
  static final Dataset VALIDATION = DATA.test().splitAt(100).train();

  /** Seven steps to an epoch, the last minibatch smaller. */
  static final Settings SETTINGS =
      Settings.DEFAULT
          .withOptimizer(new Adam(0.02, 0.9, 0.999, 1e-8))
          .withEpochs(3)
          .withL1(1e-5)
          .withL2(1e-4)
          .withWeightDecay(1e-3)
          .withClipNorm(0.5)
          .withNormalisation(Normalisation.STANDARDISE)
          .withInitialisation(Initialisation.XAVIER)
          .withSchedule(Schedule.parse("cosine").withWarmup(5));

  private Resumable() {}

  /** Checksum of the weights, and the history. */
  static String result(Trainer trainer) {
    return "%08x %s".formatted(trainer.model().crc32(), trainer.history());
  }

  /** Without any interruption. */
  static String result(Device device, Settings settings) {
    try (Trainer trainer =
        new Trainer(device, TRAIN, settings, TrainingOptions.NONE.withValidation(VALIDATION, 0))) {
      trainer.train(epoch -> {});
      return result(trainer);
    }
  }

  /** Arguments: the device, the checkpoint, the epochs, the interval. */
  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[1]);
    Settings settings =
        SETTINGS.withType(ElementType.F32).withEpochs(Integer.parseInt(arguments[2]));
    try (Device device = TestDevices.valueOf(arguments[0]).open();
        Trainer trainer =
            new Trainer(
                device,
                TRAIN,
                settings,
                TrainingOptions.NONE
                    .withValidation(VALIDATION, 0)
                    .withCheckpoints(file, Interval.parse(arguments[3])))) {
      if (Files.exists(file)) {
        trainer.restore(file);
      }
      trainer.train(
          new Trainer.Listener() {
            private int steps;

            @Override
            public void epoch(Trainer.Epoch epoch) {}

            @Override
            public void step(long done, long of) {
              if (++steps == 2) {
                System.out.println("the first step is saved");
              }
            }
          });
      System.out.println(result(trainer));
    }
  }
}
