package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;

/**
 * Softmax regression on the digits, in a full batch, from zeros: the least value of the mean loss
 * plus 1e-3 times the sum of the squared weights is known from another program (SciPy's L-BFGS-B,
 * largest gradient entry left 4.4e-10). Other devices have the same bits: see MinimizerTwinsTest
 * and ClassifierObjectiveTest.
 */
class DigitsTest {
  private static final double LEAST = 0.3323934882816668;

  @Test
  void lbfgs() {
    assertEquals(LEAST, least(new LBfgs(), ElementType.F64), 1e-9);
  }

  @Test
  void newtonCg() {
    assertEquals(LEAST, least(new NewtonCg(), ElementType.F64), 1e-9);
  }

  @Test
  void inBinary32() {
    for (Minimizer minimizer : new Minimizer[] {new LBfgs(), new NewtonCg()}) {
      double least = least(minimizer, ElementType.F32);
      assertEquals(LEAST, least, 1e-6 * LEAST, minimizer.toString());
    }
  }

  private double least(Minimizer minimizer, ElementType type) {
    Dataset digits = Digits.load().train();
    Stopping stopping = type == ElementType.F64 ? Stopping.of(type) : new Stopping(1e-6, 0, 1000);
    try (Device device = new JavaDevice();
        ClassifierObjective f =
            new ClassifierObjective(device, digits, new SoftmaxCrossEntropy(), type, 0, 1e-3);
        Array start = device.allocate(type, f.size());
        Result result = minimizer.minimize(f, start, stopping, MinimizerFixture.UNHEARD)) {
      return result.value();
    }
  }
}
