package org.thalweg.selftest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Tensors;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Rounding;
import org.thalweg.optim.Sgd;
import org.thalweg.selftest.UpdateExperiments.Clipping;
import org.thalweg.selftest.UpdateExperiments.Step;
import org.thalweg.selftest.UpdateExperiments.Tensor;

/** Updates of more tensors and hyperparameters than the product's suite has. */
class UpdateEqualityTest {
  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  class ByVectorApi extends Body {
    ByVectorApi() {
      super(TestDevices.JAVA_VECTORS);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  /**
   * Each rule as registered, and with each hyperparameter in turn at the ends of what it allows.
   */
  static List<Optimizer> extremes() {
    List<Optimizer> rules = new ArrayList<>();
    for (Optimizer rule : UpdateExperiments.rules()) {
      rules.add(rule);
      for (int i = 0; i < rule.getClass().getRecordComponents().length; i++) {
        for (double value : new double[] {0, 1e-38, 0.99999}) {
          Optimizer changed = with(rule, i, value);
          if (changed != null) {
            rules.add(changed);
          }
        }
      }
    }
    return rules;
  }

  /** The rule with component i changed, or null if it does not allow that. */
  private static Optimizer with(Optimizer rule, int i, double value) {
    RecordComponent[] components = rule.getClass().getRecordComponents();
    try {
      Object[] values = new Object[components.length];
      for (int k = 0; k < values.length; k++) {
        values[k] = components[k].getAccessor().invoke(rule);
      }
      if (!(values[i] instanceof Double)) {
        return null;
      }
      values[i] = value;
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      return (Optimizer) rule.getClass().getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException refused) {
      if (refused.getCause() instanceof IllegalArgumentException) {
        return null;
      }
      throw new AssertionError(refused);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(rule + " is no ordinary record", e);
    }
  }

  abstract static class Body extends Equality {
    private static final List<ElementType> STORED =
        List.of(ElementType.F32, ElementType.F64, ElementType.BF16);

    private final Random random = new Random(1);

    Body(TestDevices which) {
      super(which);
    }

    private Tensor tensor(int n, int wOffset, int gOffset, int group) {
      double[] g = Values.normal(random, n, 1);
      for (int i = 0; i < n; i++) {
        g[i] *= Math.scalb(1.0, random.nextInt(24) - 20);
      }
      int own = group % Suite.GROUPS.size();
      return new Tensor(Values.normal(random, n, 1), g, wOffset % 4, gOffset % 4, own);
    }

    private void assertSame(Step step, List<Tensor> tensors) {
      assertSame(
          "%s, %s, %d tensors, from update %d"
              .formatted(step, step.rule(), tensors.size(), step.first()),
          fixture -> UpdateExperiments.run(fixture, step, tensors));
    }

    private void assertSame(List<Tensor> tensors) {
      for (Optimizer rule : UpdateExperiments.rules()) {
        for (ElementType type : Suite.TYPES) {
          assertSame(new Step(rule, type, Rounding.NEAREST), tensors);
        }
      }
      // Of bf16 each rule goes by the special values; the launcher knows how many states there are.
      for (Optimizer rule : byStates()) {
        assertSame(new Step(rule, ElementType.BF16, UpdateExperiments.STOCHASTIC), tensors);
      }
    }

    private void assertSameClipped(Optimizer rule, ElementType type, List<Tensor> tensors) {
      assertSame(new Step(rule, type, Rounding.NEAREST, Clipping.skipping, 1), tensors);
    }

    /** A rule for each number of states. */
    private static List<Optimizer> byStates() {
      List<Optimizer> rules = new ArrayList<>();
      for (int states = 0; states <= Tensors.MAX_STATES; states++) {
        int n = states;
        rules.add(Optimizers.all().stream().filter(r -> r.states() == n).findFirst().orElseThrow());
      }
      return rules;
    }

    private List<Tensor> sizesInEachAlignment() {
      List<Tensor> tensors = new ArrayList<>();
      for (int size : SIZES) {
        for (int i = 0; i < 16; i++) {
          tensors.add(tensor(size, i / 4, i, tensors.size()));
        }
      }
      return tensors;
    }

    @Test
    void sizesAndAlignments() {
      assertSame(sizesInEachAlignment());
    }

    @Test
    void sizesAndAlignmentsClipped() {
      List<Tensor> tensors = sizesInEachAlignment();
      for (int i = 0; i < tensors.size(); i += 7) {
        for (ElementType type : STORED) {
          assertSameClipped(new Sgd(0.1), type, tensors.subList(i, i + 1));
        }
      }
      for (int size : new int[] {2048, 4096, 4097, 4098, 4099, 4100, 65537}) {
        int i = tensors.size();
        tensors.add(tensor(size, i, i / 4, i));
      }
      for (ElementType type : STORED) {
        assertSameClipped(new Sgd(0.1), type, tensors);
      }
    }

    @Test
    void everyRuleClipped() {
      List<Tensor> tensors = List.of(tensor(5, 0, 0, 0), tensor(1025, 1, 0, 0));
      for (Optimizer rule : UpdateExperiments.rules()) {
        assertSameClipped(rule, ElementType.F32, tensors);
      }
    }

    @Test
    void tensorsOfSeveralBlocks() {
      List<Tensor> tensors = new ArrayList<>();
      for (int size : new int[] {2047, 2048, 2049, 4095, 4096, 4097, 4098, 65535, 65536, 65537}) {
        int i = tensors.size();
        tensors.add(tensor(size, i, i / 2, i));
      }
      assertSame(tensors);
    }

    @Test
    void countsOfTensors() {
      for (int count : new int[] {0, 1, 36, 37, 252, 253, 10_000}) {
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          tensors.add(tensor(i % 7, i, i / 3, i));
        }
        // The launcher is one for all rules; how it lays out the tensors depends on their number of
        // states alone.
        for (Optimizer rule : byStates()) {
          assertSame(new Step(rule, ElementType.F32, Rounding.NEAREST), tensors);
        }
        assertSameClipped(new Sgd(0.1), ElementType.F32, tensors);
      }
    }

    @Test
    void specialValuesAndHyperparameters() {
      for (ElementType type : Suite.TYPES) {
        List<Tensor> tensors = new ArrayList<>();
        Tensor pairs = Tensor.pairs(8, type); // in the group that has all
        tensors.add(pairs);
        for (double special : Suite.special(type)) {
          for (int at : new int[] {0, 3, 4, 1023, 1024, 1028}) {
            Tensor tensor = tensor(1029, at, 1, 0);
            tensor.w()[at] = special;
            tensor.g()[1028 - at] = special;
            tensors.add(tensor);
          }
        }
        for (Optimizer rule : UpdateExperiments.rules()) {
          assertSame(new Step(rule, type, Rounding.NEAREST), tensors);
          if (type == ElementType.F32) { // what is special in binary64 is not in bf16
            for (Rounding rounding : List.of(Rounding.NEAREST, UpdateExperiments.STOCHASTIC)) {
              assertSame(new Step(rule, ElementType.BF16, rounding), tensors);
            }
          }
        }
        List<Optimizer> extremes = extremes();
        assertTrue(extremes.size() > 3 * UpdateExperiments.rules().size(), extremes::toString);
        for (Optimizer rule : extremes) {
          for (long t : new long[] {1, (1L << 24) + 1, 1L << 31}) {
            Step step = new Step(rule, type, Rounding.NEAREST, Clipping.none, t);
            assertSame(step, List.of(pairs));
          }
        }
      }
    }

    /** The masters are what binary32 parameters would be; the parameters are those, rounded. */
    @Test
    void mastersOfBf16AreBinary32() {
      double[][] numbers = new double[4][];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = Values.normal(random, i < 2 ? 5000 : 3, 1);
        double[] x = numbers[i];
        Arrays.setAll(x, k -> ElementType.BF16.round(x[k]));
      }
      List<Tensor> tensors =
          List.of(
              new Tensor(numbers[0], numbers[1], 1, 2, 1),
              new Tensor(numbers[2], numbers[3], 3, 0, 2));
      for (Optimizer rule : UpdateExperiments.rules()) {
        List<double[]> plain = results(new Step(rule, ElementType.F32, Rounding.NEAREST), tensors);
        List<double[]> stored =
            results(new Step(rule, ElementType.BF16, Rounding.NEAREST), tensors);
        int others = 1; // the first are the parameters
        assertSameBits(
            rule.name(),
            plain.subList(others, plain.size()),
            stored.subList(others, stored.size()));
        double[] rounded = plain.get(0).clone();
        Arrays.setAll(rounded, i -> Exact.widen(Exact.bf16((float) rounded[i])));
        assertSameBits(rule.name(), List.of(rounded), stored.subList(0, others));
      }
    }

    private List<double[]> results(Step step, List<Tensor> tensors) {
      try (Fixture fixture = new Fixture(device)) {
        UpdateExperiments.run(fixture, step, tensors);
        return fixture.results().stream().map(Fixture.Result::values).toList();
      }
    }
  }
}
