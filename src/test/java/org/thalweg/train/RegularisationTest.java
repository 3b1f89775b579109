package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.TestDevices;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Momentum;
import org.thalweg.optim.Sgd;

/** What l1 and l2 do beside the clipping, and what the proximal step of l1 reaches. */
class RegularisationTest {
  private static final Dataset DIGITS = Digits.load().train();

  /**
   * The norm is that of the data's gradient alone: 10, so that it becomes (1.5, 2), to which
   * l1*sign(w) + l2*w adds (1.5, -1.5); decay makes w (3.5, -3.5) before it moves. The proximal
   * step is the last: of 0.5.
   */
  @Test
  void whatRegularisesIsNotClipped() {
    UpdateOptions options = UpdateOptions.PLAIN.withLargestNorm(2.5);
    Group gradient = new Group(1, 0.5, 0.25, 0.125);
    double[][] expected = {{3.5 - 3, -3.5 - 0.5}, {3.5 - 2.5 - 0.5, -3.5 - 1 + 0.5}};
    for (TestDevices which : List.of(TestDevices.JAVA_1, TestDevices.JAVA_2)) {
      for (ElementType type :
          new ElementType[] {ElementType.F32, ElementType.F64, ElementType.BF16}) {
        try (Device device = which.open();
            Array g = device.of(type, 6, 8)) {
          for (Group group : List.of(gradient, gradient.withProximal(true))) {
            try (Array w = device.of(type, 4, -4);
                Updater updater =
                    new Updater(
                        device,
                        new Sgd(1),
                        List.of(new Parameter(w, g, 0)),
                        List.of(group),
                        options)) {
              updater.step();
              assertEquals(10, updater.gradientNorm());
              int row = group.proximal() ? 1 : 0;
              assertArrayEquals(expected[row], device.download(w), group + " " + type);
            }
          }
        }
      }
    }
  }

  /**
   * Two steps of all rows, by hand: the clipped gradient of the loss, then that of l2*w^2 and
   * l1*|w| as it is; with l1 in its proximal step after that.
   */
  @Test
  void whatRegularisesTheLossIsNotClipped() {
    Dataset rows = DIGITS.splitAt(100).train();
    double lr = 0.5;
    double l1 = 0.01;
    double l2 = 0.05;
    double most = 0.1;
    for (boolean proximal : new boolean[] {false, true}) {
      Settings settings =
          Settings.DEFAULT
              .withType(ElementType.F64)
              .withOptimizer(new Sgd(lr))
              .withBatch(0)
              .withEpochs(2)
              .withL1(l1)
              .withProximal(proximal)
              .withL2(l2)
              .withClipNorm(most);
      try (Device device = new JavaDevice(1);
          Trainer start = new Trainer(device, rows, settings.withEpochs(0));
          Trainer trainer = new Trainer(device, rows, settings)) {
        double[] w = values(device, start);
        for (int step = 0; step < 2; step++) {
          double[] g = gradient(rows, w);
          double norm = Math.sqrt(Arrays.stream(g).map(x -> x * x).sum());
          assertTrue(norm > most, "" + norm);
          for (int i = 0; i < w.length; i++) {
            boolean weight = i < w.length - rows.classes();
            double slope = weight ? 2 * l2 * w[i] + (proximal ? 0 : l1 * Math.signum(w[i])) : 0;
            w[i] -= lr * (most / norm * g[i] + slope);
            if (weight && proximal) {
              w[i] = Math.signum(w[i]) * Math.max(Math.abs(w[i]) - lr * l1, 0);
            }
          }
        }
        trainer.train(epoch -> {});
        assertArrayEquals(w, values(device, trainer), 1e-13);
      }
    }
  }

  /** The weights, then the bias. */
  private static double[] values(Device device, Trainer trainer) {
    return trainer.model().parameters().stream()
        .flatMapToDouble(p -> Arrays.stream(device.download(p.value())))
        .toArray();
  }

  /** Of the mean softmax cross-entropy of all rows. */
  private static double[] gradient(Dataset rows, double[] w) {
    int classes = rows.classes();
    int features = rows.features();
    byte[] bytes = ((Dataset.Bytes) rows.values()).pixels();
    double[] g = new double[w.length];
    for (int r = 0; r < rows.rows(); r++) {
      double[] p = Arrays.copyOfRange(w, features * classes, w.length);
      double[] x = new double[features + 1];
      x[features] = 1; // of the bias, whose value p has already
      for (int f = 0; f < features; f++) {
        x[f] = (bytes[r * features + f] & 0xff) * rows.scaleOr1();
        for (int c = 0; c < classes; c++) {
          p[c] += x[f] * w[f * classes + c];
        }
      }
      Arrays.setAll(p, c -> Math.exp(p[c]));
      double sum = Arrays.stream(p).sum();
      for (int f = 0; f <= features; f++) {
        for (int c = 0; c < classes; c++) {
          double target = c == rows.labels()[r] ? 1 : 0;
          g[f * classes + c] += x[f] * (p[c] / sum - target) / rows.rows();
        }
      }
    }
    return g;
  }

  /**
   * The least objective: where 30,000 proximal steps of all rows end in binary64, with 572 zeros.
   */
  @Test
  void theProximalStepMakesZerosNearTheOptimum() {
    double least = 1.252591;
    for (boolean proximal : new boolean[] {false, true}) {
      Settings settings =
          Settings.DEFAULT
              .withOptimizer(new Momentum(0.5, 0.9, 0.9))
              .withEpochs(200)
              .withSchedule(Schedule.parse("linear"))
              .withL1(0.01)
              .withProximal(proximal);
      try (Device device = new JavaDevice();
          Trainer trainer = new Trainer(device, DIGITS, settings)) {
        trainer.train(epoch -> {});
        double[] weights = device.download(trainer.model().parameters().get(0).value());
        long zeros = Arrays.stream(weights).filter(w -> w == 0).count();
        if (proximal) {
          assertEquals(least, trainer.score(DIGITS).loss() + trainer.penalty(), 1e-4);
          assertTrue(zeros > 450 && zeros <= 572, zeros + " zeros");
        } else {
          assertEquals(0, zeros);
        }
      }
    }
  }
}
