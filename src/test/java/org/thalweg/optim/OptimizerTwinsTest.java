package org.thalweg.optim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.OnDevice;
import org.thalweg.device.Tensors;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Updates;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;

/** Every update rule has the same bits on every device. */
class OptimizerTwinsTest {
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

  abstract static class Body extends OnDevice {
    private static final List<Rounding> ROUNDINGS =
        List.of(Rounding.NEAREST, new Rounding(true, 5));

    private final Random random = new Random(1);

    Body(TestDevices which) {
      super(which);
    }

    private Updates.Tensor tensor(int n, int wOffset, int gOffset, int group) {
      double[] g = Values.normal(random, n, 1);
      for (int i = 0; i < n; i++) {
        g[i] *= Math.scalb(1.0, random.nextInt(24) - 20);
      }
      return new Updates.Tensor(Values.normal(random, n, 1), g, wOffset, gOffset, group);
    }

    private void assertTwins(List<Updates.Tensor> tensors) {
      for (Optimizer rule : Optimizers.all()) {
        for (ElementType type : Values.TYPES) {
          assertTwins(new Updates(type, rule, tensors, Updates.GROUPS, 1));
        }
      }
      // Of bf16 each rule goes by the special values; the launcher knows how many states there are.
      for (Optimizer rule : byStates()) {
        assertTwins(
            new Updates(ElementType.BF16, rule, tensors, Updates.GROUPS, 1, new Rounding(true, 5)));
      }
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

    private void assertTwins(Updates updates) {
      assertTwins(updates.toString(), updates);
    }

    @Test
    void sizesAndAlignments() {
      List<Updates.Tensor> tensors = new ArrayList<>();
      for (int size : Values.SIZES) {
        for (int i = 0; i < 16; i++) {
          tensors.add(tensor(size, i / 4, i % 4, tensors.size() % Updates.GROUPS.size()));
        }
      }
      assertTwins(tensors);
    }

    @Test
    void tensorsOfSeveralBlocks() {
      List<Updates.Tensor> tensors = new ArrayList<>();
      for (int size : new int[] {2047, 2048, 2049, 4095, 4096, 4097, 4098, 65535, 65536, 65537}) {
        int i = tensors.size();
        tensors.add(tensor(size, i % 4, i / 2 % 4, i % Updates.GROUPS.size()));
      }
      assertTwins(tensors);
    }

    @Test
    void countsOfTensors() {
      for (int count : new int[] {0, 1, 36, 37, 252, 253, 10_000}) {
        List<Updates.Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          tensors.add(tensor(i % 7, i % 4, i / 3 % 4, i % Updates.GROUPS.size()));
        }
        // The launcher is one for all rules; how it lays out the tensors depends on their number of
        // states alone.
        for (Optimizer rule : byStates()) {
          assertTwins(new Updates(ElementType.F32, rule, tensors, Updates.GROUPS, 1));
        }
      }
    }

    @Test
    void specialValuesAndHyperparameters() {
      for (ElementType type : Values.TYPES) {
        List<Updates.Tensor> tensors = new ArrayList<>();
        tensors.add(pairs(Values.special(type)));
        for (double special : Values.special(type)) {
          for (int at : new int[] {0, 3, 4, 1023, 1024, 1028}) {
            Updates.Tensor tensor = tensor(1029, at % 4, 1, 0);
            tensor.w()[at] = special;
            tensor.g()[1028 - at] = special;
            tensors.add(tensor);
          }
        }
        for (Optimizer rule : Optimizers.all()) {
          assertTwins(new Updates(type, rule, tensors, Updates.GROUPS, 1));
          // What is special in binary64 is not in bf16.
          for (Rounding rounding : type == ElementType.F32 ? ROUNDINGS : List.<Rounding>of()) {
            assertTwins(new Updates(ElementType.BF16, rule, tensors, Updates.GROUPS, 1, rounding));
          }
        }
        List<Optimizer> extremes = Updates.extremes();
        assertTrue(extremes.size() > 3 * Optimizers.all().size(), extremes::toString);
        for (Optimizer rule : extremes) {
          for (long t : new long[] {1, (1L << 24) + 1, 1L << 31}) {
            assertTwins(new Updates(type, rule, tensors.subList(0, 1), Updates.GROUPS, t));
          }
        }
      }
    }

    /** Each special parameter with each special gradient. */
    private static Updates.Tensor pairs(double[] special) {
      int n = special.length;
      double[] w = new double[n * n];
      double[] g = new double[n * n];
      for (int i = 0; i < w.length; i++) {
        w[i] = special[i / n];
        g[i] = special[i % n];
      }
      return new Updates.Tensor(w, g, 1, 0, 2);
    }
  }
}
