package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Device;
import org.thalweg.device.ElementType;
import org.thalweg.device.JavaDevice;
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
          .forEach(p -> device.write(p.value(), new double[(int) p.value().count()]));
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
      double loss = trainer.score(DIGITS).loss();
      assertTrue(loss >= least - 1e-12, "below the least loss: " + loss);
      assertEquals(least, loss, 1e-6);
    }
  }

  @Test
  void theObjectiveCountsTheWeightsAndNotTheBias() {
    try (Device device = new JavaDevice(1);
        Trainer plain = new Trainer(device, DIGITS, settings(32, 2, 0));
        Trainer regular = new Trainer(device, DIGITS, settings(32, 2, 0.25))) {
      for (int i = 0; i < 2; i++) {
        double[] w = device.read(plain.model().parameters().get(i).value());
        device.write(regular.model().parameters().get(i).value(), w);
      }
      double[] weights = device.read(plain.model().parameters().get(0).value());
      double squares = Arrays.stream(weights).map(x -> x * x).sum();
      // Two sums of 640 squares in different order: each within 640 roundings of the exact one.
      assertEquals(
          plain.score(DIGITS).loss() + 0.25 * squares,
          regular.score(DIGITS).loss(),
          squares * 640 * 0x1p-52);
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

  @Test
  void aLossThatIsNotFiniteKeepsTheWeightsBeforeIt() {
    Settings wild = Settings.DEFAULT.withOptimizer(new Sgd(1e38)).withEpochs(1);
    try (Device device = new JavaDevice(1);
        Trainer trainer = new Trainer(device, DIGITS, wild)) {
      TrainingException e = assertThrows(TrainingException.class, () -> trainer.train(epoch -> {}));
      assertTrue(e.getMessage().contains("step"), e.getMessage());
      for (double w : device.read(trainer.model().parameters().get(0).value())) {
        assertTrue(!Double.isNaN(w), "the update of the step that failed was not applied");
      }
    }
  }
}
