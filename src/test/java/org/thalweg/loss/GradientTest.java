package org.thalweg.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.device.Array;
import org.thalweg.device.OnDevice;
import org.thalweg.device.Product;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;
import org.thalweg.oracle.Bounded;
import org.thalweg.oracle.LossOracle;

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
      return Losses.examples();
    }

    /** Everything but weights and bias, which come in one array. */
    private final class Objective {
      final double[] features = clipped(ROWS * FEATURES);
      final int[] classes = random.ints(ROWS, 0, CLASSES).toArray();
      final Array x = device.of(ElementType.F64, features);
      final Array labels = device.of(classes);
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
        device.upload(parameters, at);
        Array w = parameters.slice(0, WEIGHTS);
        Array b = parameters.slice(WEIGHTS, CLASSES);
        device.multiply(Product.of(ROWS, CLASSES, FEATURES), x, w, b, scores);
        device.loss(loss, scores, labels, 1.0 / ROWS, scores, rowLoss, right);
        double sum = 0;
        for (double one : device.download(rowLoss)) {
          sum += one;
        }
        return sum / ROWS;
      }

      /**
       * How far rounding may take the mean loss: a score is a chain of fma and a sum with the bias;
       * 34 additions and a division make the mean.
       */
      double rounding(double[] at) {
        Bounded[] losses = new Bounded[ROWS];
        for (int row = 0; row < ROWS; row++) {
          Bounded[] scores =
              Bounded.of(ElementType.F64, Arrays.copyOfRange(at, WEIGHTS, at.length));
          for (int i = 0; i < FEATURES; i++) {
            Bounded feature = Bounded.of(ElementType.F64, features[row * FEATURES + i]);
            for (int j = 0; j < CLASSES; j++) {
              Bounded w = Bounded.of(ElementType.F64, at[i * CLASSES + j]);
              scores[j] = scores[j].plus(feature.times(w));
            }
          }
          losses[row] = LossOracle.of(loss, scores, classes[row]).loss();
        }
        Bounded sum = Bounded.sum(losses);
        return sum.over(sum.exactly(ROWS)).error();
      }

      double[] gradient(double[] at) {
        value(at);
        Array w = gradient.slice(0, WEIGHTS);
        Array b = gradient.slice(WEIGHTS, CLASSES);
        device.multiplyTransposed(Product.of(FEATURES, CLASSES, ROWS), x, scores, w, b);
        return device.download(gradient);
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
      double[] tolerances = new double[at.length];
      double rounding = objective.rounding(at);
      for (int i = 0; i < at.length; i++) {
        differences[i] = difference(objective, at, i, H);
        tolerances[i] =
            Math.abs(difference(objective, at, i, 2 * H) - differences[i]) + rounding / H;
        assertEquals(differences[i], gradient[i], tolerances[i], "parameter " + i);
      }
      // A sign that is wrong, in all of the gradient or in one place, is far outside.
      double largest = 0;
      for (int i = 0; i < at.length; i++) {
        double found = Math.abs(differences[i] + gradient[i]);
        largest = Math.max(largest, found / tolerances[i]);
        assertTrue(found > tolerances[i], "no sign at " + i);
      }
      assertTrue(largest > 1e6, largest + " is not found");
    }

    /**
     * Errs by h^2/6 times the third derivative, so by a third of how far it is from the difference
     * over 2h, and by the rounding of two values, divided by 2h.
     */
    private static double difference(Objective objective, double[] at, int i, double h) {
      double[] there = at.clone();
      there[i] = at[i] + h;
      double above = objective.value(there);
      there[i] = at[i] - h;
      return (above - objective.value(there)) / (2 * h);
    }
  }
}
