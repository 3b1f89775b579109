package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.OnDevice;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/**
 * Recorded steps whose launches are joined leave the same bits in all arrays as Java's, which joins
 * nothing; and which steps are joined.
 */
@Tag("driver")
class FusionTest {
  private static final int STEPS = 3;
  private static final int ALL = 300; // rows of the data
  private static final int FIRST = 0; // columns of the step table
  private static final int LARGEST = 1;
  private static final int NUMBERS = 2;
  private static final String SOFTMAX = new SoftmaxCrossEntropy().kernel();

  /** A step of a linear classifier, and what may be different about it. */
  private record Step(
      Loss loss,
      Optimizer rule,
      ElementType values,
      int rows,
      int features,
      int classes,
      boolean affine,
      boolean bias,
      boolean inPlace,
      boolean clips,
      boolean shrinks,
      int strangeLabel) {
    static Step of(Loss loss, Optimizer rule) {
      return new Step(loss, rule, ElementType.U8, 20, 9, 3, false, true, true, false, false, 0);
    }

    Step sized(ElementType type, int rows, int features, int classes) {
      return new Step(
          loss,
          rule,
          type,
          rows,
          features,
          classes,
          affine,
          bias,
          inPlace,
          clips,
          shrinks,
          strangeLabel);
    }

    Step with(boolean affine, boolean bias, boolean inPlace, boolean clips, boolean shrinks) {
      return new Step(
          loss,
          rule,
          values,
          rows,
          features,
          classes,
          affine,
          bias,
          inPlace,
          clips,
          shrinks,
          strangeLabel);
    }

    Step withLabel(int strange) {
      return new Step(
          loss, rule, values, rows, features, classes, affine, bias, inPlace, clips, shrinks,
          strange);
    }
  }

  /** Runs it a few times. Returns all arrays, and adds what the device launches. */
  private static List<double[]> run(Device device, Step step, List<String> launches) {
    Random random = new Random(5);
    List<double[]> found = new ArrayList<>();
    try (Owned owned = new Owned()) {
      int features = step.features;
      int classes = step.classes;
      int rows = step.rows;
      Array values;
      if (step.values == ElementType.U8) {
        byte[] bytes = new byte[ALL * features];
        random.nextBytes(bytes);
        values = owned.add(device.allocate(ElementType.U8, bytes.length));
        device.upload(values, ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
      } else {
        double[] numbers = Values.normal(random, ALL * features, 1);
        values = owned.add(device.of(step.values, numbers));
      }
      int[] all = random.ints(ALL, 0, classes).toArray();
      int[] order = random.ints((long) STEPS * rows, 0, ALL).toArray();
      all[order[rows + rows / 2]] += step.strangeLabel; // of the second step
      Array labels = owned.add(device.of(all));
      ElementType f32 = ElementType.F32;
      @Nullable Array affine =
          step.affine ? owned.add(device.of(f32, Values.normal(random, 2 * features, 1))) : null;
      Rows data = new Rows(values, labels, features, 1.0 / 255, affine);
      Array positions = owned.add(device.of(order));
      int weights = features * classes;
      Array w = owned.add(device.of(f32, Values.normal(random, weights, 0.1)));
      Array b = owned.add(device.of(f32, Values.normal(random, classes, 0.1)));
      Array wGradient = owned.add(device.allocate(f32, weights));
      Array bGradient = owned.add(device.allocate(f32, classes));
      Array x = owned.add(device.allocate(f32, (long) rows * features));
      Array y = owned.add(device.allocate(ElementType.I32, rows));
      Array scores = owned.add(device.allocate(f32, (long) rows * classes));
      Array other = owned.add(device.allocate(f32, (long) rows * classes));
      Array d = step.inPlace ? scores : other;
      Array rowLoss = owned.add(device.allocate(f32, rows));
      Array right = owned.add(device.allocate(ElementType.I32, rows));
      List<Parameter> parameters = new ArrayList<>(List.of(new Parameter(w, wGradient, 0)));
      if (step.bias) {
        parameters.add(new Parameter(b, bGradient, 1));
      }
      Tensors tensors = owned.add(device.tensors(parameters, step.rule.states()));
      int own = Group.columns(step.rule);
      int columns = NUMBERS + 2 * own + 2 * Group.columns(Group.SHRINK);
      Steps steps = owned.add(new Steps(device, f32, columns, STEPS, 1));
      Group l2 = Group.PLAIN.withL2(1e-2);
      for (int i = 0; i < STEPS; i++) {
        steps.integer(i, FIRST, (long) i * rows);
        steps.number(i, LARGEST, 0.05);
        double lr = step.rule.lr();
        steps.numbers(i, NUMBERS, l2.numbers(step.rule, f32, lr, i + 1L, 1));
        steps.numbers(i, NUMBERS + own, Group.PLAIN.numbers(step.rule, f32, lr, i + 1L, 1));
        for (int group = 0; group < 2; group++) {
          int at = NUMBERS + 2 * own + group * Group.columns(Group.SHRINK);
          steps.numbers(i, at, Group.PLAIN.numbers(Group.SHRINK, f32, 1e-3, 1, 1));
        }
      }
      Runnable body =
          () -> {
            Optimizer move = step.rule.lookAhead();
            if (move != null) {
              device.update(move, tensors, steps, NUMBERS);
            }
            device.gather(data, positions, steps, FIRST, x, y);
            Array bias = step.bias ? b : null;
            device.multiply(Product.of(rows, classes, features), x, w, bias, scores);
            device.loss(step.loss, scores, y, 1.0 / rows, d, rowLoss, right);
            device.tally(rowLoss, right, steps);
            Array ones = step.bias ? bGradient : null;
            Product transposed = Product.of(features, classes, rows);
            device.multiplyTransposed(transposed, x, d, wGradient, ones);
            if (step.clips) {
              device.clip(tensors, steps, LARGEST, true);
            }
            device.update(step.rule, tensors, steps, NUMBERS);
            if (step.shrinks) {
              device.update(Group.SHRINK, tensors, steps, NUMBERS + 2 * own);
            }
          };
      Program program = owned.add(device.record(steps, body));
      steps.start();
      program.run(STEPS);
      for (Array array : List.of(x, scores, d, rowLoss, wGradient, bGradient, w, b)) {
        found.add(device.download(array));
      }
      found.add(device.download(steps.results()));
      for (int i = 0; i < parameters.size(); i++) {
        for (int k = 0; k < tensors.states(); k++) {
          found.add(device.download(tensors.state(i, k)));
        }
      }
      for (Array array : List.of(y, right, steps.state())) {
        found.add(words(device, array));
      }
      if (program instanceof CudaProgram graph) {
        launches.addAll(List.of(graph.description().replaceAll("\\(\\d+\\)", "").split(", ")));
      }
    }
    return found;
  }

  /** Of integers: their bytes. */
  private static double[] words(Device device, Array array) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect((int) array.count() * array.type().bytes())
            .order(ByteOrder.LITTLE_ENDIAN);
    device.download(array, bytes);
    double[] found = new double[bytes.capacity()];
    for (int i = 0; i < found.length; i++) {
      found[i] = bytes.get(i);
    }
    return found;
  }

  private static void assertJoined(Step step, String... launches) {
    List<double[]> expected;
    try (Device java = TestDevices.JAVA_PLAIN.open()) {
      expected = run(java, step, new ArrayList<>());
    }
    List<String> found = new ArrayList<>();
    try (Device device = TestDevices.openDriver()) {
      OnDevice.assertSameBits(step.toString(), expected, run(device, step, found));
    }
    assertEquals(List.of(launches), found, step.toString());
  }

  private static String forward(Loss loss, ElementType values) {
    return "forward_%s_%s_f32".formatted(loss.kernel(), values.suffix());
  }

  static List<Optimizer> rules() {
    return Optimizers.all();
  }

  @ParameterizedTest
  @MethodSource("rules")
  void everyRule(Optimizer rule) {
    String backward = "backward_" + rule.definition().kernel() + "_f32";
    Step step = Step.of(new SoftmaxCrossEntropy(), rule);
    Optimizer move = rule.lookAhead();
    for (boolean bias : new boolean[] {true, false}) {
      for (int strange : new int[] {0, 5}) { // the step with such a label updates nothing
        Step one = step.with(false, bias, true, false, false).withLabel(strange);
        if (move == null) {
          assertJoined(one, "forward_" + SOFTMAX + "_u8_f32", backward);
        } else {
          String moved = move.definition().kernel() + "_f32";
          assertJoined(one, moved, "forward_" + SOFTMAX + "_u8_f32", backward);
        }
      }
    }
  }

  static List<Loss> losses() {
    return Losses.examples();
  }

  @ParameterizedTest
  @MethodSource("losses")
  void everyLoss(Loss loss) {
    Step step = Step.of(loss, Optimizers.named("adam"));
    for (boolean affine : new boolean[] {false, true}) {
      for (boolean inPlace : new boolean[] {false, true}) {
        for (ElementType type :
            List.of(ElementType.U8, ElementType.F16, ElementType.BF16, ElementType.F32)) {
          String forward = forward(loss, type);
          Step one = step.sized(type, 21, 12, 4).with(affine, true, inPlace, false, false);
          assertJoined(one, forward, "backward_adam_f32");
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "1, 784, 10",
    "7, 5, 2",
    "8, 128, 16",
    "9, 127, 17",
    "33, 64, 31",
    "128, 784, 10",
    "128, 100, 32",
    "131, 130, 16",
    "40, 896, 5"
  })
  void everySize(int rows, int features, int classes) {
    Step step = Step.of(new SoftmaxCrossEntropy(), Optimizers.named("momentum"));
    for (ElementType type :
        List.of(ElementType.U8, ElementType.F16, ElementType.BF16, ElementType.F32)) {
      String forward = forward(step.loss, type);
      assertJoined(step.sized(type, rows, features, classes), forward, "backward_momentum_f32");
    }
  }

  /** Clipping needs all gradients, and the proximal step the updated parameters. */
  @Test
  void whatStandsBetween() {
    Step step = Step.of(new SoftmaxCrossEntropy(), Optimizers.named("adam"));
    String forward = "forward_" + SOFTMAX + "_u8_f32";
    assertJoined(
        step.with(false, true, true, true, false),
        forward,
        "multiply_transposed_f32",
        "chunk_squares_f32",
        "clip_f32",
        "adam_f32");
    assertJoined(
        step.with(false, true, true, false, true), forward, "backward_adam_f32", "shrink_f32");
    assertJoined(
        step.with(false, true, true, true, true).withLabel(-9),
        forward,
        "multiply_transposed_f32",
        "chunk_squares_f32",
        "clip_f32",
        "adam_f32",
        "shrink_f32");
  }

  /** The gradient's sum is split over blocks. */
  @Test
  void manyRows() {
    Step step = Step.of(new SoftmaxCrossEntropy(), Optimizers.named("momentum"));
    assertJoined(
        step.sized(ElementType.U8, 960, 3, 2),
        "forward_" + SOFTMAX + "_u8_f32",
        "multiply_transposed_f32",
        "add_totals_f32",
        "momentum_f32");
  }

  /** More rows than a chunk, or classes than a thread takes; sums over blocks; wide tiles. */
  @ParameterizedTest
  @CsvSource({"1025, 5, 3", "8, 5, 33", "8, 1000, 3", "256, 64, 128"})
  void whatIsLarge(int rows, int features, int classes) {
    Step step = Step.of(new SoftmaxCrossEntropy(), Optimizers.named("adam"));
    List<String> found = new ArrayList<>();
    Step large = step.sized(ElementType.U8, rows, features, classes);
    try (Device java = TestDevices.JAVA_PLAIN.open();
        Device device = TestDevices.openDriver()) {
      List<double[]> expected = run(java, large, new ArrayList<>());
      OnDevice.assertSameBits(large.toString(), expected, run(device, large, found));
    }
    assertEquals("gather_u8_f32", found.get(0), found.toString());
  }

  /**
   * Products with a parameter, or with a rule's state: a block would update what another one still
   * multiplies.
   */
  @ParameterizedTest
  @CsvSource({"false, true", "false, false", "true, true", "true, false"})
  void whatIsReadAndUpdated(boolean state, boolean left) {
    List<double[]> results = new ArrayList<>();
    for (TestDevices which : List.of(TestDevices.JAVA_PLAIN, TestDevices.DRIVER)) {
      Random random = new Random(3);
      try (Owned owned = new Owned()) {
        Device device = owned.add(which.open());
        ElementType f32 = ElementType.F32;
        Array w = owned.add(device.of(f32, Values.normal(random, 36, 1)));
        Array other = owned.add(device.of(f32, Values.normal(random, 36, 1)));
        Array gradient = owned.add(device.allocate(f32, 36));
        Optimizer rule = Optimizers.named("momentum");
        Tensors tensors = owned.add(device.tensors(List.of(new Parameter(w, gradient, 0)), rule));
        Array velocity = tensors.state(0, 0);
        device.upload(velocity, Values.normal(random, 36, 1));
        Steps steps = owned.add(new Steps(device, f32, Group.columns(rule), 1, 1));
        steps.numbers(0, 0, Group.PLAIN.numbers(rule, f32, 0.1, 1, 1));
        steps.start();
        Array updated = state ? velocity : w;
        Array l = left ? updated : other;
        Array r = (left ? other : updated).slice(0, 9);
        Runnable body =
            () -> {
              device.multiplyTransposed(Product.of(12, 3, 3), l, r, gradient, null);
              device.update(rule, tensors, steps, 0);
            };
        Program program = owned.add(device.record(steps, body));
        program.run(1);
        List.of(gradient, w, velocity).forEach(array -> results.add(device.download(array)));
        if (program instanceof CudaProgram graph) {
          assertEquals("multiply_transposed_f32(2), momentum_f32(1)", graph.description());
        }
      }
    }
    OnDevice.assertSameBits("updated", results.subList(0, 3), results.subList(3, 6));
  }

  /** Four rows of six features, multiplied as eight of three, each label for two of them. */
  @Test
  void rowsOfAnotherShape() {
    List<double[]> results = new ArrayList<>();
    for (TestDevices which : List.of(TestDevices.JAVA_PLAIN, TestDevices.DRIVER)) {
      Random random = new Random(4);
      try (Owned owned = new Owned()) {
        Device device = owned.add(which.open());
        ElementType f32 = ElementType.F32;
        Array values = owned.add(device.of(f32, Values.normal(random, 24, 1)));
        Array labels = owned.add(device.of(new int[] {1, 0, 1, 0}));
        Array order = owned.add(device.of(new int[] {2, 0, 3, 1}));
        Array w = owned.add(device.of(f32, Values.normal(random, 6, 1)));
        Array x = owned.add(device.allocate(f32, 24));
        Array y = owned.add(device.allocate(ElementType.I32, 4));
        Array d = owned.add(device.allocate(f32, 16));
        Array loss = owned.add(device.allocate(f32, 8));
        Array right = owned.add(device.allocate(ElementType.I32, 8));
        Steps steps = owned.add(new Steps(device, f32, 1, 1, 1));
        Rows rows = new Rows(values, labels, 6, 1);
        Runnable body =
            () -> {
              device.gather(rows, order, steps, 0, x, y);
              device.multiply(Product.of(8, 2, 3), x, w, null, d);
              device.loss(new SoftmaxCrossEntropy(), d, y, 1, d, loss, right);
              device.tally(loss, right, steps);
            };
        Program program = owned.add(device.record(steps, body));
        steps.start();
        program.run(1);
        results.add(device.download(loss));
      }
    }
    OnDevice.assertSameBits("losses", results.subList(0, 1), results.subList(1, 2));
  }

  /** An update by another table than the one whose step ends. */
  @Test
  void twoTables() {
    List<double[]> results = new ArrayList<>();
    for (TestDevices which : List.of(TestDevices.JAVA_PLAIN, TestDevices.DRIVER)) {
      try (Owned owned = new Owned()) {
        Device device = owned.add(which.open());
        ElementType f32 = ElementType.F32;
        Array w = owned.add(device.of(f32, 1, 2, 3));
        Array g = owned.add(device.of(f32, 4, 5, 6));
        Optimizer rule = Optimizers.named("sgd");
        Tensors tensors = owned.add(device.tensors(List.of(new Parameter(w, g, 0)), rule));
        int columns = Group.columns(rule);
        Steps own = owned.add(new Steps(device, f32, columns, 2, 1));
        Steps other = owned.add(new Steps(device, f32, columns, 2, 1));
        for (int row = 0; row < 2; row++) {
          other.numbers(row, 0, Group.PLAIN.numbers(rule, f32, 0.1 + row, 1, 1));
        }
        own.start();
        other.start();
        Runnable body = () -> device.update(rule, tensors, other, 0);
        Program program = owned.add(device.record(own, body));
        program.run(2);
        results.add(device.download(w));
        results.add(words(device, own.state()));
        results.add(words(device, other.state()));
      }
    }
    OnDevice.assertSameBits("two tables", results.subList(0, 3), results.subList(3, 6));
  }
}
