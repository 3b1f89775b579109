package org.thalweg.bench;

import java.util.ArrayList;
import java.util.List;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Norm;
import org.thalweg.device.Product;
import org.thalweg.device.Rows;
import org.thalweg.device.SparseMatrix;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.LinearClassifier;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Rounding;

/**
 * A kernel that is measured.
 *
 * @param module the file of {@code kernels/} that it is in
 * @param name of the operation, rule or loss, with its type if that is not F32
 */
record Workload(String module, String name, Setup setup) {
  private static final int FEATURES = 784;
  private static final int CLASSES = 10;
  private static final int BATCH = 128;
  private static final int MINIBATCHES = 64;

  /** Of news as sparse rows: words in all, and those in each text; as RCV1 has them. */
  private static final int WORDS = 47_236;

  private static final int WORDS_OF_TEXT = 76;

  /** Allocates the operands of a launch, of about so many elements. */
  interface Setup {
    Work on(Measurement measurement, long elements);
  }

  /**
   * What is launched.
   *
   * @param size as text, where it is not a number of elements
   * @param bytes that must be moved at least: each input read once, each output written once
   * @param fma multiply-adds of a product; else 0
   */
  record Work(String size, long elements, long bytes, double fma, Runnable launch) {
    Work(long elements, long bytes, Runnable launch) {
      this("", elements, bytes, 0, launch);
    }
  }

  /** All of them; the copy that the others are compared with comes first. */
  static List<Workload> all() {
    List<Workload> list = new ArrayList<>();
    vectors(list);
    for (Optimizer rule : Optimizers.all()) {
      list.add(update(rule, ElementType.F32, Rounding.NEAREST));
    }
    list.add(update(Group.SHRINK, ElementType.F32, Rounding.NEAREST));
    Optimizer adam = Optimizers.named("adam");
    list.add(update(adam, ElementType.F64, Rounding.NEAREST));
    list.add(update(adam, ElementType.BF16, Rounding.NEAREST));
    list.add(update(adam, ElementType.BF16, new Rounding(true, 1)));
    list.add(clip(ElementType.F32));
    list.add(clip(ElementType.BF16));
    for (Loss loss : Losses.all()) {
      list.add(loss(loss, CLASSES));
      list.add(loss(loss, 1000));
    }
    list.add(new Workload("data", "gather", Workload::gather));
    products(list);
    list.add(sparse("multiply", false));
    list.add(sparse("multiply X^T D", true));
    return list;
  }

  private static void vectors(List<Workload> list) {
    list.add(vectors("copy", 8, (measurement, n, x, y) -> () -> measurement.device.copy(x, y)));
    list.add(
        vectors(
            "dot",
            8,
            (measurement, n, x, y) -> {
              Array out =
                  measurement.own(measurement.device.allocate(ElementType.F64, Device.dotRoom(n)));
              return () -> measurement.device.dot(x, y, out);
            }));
    list.add(
        vectors(
            "norm two",
            4,
            (measurement, n, x, y) -> {
              Array out =
                  measurement.own(measurement.device.allocate(ElementType.F64, Device.dotRoom(n)));
              return () -> measurement.device.norm(Norm.TWO, x, out);
            }));
    list.add(
        vectors("axpy", 12, (measurement, n, x, y) -> () -> measurement.device.axpy(1e-3, x, y)));
    list.add(vectors("scale", 8, (measurement, n, x, y) -> () -> measurement.device.scale(-1, x)));
    list.add(
        vectors(
            "scale rows",
            8,
            (measurement, n, x, y) -> {
              long rows = Math.max(1, n / 16);
              Array factors = y.slice(0, rows);
              Array scaled = x.slice(0, n / rows * rows);
              return () -> measurement.device.scaleRows(factors, scaled);
            }));
  }

  private interface OfTwo {
    Runnable launch(Measurement measurement, long n, Array x, Array y);
  }

  private static Workload vectors(String name, int bytes, OfTwo operation) {
    return new Workload(
        "vectors",
        name,
        (measurement, n) -> {
          Array x = measurement.numbers(ElementType.F32, n);
          Array y = measurement.numbers(ElementType.F32, n);
          return new Work(n, bytes * n, operation.launch(measurement, n, x, y));
        });
  }

  private static Workload update(Optimizer rule, ElementType type, Rounding rounding) {
    return new Workload(
        "optimizers",
        rule.name() + suffix(type) + (rounding.stochastic() ? " stochastic" : ""),
        (measurement, n) -> {
          Tensors tensors = measurement.tensors(type, n, rule);
          Steps steps = measurement.steps(type.computed(), Rounding.COLUMNS + Group.columns(rule));
          for (int row = 0; row < steps.capacity(); row++) {
            steps.integer(row, 0, rounding.key(row + 1));
            steps.numbers(
                row,
                Rounding.COLUMNS,
                Group.PLAIN.numbers(rule, steps.type(), rule.lr(), row + 1, 1));
          }
          int column = type == ElementType.BF16 ? 0 : Rounding.COLUMNS;
          // In bf16 too: gradient and copy take 2 bytes each, the master is read and written.
          long each = (12L + 8L * rule.states()) * (type == ElementType.F64 ? 2 : 1);
          if (rule == Group.SHRINK) {
            each = 8; // it does not read the gradient
          }
          return new Work(
              n, each * n, () -> measurement.device.update(rule, tensors, steps, column));
        });
  }

  private static String suffix(ElementType type) {
    return type == ElementType.F32 ? "" : " " + type.suffix();
  }

  private static Workload clip(ElementType type) {
    return new Workload(
        "clip",
        "clip" + suffix(type),
        (measurement, n) -> {
          Tensors tensors = measurement.tensors(type, n, Optimizers.named("sgd"));
          Steps steps = measurement.steps(ElementType.F32, 1);
          for (int row = 0; row < steps.capacity(); row++) {
            steps.number(row, 0, 1);
          }
          return new Work(
              n, type.bytes() * n, () -> measurement.device.clip(tensors, steps, 0, true));
        });
  }

  private static Workload loss(Loss loss, int classes) {
    return new Workload(
        "losses",
        loss.kernel(),
        (measurement, n) -> {
          int rows = (int) (n / classes) + 1;
          Array scores = measurement.numbers(ElementType.F32, (long) rows * classes);
          Array gradient = measurement.numbers(ElementType.F32, (long) rows * classes);
          Array labels = measurement.integers(rows, classes);
          Array rowLoss = measurement.numbers(ElementType.F32, rows);
          Array right = measurement.integers(rows, 2);
          return new Work(
              "%dx%d".formatted(rows, classes),
              (long) rows * classes,
              8L * rows * classes + 12L * rows,
              0,
              () ->
                  measurement.device.loss(
                      loss, scores, labels, 1.0 / rows, gradient, rowLoss, right));
        });
  }

  private static Work gather(Measurement measurement, long n) {
    int rows = (int) (n / FEATURES) + 1;
    Rows source = measurement.rows(rows, FEATURES, CLASSES);
    Array order = measurement.integers(rows, rows);
    Array x = measurement.numbers(ElementType.F32, (long) rows * FEATURES);
    Array y = measurement.integers(rows, CLASSES);
    Steps steps =
        measurement.steps(ElementType.F32, 1); // of zeros: each step begins with the first row
    return new Work(
        "%dx%d".formatted(rows, FEATURES),
        (long) rows * FEATURES,
        5L * rows * FEATURES + 12L * rows,
        0,
        () -> measurement.device.gather(source, order, steps, 0, x, y));
  }

  private static void products(List<Workload> list) {
    Call plain =
        (device, size, left, right, row, out) -> device.multiply(size, left, right, row, out);
    Call turned =
        (device, size, left, right, row, out) ->
            device.multiplyTransposed(size, left, right, out, row);
    Call byTurned =
        (device, size, left, right, row, out) ->
            device.multiplyByTransposed(size, left, right, out);
    Sizes scores = n -> Product.of((int) (n / FEATURES) + 1, CLASSES, FEATURES);
    Sizes weights = n -> Product.of(FEATURES, CLASSES, (int) (n / FEATURES) + 1);
    Sizes inputs = n -> Product.of((int) (n / FEATURES) + 1, FEATURES, CLASSES);
    Sizes models =
        n -> new Product((int) (n / FEATURES / CLASSES) + 1, true, BATCH, CLASSES, FEATURES);
    for (ElementType type : List.of(ElementType.F32, ElementType.F64)) {
      list.add(product("multiply", type, scores, plain));
      list.add(product("multiply X^T D", type, weights, turned));
      list.add(product("multiply D W^T", type, inputs, byTurned));
      list.add(product("multiply", type, Workload::cube, plain));
      list.add(product("multiply D W^T", type, Workload::cube, byTurned));
      list.add(product("multiply", type, models, plain));
    }
  }

  private static Workload sparse(String name, boolean turned) {
    return new Workload(
        "sparse",
        name,
        (measurement, n) -> {
          int rows = (int) (n / WORDS_OF_TEXT) + 1;
          long stored = (long) rows * WORDS_OF_TEXT;
          SparseMatrix left = measurement.sparse(rows, WORDS, WORDS_OF_TEXT);
          Array weights = measurement.numbers(ElementType.F32, (long) WORDS * CLASSES);
          Array scores = measurement.numbers(ElementType.F32, (long) rows * CLASSES);
          Array row = measurement.numbers(ElementType.F32, CLASSES);
          Product size =
              turned ? Product.of(WORDS, CLASSES, rows) : Product.of(rows, CLASSES, WORDS);
          return new Work(
              "%dx%dx%d, %d a row".formatted(rows, WORDS, CLASSES, WORDS_OF_TEXT),
              stored,
              8 * (stored + rows) + 4 * (weights.count() + scores.count() + CLASSES),
              0,
              turned
                  ? () -> measurement.device.multiplyTransposed(size, left, scores, weights, row)
                  : () -> measurement.device.multiply(size, left, weights, row, scores));
        });
  }

  private interface Sizes {
    Product of(long elements);
  }

  private interface Call {
    void on(Device device, Product size, Array left, Array right, Array row, Array out);
  }

  private static Workload product(String name, ElementType type, Sizes sizes, Call call) {
    return new Workload(
        "matmul",
        name + suffix(type),
        (measurement, n) -> {
          Product size = sizes.of(n);
          long models = size.models();
          long rows = size.rows();
          long columns = size.columns();
          long depth = size.depth();
          long lefts = (size.leftShared() ? 1 : models) * rows * depth;
          Array left = measurement.numbers(type, lefts);
          Array right = measurement.numbers(type, models * depth * columns);
          Array row = measurement.numbers(type, models * columns);
          Array out = measurement.numbers(type, models * rows * columns);
          return new Work(
              (models == 1 ? "" : models + " x ") + "%dx%dx%d".formatted(rows, depth, columns),
              models == 1 ? Math.max(lefts, rows * columns) : models * depth * columns,
              type.bytes() * (lefts + models * (depth * columns + columns + rows * columns)),
              (double) models * rows * depth * columns,
              () -> call.on(measurement.device, size, left, right, row, out));
        });
  }

  private static Product cube(long n) {
    int side = (int) Math.sqrt((double) n);
    return Product.of(side, side, side);
  }

  /** What a trainer records for softmax regression on bytes with Adam. */
  static Work trainingStep(Measurement measurement) {
    Device device = measurement.device;
    Optimizer adam = Optimizers.named("adam");
    LinearClassifier model =
        measurement.own(new LinearClassifier(device, ElementType.F32, FEATURES, CLASSES));
    LinearClassifier.Minibatch minibatch = measurement.own(model.minibatch(BATCH));
    Tensors tensors = measurement.own(device.tensors(model.parameters(), adam));
    Rows source = measurement.rows(BATCH * MINIBATCHES, FEATURES, CLASSES);
    Array order = measurement.integers(BATCH * MINIBATCHES, BATCH * MINIBATCHES);
    Steps steps = measurement.steps(ElementType.F32, 1 + 2 * Group.columns(adam));
    for (int row = 0; row < steps.capacity(); row++) {
      steps.integer(row, 0, (long) row % MINIBATCHES * BATCH);
      for (int group = 0; group < 2; group++) {
        int column = 1 + group * Group.columns(adam);
        steps.numbers(row, column, Group.PLAIN.numbers(adam, steps.type(), adam.lr(), row + 1, 1));
      }
    }
    return new Work(
        "%dx%dx%d".formatted(BATCH, FEATURES, CLASSES),
        BATCH,
        0,
        0,
        () -> {
          device.gather(source, order, steps, 0, minibatch.x(), minibatch.labels());
          minibatch.forward(new SoftmaxCrossEntropy());
          device.tally(minibatch.rowLoss(), minibatch.rowCorrect(), steps);
          minibatch.backward();
          device.update(adam, tensors, steps, 1);
        });
  }
}
