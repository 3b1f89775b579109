package org.thalweg.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.device.Array;
import org.thalweg.device.OnDevice;
import org.thalweg.device.Product;
import org.thalweg.device.Roundoff;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;

/** The gradients of weights and bias against central differences of the loss, in binary64. */
class GradientTest {
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
    private static final int ROWS = 33;
    private static final int FEATURES = 7;
    private static final int CLASSES = 5;
    private static final int WEIGHTS = FEATURES * CLASSES;

    /**
     * Near the cube root of the unit roundoff, where both errors of a central difference are small.
     */
    private static final double H = 0x1p-17;

    private final Random random = new Random(6);

    Body(TestDevices which) {
      super(which);
    }

    static Iterable<Loss> losses() {
      return Losses.all();
    }

    /** Everything but weights and bias, which come in one array. */
    private final class Objective {
      final Array x = device.of(ElementType.F64, clipped(ROWS * FEATURES));
      final Array labels = device.of(random.ints(ROWS, 0, CLASSES).toArray());
      final Array scores = device.allocate(ElementType.F64, ROWS * CLASSES);
      final Array rowLoss = device.allocate(ElementType.F64, ROWS);
      final Array right = device.allocate(ElementType.I32, ROWS);
      final Array gradient = device.allocate(ElementType.F64, WEIGHTS + CLASSES);
      final Array parameters = device.allocate(ElementType.F64, WEIGHTS + CLASSES);
      final Loss loss;

      Objective(Loss loss) {
        this.loss = loss;
      }

      /** The mean loss; its gradient with respect to the scores takes the scores' place. */
      double value(double[] at) {
        device.write(parameters, at);
        Array w = parameters.slice(0, WEIGHTS);
        Array b = parameters.slice(WEIGHTS, CLASSES);
        device.multiply(Product.of(ROWS, CLASSES, FEATURES), x, w, b, scores);
        device.loss(loss, scores, labels, 1.0 / ROWS, scores, rowLoss, right);
        double sum = 0;
        for (double one : device.read(rowLoss)) {
          sum += one;
        }
        return sum / ROWS;
      }

      double[] gradient(double[] at) {
        value(at);
        Array w = gradient.slice(0, WEIGHTS);
        Array b = gradient.slice(WEIGHTS, CLASSES);
        device.multiplyTransposed(Product.of(FEATURES, CLASSES, ROWS), x, scores, w, b);
        return device.read(gradient);
      }
    }

    /** Numbers of at most 2. */
    private double[] clipped(int n) {
      double[] x = Values.normal(random, n, 1);
      for (int i = 0; i < n; i++) {
        x[i] = Math.max(-2, Math.min(2, x[i]));
      }
      return x;
    }

    @ParameterizedTest
    @MethodSource("losses")
    void gradientIsThatOfTheLoss(Loss loss) {
      Objective objective = new Objective(loss);
      double[] at = Values.normal(random, WEIGHTS + CLASSES, 0.3);
      double[] gradient = objective.gradient(at);
      double[] differences = new double[at.length];
      for (int i = 0; i < at.length; i++) {
        double there = at[i];
        at[i] = there + H;
        double above = objective.value(at);
        at[i] = there - H;
        double below = objective.value(at);
        at[i] = there;
        differences[i] = (above - below) / (2 * H);
      }
      for (int i = 0; i < at.length; i++) {
        assertEquals(differences[i], gradient[i], tolerance(loss), "parameter " + i);
      }
      // A sign that is wrong, in all of the gradient or in one place, is far outside.
      double largest = 0;
      for (int i = 0; i < at.length; i++) {
        largest = Math.max(largest, Math.abs(differences[i] + gradient[i]));
        assertTrue(Math.abs(differences[i] + gradient[i]) > tolerance(loss), "no sign at " + i);
      }
      assertTrue(largest > 1e6 * tolerance(loss), largest + " is not found");
    }

    /**
     * Truncation: h^2/6 times the third derivative: for softmax |x|^3 times a third cumulant of a
     * probability p, {@code p(1-p)(1-2p) < 0.1}; for the hinges 0, away from their kinks. Rounding:
     * scores of at most 10 go through 9 roundings, 10 u each, which count as much as the scores'
     * slopes together; the loss of a row is as exact as {@link LossTolerance} says; 34 additions
     * and a division make the mean. That twice, divided by 2h.
     */
    private static double tolerance(Loss loss) {
      double unit = Roundoff.unit(ElementType.F64);
      int wrong = CLASSES - 1;
      double margin = 2 * 10 + 1;
      double slopes = loss instanceof Hinge h ? 2 * wrong * (h.squared() ? 2 * margin : 1) : 2;
      double most =
          loss instanceof Hinge h ? wrong * (h.squared() ? margin * margin : margin) : 2 * 10;
      double truncation = loss instanceof Hinge ? 0 : H * H / 6 * 8 * 0.1;
      double value =
          LossTolerance.of(loss, ElementType.F64, CLASSES, 10).loss(most)
              + (slopes * 9 * 10 + 34 * most) * unit;
      return truncation + value / H;
    }
  }
}
