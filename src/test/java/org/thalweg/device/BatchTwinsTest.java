package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.ElementType;

/** Gather and tally have the same bits on every device. */
class BatchTwinsTest {
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

  /** What is gathered: bytes or floats, each as it is or with something added to each feature. */
  enum Kind {
    BYTES,
    SHIFTED_BYTES,
    FLOATS,
    SHIFTED_FLOATS
  }

  /** Two steps, each of which gathers its minibatch. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  record Gathered(
      Kind kind,
      ElementType type,
      int features,
      int batch,
      int pixelOffset,
      int xOffset,
      byte[] pixels)
      implements OnDevice.Experiment {
    private static final int ROWS = 11;
    private static final int[] ORDER = {3, 3, 10, 0, 7, 2, 2, 9, 4, 10, 1, 0, 5};

    @Override
    public List<double[]> run(Device device) {
      int[] labels = new int[ROWS];
      for (int i = 0; i < ROWS; i++) {
        labels[i] = 100 + i;
      }
      boolean floats = kind == Kind.FLOATS || kind == Kind.SHIFTED_FLOATS;
      Guarded values =
          floats
              ? Guarded.of(device, ElementType.F32, pixelOffset, numbers())
              : Guarded.of(device, pixelOffset, pixels);
      double[] differences = new double[features];
      Arrays.setAll(differences, i -> i / 7.0 - 1);
      Guarded shift = Guarded.of(device, type, 1, differences);
      boolean shifted = kind == Kind.SHIFTED_BYTES || kind == Kind.SHIFTED_FLOATS;
      Guarded classes = Guarded.of(device, 1, labels);
      Guarded order = Guarded.of(device, 3, ORDER);
      Guarded x = Guarded.allocate(device, type, xOffset, batch * features);
      Guarded y = Guarded.allocate(device, ElementType.I32, 2, batch);
      Rows rows =
          new Rows(
              values.inside(),
              classes.inside(),
              features,
              1.0 / 255,
              shifted ? shift.inside() : null);
      List<double[]> results = new ArrayList<>();
      try (Steps steps = new Steps(device, type, 3, 2, 1);
          Program program =
              device.record(
                  steps,
                  () -> device.gather(rows, order.inside(), steps, 1, x.inside(), y.inside()))) {
        steps.integer(0, 1, 0);
        steps.integer(1, 1, ORDER.length - batch);
        steps.start();
        for (int first : new int[] {0, ORDER.length - batch}) {
          program.run(1);
          double[] gathered = y.read(device);
          for (int b = 0; b < batch; b++) {
            assertEquals(100 + ORDER[first + b], gathered[b]);
          }
          results.add(x.read(device));
          results.add(gathered);
        }
      }
      for (Guarded array : List.of(values, shift, classes, order, x, y)) {
        array.read(device);
        array.whole().close();
      }
      return results;
    }

    /** Of every size, some special. */
    private double[] numbers() {
      double[] numbers = new double[pixels.length];
      double[] special = Values.special(ElementType.F32);
      Arrays.setAll(
          numbers,
          i -> i % 9 == 0 ? special[i / 9 % special.length] : Math.scalb(pixels[i], i % 50 - 25));
      return numbers;
    }
  }

  /** Two steps, each of which tallies the same rows. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  record Tallied(ElementType type, int models, double[] losses, int[] right)
      implements OnDevice.Experiment {
    @Override
    public List<double[]> run(Device device) {
      Guarded loss = Guarded.of(device, type, 1, losses);
      Guarded correct = Guarded.of(device, 3, right);
      try (Steps steps = new Steps(device, type, 1, 2, models);
          Program program =
              device.record(steps, () -> device.tally(loss.inside(), correct.inside(), steps))) {
        steps.start();
        program.run(2);
        Steps.Account account = steps.account();
        return List.of(
            account.losses(),
            Arrays.stream(account.correct()).asDoubleStream().toArray(),
            new double[] {account.batches(), account.updates(), number(account.halt())},
            loss.read(device),
            correct.read(device));
      } finally {
        loss.whole().close();
        correct.whole().close();
      }
    }
  }

  private static int number(Steps.Halt halt) {
    return List.of(Steps.Halt.values()).indexOf(halt);
  }

  abstract static class Body extends OnDevice {
    private final Random random = new Random(4);

    Body(TestDevices which) {
      super(which);
    }

    @Test
    void gathers() {
      for (int features : new int[] {0, 1, 3, 4, 63, 64, 784}) {
        byte[] pixels = new byte[Gathered.ROWS * features];
        random.nextBytes(pixels);
        for (int i = 0; i < 16; i++) {
          for (ElementType type : Values.TYPES) {
            for (Kind kind : Kind.values()) {
              Gathered one = new Gathered(kind, type, features, 1 + i % 9, i % 4, i / 4, pixels);
              assertTwins(
                  "%s to %s, %d features, offsets %d and %d"
                      .formatted(kind, type, features, i % 4, i / 4),
                  one);
            }
          }
        }
      }
    }

    @Test
    void tallies() {
      for (int rows : new int[] {0, 1, 31, 32, 33, 1023, 1024, 1025}) {
        for (int models = 1; models <= 9; models++) {
          int[] right = random.ints((long) rows * models, 0, 2).toArray();
          double[] losses = Values.normal(random, rows * models, 3);
          for (ElementType type : Values.TYPES) {
            assertTwins(
                "%s, %d rows, %d models".formatted(type, rows, models),
                new Tallied(type, models, losses, right));
          }
        }
      }
    }

    @Test
    void talliesHalt() {
      int rows = 33;
      int models = 9;
      for (ElementType type : Values.TYPES) {
        for (int at : new int[] {0, 32, 33, rows * models - 1}) {
          for (int i = 0; i < 6; i++) {
            int[] right = random.ints((long) rows * models, 0, 2).toArray();
            double[] losses = Values.normal(random, rows * models, 3);
            losses[at] =
                switch (i) {
                  case 0 -> Double.NaN;
                  case 1 -> Double.POSITIVE_INFINITY;
                  case 2 -> Double.NEGATIVE_INFINITY;
                  case 3 -> Double.NaN;
                  default -> 1;
                };
            Steps.Halt halt = Steps.Halt.LOSS_NOT_FINITE;
            if (i >= 3) {
              right[at] = -1;
              halt = Steps.Halt.LABEL_OUT_OF_RANGE;
            }
            Tallied one = new Tallied(type, models, losses, right);
            assertTwins("%s, row %d, case %d".formatted(type, at, i), one);
            assertArrayEquals(new double[] {0, 0, number(halt)}, one.run(device).get(2));
          }
        }
      }
    }

    /** Finite losses whose sum is not. */
    @Test
    void sumsThatOverflowHalt() {
      for (ElementType type : Values.TYPES) {
        double most = type == ElementType.F32 ? Float.MAX_VALUE : Double.MAX_VALUE;
        Tallied one = new Tallied(type, 1, new double[] {most, most}, new int[2]);
        assertTwins(type.toString(), one);
        double halt = number(Steps.Halt.LOSS_NOT_FINITE);
        assertArrayEquals(new double[] {0, 0, halt}, one.run(device).get(2));
      }
    }
  }
}
