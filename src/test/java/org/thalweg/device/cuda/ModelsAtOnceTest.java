package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.check.NumericGradient;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.numeric.ElementType;
import org.thalweg.sim.SimCounters;

/** A numeric gradient's evaluations run as one batch of models, not as a launch each. */
@Tag("driver")
class ModelsAtOnceTest {
  @Test
  void aHundredAndTwentyEightDimensionsAreOneProductAndOneLoss() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver counts");
    Dataset rows = Digits.load().train().splitAt(3).train();
    try (CudaDevice device = TestDevices.openDriver();
        ClassifierObjective f =
            new ClassifierObjective(
                device, rows, new SoftmaxCrossEntropy(), ElementType.F64, 0.1, 0.2)) {
      double[] w = new double[(int) f.size()];
      NumericGradient.of(f, w, 1e-6); // the first time, a kernel is launched once more, for nothing
      SimCounters.count(device.context().module("data", "advance"), true);
      double[] gradient = NumericGradient.of(f, w, 1e-6);
      SimCounters counts = new SimCounters(device.context().module("data", "advance"));
      SimCounters.count(device.context().module("data", "advance"), false);
      assertEquals(650, gradient.length);
      assertNotEquals(0, gradient[649]);
      // 650 dimensions, 128 at a time.
      assertEquals(6, counts.get("multiply_f64", "launches"), counts::toString);
      assertEquals(6, counts.get("few_softmax_f64", "launches"), counts::toString);
      assertEquals(0, counts.get("dot_f64", "launches"), counts::toString);
    }
  }
}
