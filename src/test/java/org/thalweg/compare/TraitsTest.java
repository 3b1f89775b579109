package org.thalweg.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.Registry;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Traits;

/** The table of optimizers, held to what they do with gradients that are made up. */
class TraitsTest {
  private static Device device;

  @BeforeAll
  static void open() {
    device = TestDevices.JAVA_1.open();
  }

  @AfterAll
  static void close() {
    device.close();
  }

  /**
   * How long each step of one number is.
   *
   * @param gradient by the number of the step, from 1
   */
  private static double[] lengths(Optimizer rule, int steps, IntToDoubleFunction gradient) {
    try (Descent descent = new Descent(device, rule, new double[1], 1)) {
      double[] lengths = new double[steps];
      double before = 0;
      for (int i = 0; i < steps; i++) {
        descent.step((w, seed, step, g) -> g[0] = gradient.applyAsDouble((int) step));
        double now = descent.w()[0];
        lengths[i] = Math.abs(now - before);
        before = now;
      }
      return lengths;
    }
  }

  /**
   * By momentum it goes on when the gradient is 0; decay of its own moves it by a millionth of a
   * step at most.
   */
  @Test
  void firstMoment() {
    for (Optimizer rule : Optimizers.all()) {
      double[] lengths = lengths(rule, 2, step -> step == 1 ? 1 : 0);
      assertTrue(lengths[0] > 0, rule.name());
      assertEquals(rule.definition().traits().first(), lengths[1] > 1e-3 * lengths[0], rule.name());
    }
  }

  /**
   * All gradients are 1 or all are 1000: the hundredth step of one is as long as that of the other,
   * or 1000 times. (The hundredth: a rule may begin by following the gradient as it is.)
   */
  @Test
  void normalised() {
    for (Optimizer rule : Optimizers.all()) {
      double ratio = lengths(rule, 100, step -> 1000)[99] / lengths(rule, 100, step -> 1)[99];
      assertEquals(
          rule.definition().traits().normalised() ? 1 : 1000, ratio, 0.01 * ratio, rule.name());
    }
  }

  /**
   * The rules that are normalised without a second moment go by signs: one gradient made larger
   * changes nothing.
   */
  @Test
  void secondMoment() {
    for (Optimizer rule : Optimizers.all()) {
      Traits traits = rule.definition().traits();
      boolean same =
          Arrays.equals(lengths(rule, 20, step -> 1), lengths(rule, 20, step -> step == 9 ? 2 : 1));
      assertEquals(traits.normalised() && !traits.second(), same, rule.name());
      assertTrue(traits.normalised() || !traits.second(), rule.name());
    }
  }

  /**
   * After one gradient of 100, ten thousand of 1: the step is as long as if there had been none but
   * these, or stays short. (Signs alternate: the variance of a constant is 0. Ten thousand, the
   * larger one's square: a rule may take off each time what a gradient of 1 once added, no more.)
   */
  @Test
  void leaky() {
    for (Optimizer rule : Optimizers.all()) {
      Traits traits = rule.definition().traits();
      if (traits.second()) {
        int steps = 10_001;
        double last =
            lengths(rule, steps, step -> (step == 1 ? 100 : 1) * (step % 2 == 0 ? 1 : -1))[
                steps - 1];
        double usual = lengths(rule, steps, step -> step % 2 == 0 ? 1 : -1)[steps - 1];
        assertEquals(traits.leaky(), last > 0.9 * usual, rule.name());
        assertTrue(traits.leaky() ? last < 1.1 * usual : last < 0.8 * usual, rule.name());
      }
    }
  }

  /**
   * Where the bias is taken out, the first step does not depend on how much of the second moment is
   * kept: that is the largest share among the hyperparameters, here halved. A rule that keeps no
   * share has no bias to take out.
   */
  @Test
  void corrected() {
    for (Optimizer rule : Optimizers.all()) {
      Traits traits = rule.definition().traits();
      if (traits.second()) {
        var share =
            Optimizers.hyperparameters(rule).entrySet().stream()
                .filter(number -> number.getValue() >= 0.5 && number.getValue() < 1)
                .max(Map.Entry.comparingByValue());
        boolean same = false;
        if (share.isPresent()) {
          Optimizer halved = Registry.with(rule, share.get().getKey(), share.get().getValue() / 2);
          double first = lengths(rule, 1, step -> 1)[0];
          same = Math.abs(lengths(halved, 1, step -> 1)[0] - first) < 0.01 * first;
        }
        assertEquals(traits.corrected(), same, rule.name());
      } else {
        assertFalse(traits.corrected(), rule.name());
      }
    }
  }
}
