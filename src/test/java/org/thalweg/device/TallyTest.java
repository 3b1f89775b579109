package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.ElementType;

/** A loss that is not finite, or a label that is no class, ends a run at once. */
class TallyTest {
  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
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
    Body(TestDevices which) {
      super(which);
    }

    private void assertHalts(
        Steps.Halt halt, ElementType type, int models, double[] losses, int[] right) {
      try (Array loss = device.of(type, losses);
          Array correct = device.of(right);
          Steps steps = new Steps(device, type, 1, 2, models);
          Program program = device.record(steps, () -> device.tally(loss, correct, steps))) {
        steps.start();
        program.run(2);
        Steps.Account account = steps.account();
        assertEquals(halt, account.halt(), Arrays.toString(losses));
        assertEquals(0, account.batches());
        assertEquals(0, account.updates());
      }
    }

    @Test
    void halts() {
      int models = 9;
      int n = 33 * models;
      for (ElementType type : Values.TYPES) {
        for (int at : new int[] {0, 32, 33, n - 1}) {
          for (double bad : new double[] {Double.NaN, 1 / 0.0, -1 / 0.0}) {
            double[] losses = new double[n];
            int[] right = new int[n];
            losses[at] = bad;
            assertHalts(Steps.Halt.LOSS_NOT_FINITE, type, models, losses, right);
            right[at] = -1;
            assertHalts(Steps.Halt.LABEL_OUT_OF_RANGE, type, models, losses, right);
            losses[at] = 1;
            assertHalts(Steps.Halt.LABEL_OUT_OF_RANGE, type, models, losses, right);
          }
        }
      }
    }

    /** Finite losses whose sum is not. */
    @Test
    void sumsThatOverflowHalt() {
      for (ElementType type : Values.TYPES) {
        double most = type == ElementType.F32 ? Float.MAX_VALUE : Double.MAX_VALUE;
        double[] losses = {most, most};
        assertHalts(Steps.Halt.LOSS_NOT_FINITE, type, 1, losses, new int[2]);
      }
    }
  }
}
