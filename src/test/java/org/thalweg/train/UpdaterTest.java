package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;
import org.thalweg.optim.Group;
import org.thalweg.optim.NesterovLookAhead;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Rounding;
import org.thalweg.optim.Rprop;
import org.thalweg.optim.Sgd;

/**
 * Updates of the caller's arrays: the right numbers in each, whatever is skipped, changed, saved
 * and loaded.
 */
class UpdaterTest {
  private static final ElementType[] TYPES = {ElementType.F32, ElementType.F64, ElementType.BF16};
  private static final Rounding ROUNDING = new Rounding(true, 5);
  private static final UpdateOptions OPTIONS = UpdateOptions.PLAIN.withRounding(ROUNDING);
  private static final List<Group> GROUPS =
      List.of(
          Group.PLAIN,
          new Group(0.5, 0.125, 0.25, 0.0625),
          new Group(2, 0.375, 0.25, 0.0625, true));

  /** Where the tensors begin in one array, off alignment; how many elements each has. */
  private static final int[] AT = {1, 18, 43};

  private static final int[] COUNT = {17, 24, 5};
  private static final int ROOM = 48;

  static final Adam ADAM = new Adam(0.01, 0.9, 0.999, 1e-8);

  @TempDir Path folder;

  /** A change and a return, a change in each step, then none. */
  private static double lr(Optimizer rule, int step) {
    boolean other = step < 50 ? step % 7 == 3 : step < 70;
    return other ? rule.lr() / step : rule.lr();
  }

  private static double[] numbers(long seed) {
    return new Random(seed).doubles(ROOM, -1, 1).toArray();
  }

  private static List<Parameter> parameters(Array w, Array g) {
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < AT.length; i++) {
      parameters.add(new Parameter(w.slice(AT[i], COUNT[i]), g.slice(AT[i], COUNT[i]), i));
    }
    return parameters;
  }

  /** The gradient of a step, which is not finite in those that are to be skipped. */
  private static double[] gradient(int step, Set<Integer> spoilt) {
    double[] g = numbers(step);
    if (spoilt.contains(step)) {
      g[AT[1] + 4] = step % 2 == 0 ? Double.NaN : Double.NEGATIVE_INFINITY;
    }
    return g;
  }

  /** What a run leaves: the parameters, and the file of the optimizer's state. */
  @SuppressWarnings("ArrayRecordComponent") // compared by what is in them
  private record Outcome(double[] w, byte[] file, long updates) {
    void assertSame(String what, Outcome other) {
      assertArrayEquals(w, other.w, what);
      assertArrayEquals(file, other.file, what);
      assertEquals(updates, other.updates, what);
    }
  }

  /**
   * Steps, and behind those that are named the optimizer is saved, closed, opened anew and loaded.
   */
  private Outcome run(
      Device device,
      Optimizer rule,
      ElementType type,
      UpdateOptions options,
      int steps,
      Set<Integer> stops,
      Set<Integer> spoilt) {
    Path file = folder.resolve("state.safetensors");
    try (Array w = device.of(type, numbers(-1));
        Array g = device.allocate(type, ROOM)) {
      Updater updater = new Updater(device, rule, parameters(w, g), GROUPS, options);
      try {
        for (int step = 0; step < steps; step++) {
          updater.lookAhead(lr(rule, step));
          device.upload(g, gradient(step, spoilt));
          updater.step(lr(rule, step));
          if (stops.contains(step)) {
            updater.save(file, true);
            updater.close();
            updater = new Updater(device, rule, parameters(w, g), GROUPS, options);
            updater.load(file);
          }
        }
        updater.save(file, true);
        return new Outcome(device.download(w), Files.readAllBytes(file), updater.updates());
      } catch (IOException e) {
        throw new AssertionError(e);
      } finally {
        updater.close();
      }
    }
  }

  /** The same by a table that holds each step's row, made by hand; skipped steps are left out. */
  private static double[] byHand(Optimizer rule, ElementType type, int count, Set<Integer> spoilt) {
    int first = type == ElementType.BF16 ? Rounding.COLUMNS : 0;
    int shrinkage = first + GROUPS.size() * Group.columns(rule);
    int columns = shrinkage + first + GROUPS.size() * Group.columns(Group.SHRINK);
    try (Device device = TestDevices.JAVA_1.open();
        Array w = device.of(type, numbers(-1));
        Array g = device.allocate(type, ROOM);
        Steps steps = new Steps(device, type.computed(), columns, count, 1);
        Tensors tensors = device.tensors(parameters(w, g), rule);
        Program program =
            device.record(
                steps,
                () -> {
                  if (rule.lookAhead() != null) {
                    device.update(rule.lookAhead(), tensors, steps, 0);
                  }
                  device.update(rule, tensors, steps, 0);
                  device.update(Group.SHRINK, tensors, steps, shrinkage);
                })) {
      int t = 0;
      for (int step = 0; step < count; step++) {
        if (!spoilt.contains(step)) {
          if (first > 0) {
            steps.integer(t, 0, ROUNDING.key(t + 1));
            steps.integer(t, shrinkage, ROUNDING.key(t + 1));
          }
          double lr = lr(rule, step);
          for (int i = 0; i < GROUPS.size(); i++) {
            double[] own = GROUPS.get(i).numbers(rule, steps.type(), lr, t + 1, 1);
            steps.numbers(t, first + i * own.length, own);
            double[] threshold = {1, 0, 0, 1, i == 2 ? lr * 2 * 0.375 : 0};
            steps.numbers(t, shrinkage + first + i * threshold.length, threshold);
          }
          t++;
        }
      }
      steps.start();
      for (int step = 0; step < count; step++) {
        if (!spoilt.contains(step)) {
          device.upload(g, gradient(step, spoilt));
          program.run(1);
        }
      }
      return device.download(w);
    }
  }

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

  abstract class Body {
    private final TestDevices which;

    Body(TestDevices which) {
      this.which = which;
    }

    /** One that stops ends as one that does not, on any device, with the same file. */
    @Test
    void savedClosedLoadedAndGoneOn() {
      try (Device device = which.open();
          Device twin = TestDevices.JAVA_1.open()) {
        for (Optimizer rule : Optimizers.all()) {
          for (ElementType type : TYPES) {
            String what = rule + " " + type;
            Outcome whole = run(twin, rule, type, OPTIONS, 9, Set.of(), Set.of());
            assertArrayEquals(byHand(rule, type, 9, Set.of()), whole.w, what);
            whole.assertSame(what, run(device, rule, type, OPTIONS, 9, Set.of(0, 3, 4), Set.of()));
          }
        }
      }
    }

    /** A skipped step moves nothing, and the next update takes its number. */
    @Test
    void skippedStepsAreAsIfTheyHadNotBeen() {
      Set<Integer> spoilt = Set.of(0, 2, 3, 7);
      UpdateOptions skipping = OPTIONS.skippingNotFinite();
      try (Device device = which.open()) {
        for (Optimizer rule : Optimizers.all()) {
          for (ElementType type : TYPES) {
            String what = rule + " " + type;
            Outcome outcome = run(device, rule, type, skipping, 9, Set.of(3, 5), spoilt);
            assertArrayEquals(byHand(rule, type, 9, spoilt), outcome.w, what);
            assertEquals(9 - spoilt.size(), outcome.updates, what);
          }
        }
      }
    }
  }

  /**
   * Past the end of the table, with rows sent 1, 2, 4, .. ahead and all at once, skipped steps
   * among them.
   */
  @Test
  void manySteps() {
    Set<Integer> spoilt = new TreeSet<>();
    for (int step = 0; step < 900; step += 1 + step % 5) {
      spoilt.add(step);
    }
    try (Device device = TestDevices.JAVA_1.open()) {
      for (Optimizer rule : Optimizers.all()) {
        Outcome plain = run(device, rule, ElementType.F64, OPTIONS, 900, Set.of(400), Set.of());
        assertArrayEquals(byHand(rule, ElementType.F64, 900, Set.of()), plain.w, rule.name());
        UpdateOptions skipping = OPTIONS.skippingNotFinite();
        Outcome some = run(device, rule, ElementType.F64, skipping, 900, Set.of(400), spoilt);
        assertArrayEquals(byHand(rule, ElementType.F64, 900, spoilt), some.w, rule.name());
      }
    }
  }

  @Test
  void oneLearningRateForThousandsOfSteps() {
    try (Device device = TestDevices.JAVA_1.open();
        Array w = device.of(ElementType.F64, 1);
        Array g = device.of(ElementType.F64, 1);
        Updater plain = updater(device, new Sgd(1), w, g, UpdateOptions.PLAIN);
        Updater skipping =
            updater(device, new Sgd(1), w, g, UpdateOptions.PLAIN.skippingNotFinite())) {
      for (int i = 0; i < 1000; i++) {
        plain.step();
        skipping.step(2);
      }
      assertEquals(1000, plain.updates());
      assertEquals(1000, skipping.updates());
      assertArrayEquals(new double[] {1 - 3000}, device.download(w));
    }
  }

  static Updater updater(Device device, Optimizer rule, Array w, Array g, UpdateOptions options) {
    return new Updater(
        device, rule, List.of(new Parameter(w, g, 0)), List.of(Group.PLAIN), options);
  }

  /**
   * Norm 10 of the gradients as they come, 5 scaled; clipped to 2.5: all powers of two but for the
   * 3:4:5.
   */
  @Test
  void gradientsAreScaledAndClipped() {
    try (Device device = TestDevices.JAVA_1.open();
        Array w = device.allocate(ElementType.F64, 2);
        Array g = device.of(ElementType.F64, 6, 8);
        Updater scaled =
            updater(device, new Sgd(1), w, g, UpdateOptions.PLAIN.withGradientScale(-0.5))) {
      scaled.step();
      assertArrayEquals(new double[] {3, 4}, device.download(w), "maximised");
      assertEquals(0, scaled.gradientNorm());
      device.upload(w, 0.0, 0.0);
      UpdateOptions options = UpdateOptions.PLAIN.withGradientScale(-0.5).withLargestNorm(2.5);
      try (Updater clipped = updater(device, new Sgd(1), w, g, options)) {
        clipped.step();
        assertArrayEquals(new double[] {1.5, 2}, device.download(w));
        assertEquals(10, clipped.gradientNorm());
      }
    }
  }

  @Test
  void optionsThatMeanNothingAreRefused() {
    for (double scale : new double[] {0, -0.0, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(
          IllegalArgumentException.class, () -> UpdateOptions.PLAIN.withGradientScale(scale));
    }
    for (double norm : new double[] {0, -1, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> UpdateOptions.PLAIN.withLargestNorm(norm));
    }
    try (Device device = TestDevices.JAVA_1.open();
        Array w = device.allocate(ElementType.F32, 2);
        Array g = device.allocate(ElementType.F32, 2)) {
      List<Parameter> inGroup1 = List.of(new Parameter(w, g, 1));
      assertThrows(
          IllegalArgumentException.class,
          () -> new Updater(device, ADAM, inGroup1, List.of(Group.PLAIN)));
      for (double number : new double[] {1e39, 1e-46}) {
        for (UpdateOptions options :
            List.of(
                UpdateOptions.PLAIN.withGradientScale(number),
                UpdateOptions.PLAIN.withGradientScale(-number),
                UpdateOptions.PLAIN.withLargestNorm(number))) {
          IllegalArgumentException refused =
              assertThrows(
                  IllegalArgumentException.class,
                  () -> updater(device, ADAM, w, g, options).close());
          assertTrue(refused.getMessage().contains("in binary32"), refused.getMessage());
        }
      }
      try (Updater updater = updater(device, ADAM, w, g, UpdateOptions.PLAIN)) {
        for (double lr : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
          assertThrows(IllegalArgumentException.class, () -> updater.step(lr), "lr " + lr);
        }
        assertEquals(0, updater.updates());
      }
    }
  }

  @Test
  void lookingAheadComesBeforeTheStep() {
    try (Device device = TestDevices.JAVA_1.open();
        Array w = device.of(ElementType.F32, 1, 2);
        Array g = device.of(ElementType.F32, 1, 2)) {
      Updater updater = updater(device, new NesterovLookAhead(0.5, 0.5), w, g, OPTIONS);
      assertThrows(IllegalStateException.class, updater::step);
      updater.lookAhead();
      assertThrows(IllegalStateException.class, updater::lookAhead);
      assertThrows(IllegalStateException.class, () -> updater.step(0.25));
      assertThrows(IllegalStateException.class, () -> updater.save(folder.resolve("away")));
      assertThrows(IllegalStateException.class, () -> updater.load(folder.resolve("away")));
      updater.step();
      assertArrayEquals(new double[] {0.5, 1}, device.download(w));
      assertThrows(IllegalStateException.class, updater::step);
      updater.lookAhead(0.25);
      updater.step(0.25);
      assertEquals(2, updater.updates());
      updater.close();
      updater.close();
      assertThrows(IllegalStateException.class, updater::lookAhead);
      Updater plain = updater(device, ADAM, w, g, OPTIONS);
      plain.lookAhead();
      plain.step();
      plain.close();
      assertThrows(IllegalStateException.class, plain::step);
    }
  }

  /**
   * The state of a run with one learning rate, loaded by rules with others. Rprop's own rate is
   * where its steps began, and scales no step.
   */
  @Test
  void anotherLearningRateIsLoaded() throws IOException {
    Path file = folder.resolve("state");
    try (Device device = TestDevices.JAVA_1.open();
        Array g = device.of(ElementType.F32, 1, 2, 3)) {
      for (Optimizer rule : Optimizers.all()) {
        double[][] ends = new double[2][];
        for (int loaded = 0; loaded < 2; loaded++) {
          try (Array w = device.of(ElementType.F32, 1, 2, 3);
              Updater first = updater(device, rule, w, g, UpdateOptions.PLAIN);
              Updater second =
                  updater(device, rule.withLr(rule.lr() / 8), w, g, UpdateOptions.PLAIN)) {
            first.lookAhead();
            first.step();
            first.save(file, true);
            second.load(file);
            Updater next = loaded == 1 ? second : first;
            double lr = rule instanceof Rprop && loaded == 0 ? rule.lr() : rule.lr() / 8;
            next.lookAhead(lr);
            next.step(lr);
            assertEquals(2, next.updates());
            ends[loaded] = device.download(w);
          }
        }
        assertArrayEquals(ends[0], ends[1], rule.name());
      }
    }
  }

  /** Of several pieces, the last one not whole. */
  @Test
  void largeTensors() throws Exception {
    int n = (2 << 20) / 4 + 3;
    double[] numbers = new Random(1).doubles(n).toArray();
    Path file = folder.resolve("large");
    try (Device device = TestDevices.JAVA_2.open();
        Array w = device.of(ElementType.F32, numbers);
        Array g = device.of(ElementType.F32, numbers);
        Updater first = updater(device, ADAM, w, g, UpdateOptions.PLAIN)) {
      first.step();
      first.save(file);
      double[] before = device.download(w);
      first.step();
      double[] after = device.download(w);
      device.upload(w, before);
      try (Updater second = updater(device, ADAM, w, g, UpdateOptions.PLAIN)) {
        second.load(file);
        assertEquals(1, second.updates());
        second.step();
        assertArrayEquals(after, device.download(w));
      }
    }
  }
}
