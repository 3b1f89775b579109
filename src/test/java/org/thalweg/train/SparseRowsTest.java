package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.data.Samples;
import org.thalweg.data.SparseRows;
import org.thalweg.device.Array;
import org.thalweg.device.DeviceException;
import org.thalweg.device.OnDevice;
import org.thalweg.device.Owned;
import org.thalweg.device.Product;
import org.thalweg.device.SparseMatrix;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.model.Description;
import org.thalweg.model.Features;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.Predictor;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/** What is not stored changes no bit: sparse rows give those of the same rows with their zeros. */
class SparseRowsTest {
  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
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

  private static final List<String> NAMES =
      IntStream.range(0, 10).mapToObj(String::valueOf).toList();
  private static final List<ElementType> TYPES = List.of(ElementType.F32, ElementType.F64);

  /** The digits with all features, of a type. */
  private static Dataset dense(ElementType type, int rows) {
    Dataset digits = Digits.load().train().splitAt(rows).train();
    double[] numbers =
        IntStream.range(0, rows * digits.features())
            .mapToDouble(i -> digits.values().value(i) / 7)
            .toArray();
    return new Dataset(
        Dataset.Values.of(type, numbers), digits.labels(), digits.features(), digits.classes());
  }

  /** The same rows, of which only what is not 0 is stored. */
  private static Dataset sparse(Dataset dense) {
    Dataset rows =
        new Dataset(Samples.sparse(dense), dense.labels(), dense.features(), dense.classes());
    return rows.weighted(dense.weights());
  }

  abstract static class Body extends OnDevice {
    Body(TestDevices which) {
      super(which);
    }

    @Test
    void products() {
      Random random = new Random(1);
      for (Product size :
          List.of(
              Product.of(0, 3, 5),
              Product.of(5, 3, 0),
              Product.of(3, 0, 5),
              Product.of(1, 1, 1),
              Product.of(127, 10, 128),
              Product.of(257, 33, 129),
              Product.of(300, 1, 257),
              Product.of(7, 300, 41),
              new Product(3, true, 130, 17, 131))) {
        for (ElementType type : TYPES) {
          for (double share : new double[] {0, 0.02, 0.5, 1}) {
            for (boolean row : new boolean[] {false, true}) {
              product(random, type, size, share, row);
            }
          }
        }
      }
    }

    /** Both products, of a left operand of which a share is not 0; some right elements are −0. */
    private void product(Random random, ElementType type, Product size, double share, boolean row) {
      int rows = size.rows();
      int depth = size.depth();
      double[] left =
          random
              .doubles((long) rows * depth, -1, 1)
              .map(x -> random.nextDouble() < share ? type.round(x) : 0)
              .toArray();
      Dataset data = new Dataset(Dataset.Values.of(type, left), new int[rows], depth, 1);
      Product back = new Product(size.models(), true, depth, size.columns(), /* depth= */ rows);
      try (Owned owned = new Owned()) {
        Array dense = owned.add(device.of(type, left));
        SparseMatrix sparse = on(Samples.sparse(data), owned);
        for (boolean transposed : new boolean[] {false, true}) {
          Product of = transposed ? back : size;
          double[] numbers =
              random
                  .doubles((long) of.models() * of.depth() * of.columns(), -1, 1)
                  .map(x -> x < -0.9 ? -0.0 : x)
                  .toArray();
          Array right = owned.add(device.of(type, numbers));
          double[] one = random.doubles((long) of.models() * of.columns(), -1, 1).toArray();
          List<List<double[]>> results = new ArrayList<>();
          for (Features x : List.of(new Features.Dense(dense), new Features.Sparse(sparse))) {
            long count = (long) of.models() * of.rows() * of.columns();
            Array out = owned.add(device.allocate(type, count));
            Array vector = owned.add(device.of(type, one));
            if (transposed) {
              x.multiplyTransposed(device, of, right, out, row ? vector : null);
            } else {
              x.multiply(device, of, right, row ? vector : null, out);
            }
            results.add(List.of(device.download(out), device.download(vector)));
          }
          String what = "%s %s, %s of left".formatted(type, of, share);
          assertSameBits(what, results.get(0), results.get(1));
        }
      }
    }

    private SparseMatrix on(SparseRows rows, Owned owned) {
      int[] ranges =
          IntStream.range(0, 2 * rows.rows()).map(i -> rows.starts()[(i + 1) / 2]).toArray();
      double[] values =
          IntStream.range(0, rows.columns().length).mapToDouble(rows.numbers()::value).toArray();
      return new SparseMatrix(
          owned.add(device.of(ranges)),
          owned.add(device.of(rows.columns())),
          owned.add(device.of(rows.type(), values)),
          rows.features());
    }

    /** Rows that count alike and that do not, of both types, in models of both. */
    @Test
    void trainings() {
      for (ElementType type : TYPES) {
        for (ElementType stored : TYPES.subList(0, type == ElementType.F64 ? 2 : 1)) {
          Dataset rows = dense(stored, 400);
          double[] weights = IntStream.range(0, 400).mapToDouble(row -> 0.1 + row % 7).toArray();
          for (Dataset data : List.of(rows, rows.weighted(weights))) {
            for (Loss loss : Losses.examples()) {
              assertTrained(data, Settings.DEFAULT.withLoss(loss).withType(type));
            }
          }
        }
      }
      for (Optimizer rule : Optimizers.all()) {
        assertTrained(dense(ElementType.F32, 400), Settings.DEFAULT.withOptimizer(rule));
      }
    }

    private void assertTrained(Dataset data, Settings settings) {
      Settings own = settings.withEpochs(2).withBatch(150).withL2(1e-4).withClipNorm(1);
      assertEquals(trained(data, own), trained(sparse(data), own), own.toString());
    }

    private List<Object> trained(Dataset data, Settings settings) {
      Dataset.Split rows = data.splitAt(350);
      try (Trainer trainer = new Trainer(device, rows.train(), settings)) {
        trainer.train(epoch -> {});
        return List.of(trainer.model().crc32(), trainer.history(), trainer.score(rows.test()));
      }
    }

    /** With less and less memory, down to none. */
    @Test
    void trainingsOfRowsThatDoNotFit() {
      for (ElementType type : TYPES) {
        Dataset dense = dense(ElementType.F32, 400);
        Dataset data = sparse(dense);
        Settings settings = Settings.DEFAULT.withEpochs(2).withBatch(30).withType(type);
        List<Object> expected = trained(dense, settings, Long.MAX_VALUE);
        long bytes =
            MemoryPlan.training(
                    device, data, settings, Trainer.columns(settings), 0, Long.MAX_VALUE)
                .bytes();
        int runs = 0;
        for (long room = bytes; ; room -= bytes / 11) {
          try {
            assertEquals(expected, trained(data, settings, room), room + " bytes");
            runs++;
          } catch (DeviceException e) {
            assertTrue(e.getMessage().contains("training needs"), e.getMessage());
            break;
          }
        }
        assertTrue(runs > 3, runs + " runs");
      }
    }

    private List<Object> trained(Dataset data, Settings settings, long room) {
      try (Trainer trainer = new Trainer(device, data, settings, TrainingOptions.NONE, room)) {
        trainer.train(epoch -> {});
        return List.of(trainer.model().crc32(), trainer.history());
      }
    }

    /** All of an objective, of rows of both types where they fit those of the model. */
    @Test
    void fullBatches() {
      for (ElementType type : TYPES) {
        for (ElementType stored : TYPES.subList(0, type == ElementType.F64 ? 2 : 1)) {
          Dataset data = dense(stored, 300);
          for (Loss loss : Losses.examples()) {
            assertSameBits(
                "%s of %s, %s".formatted(type, stored, Losses.text(loss)),
                evaluated(data, loss, type),
                evaluated(sparse(data), loss, type));
          }
        }
      }
    }

    private List<double[]> evaluated(Dataset data, Loss loss, ElementType type) {
      double[] w = new Random(5).doubles(65 * 10, -0.1, 0.1).toArray();
      double[] v = new Random(6).doubles(65 * 10, -1, 1).toArray();
      try (ClassifierObjective f = new ClassifierObjective(device, data, loss, type, 0.001, 0.01);
          Array at = device.of(type, w);
          Array direction = device.of(type, v);
          Array out = device.allocate(type, f.size());
          Array product = device.allocate(type, f.size())) {
        double[] values = {f.gradient(at, out), f.accuracy(at)};
        if (f.twiceDifferentiable()) {
          f.hessianTimes(at, direction, product);
        }
        return List.of(
            values,
            f.values(new double[][] {w, v}),
            device.download(out),
            device.download(product));
      }
    }

    /** A model that was trained on bytes scales the numbers of sparse rows as it scales those. */
    @Test
    void predictions() {
      for (ElementType type : TYPES) {
        Dataset data = dense(ElementType.F32, 600);
        for (double scale : new double[] {1, 1.0 / 255}) {
          try (LinearClassifier model = new LinearClassifier(device, type, 64, 10)) {
            model.initialise(new Philox(1, 0), 1);
            Description description =
                new Description(NAMES, null, Scaling.of(scale), new SoftmaxCrossEntropy());
            Predictor predictor = new Predictor(model, description);
            assertSameBits(
                type + " times " + scale,
                List.of(predictor.predict(data.values()).scores()),
                List.of(predictor.predict(Samples.sparse(data)).scores()));
          }
        }
      }
    }
  }
}
