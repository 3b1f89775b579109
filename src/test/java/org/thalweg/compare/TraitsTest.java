package org.thalweg.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

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

  /** By momentum it goes on when the gradient is 0. */
  @Test
  void firstMoment() {
    for (Optimizer rule : Optimizers.all()) {
      double[] lengths = lengths(rule, 2, step -> step == 1 ? 1 : 0);
      assertTrue(lengths[0] > 0, rule.name());
      assertEquals(rule.definition().traits().first(), lengths[1] > 0, rule.name());
    }
  }

  /** The gradient is 1 or 1000: one step is as long as the other, or 1000 times. */
  @Test
  void normalised() {
    for (Optimizer rule : Optimizers.all()) {
      double ratio = lengths(rule, 1, step -> 1000)[0] / lengths(rule, 1, step -> 1)[0];
      assertEquals(
          rule.definition().traits().normalised() ? 1 : 1000, ratio, 0.01 * ratio, rule.name());
    }
  }

  /**
   * After a hundred large gradients, ten thousand small ones: the step is as long as if there had
   * been none but these, or stays short. (Signs alternate: the variance of a constant is 0.)
   */
  @Test
  void leaky() {
    for (Optimizer rule : Optimizers.all()) {
      if (rule.definition().traits().second()) {
        int steps = 10_100;
        double last =
            lengths(rule, steps, step -> (step <= 100 ? 100 : 1) * (step % 2 == 0 ? 1 : -1))[
                steps - 1];
        double usual = lengths(rule, steps, step -> step % 2 == 0 ? 1 : -1)[steps - 1];
        assertEquals(rule.definition().traits().leaky(), last > 0.9 * usual, rule.name());
        assertTrue(
            rule.definition().traits().leaky() ? last < 1.1 * usual : last < 0.2 * usual,
            rule.name());
      }
    }
  }

  /**
   * Under a constant gradient every step, from the first, is about as long as the five thousandth;
   * or not. (About: NAdam begins with half of its momentum, so that its fourth step is 0.7 times as
   * long.)
   */
  @Test
  void corrected() {
    for (Optimizer rule : Optimizers.all()) {
      if (rule.definition().traits().second()) {
        double[] lengths = lengths(rule, 5000, step -> 1);
        double late = lengths[4999];
        boolean equal =
            Arrays.stream(lengths).allMatch(length -> length > late / 2 && length < late * 2);
        assertEquals(rule.definition().traits().corrected(), equal, rule.name());
      }
    }
  }
}
