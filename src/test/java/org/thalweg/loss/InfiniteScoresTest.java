package org.thalweg.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.numeric.ElementType;

/** What src/docs/training.md says of scores that are too large for the element type. */
class InfiniteScoresTest {
  private static final double INF = Double.POSITIVE_INFINITY;

  private static void assertLoss(double expected, Loss loss, int label, double... scores) {
    double[] wide = scores.clone();
    float[] narrow = new float[scores.length];
    for (int i = 0; i < scores.length; i++) {
      narrow[i] = (float) scores[i];
    }
    double[] numbers = loss.numbers(ElementType.F64, scores.length);
    float[] rounded = new float[numbers.length];
    double[] own = loss.numbers(ElementType.F32, scores.length);
    for (int i = 0; i < own.length; i++) {
      rounded[i] = (float) own[i];
    }
    assertEquals(expected, loss.row(wide, label, 1, numbers), "binary64");
    assertEquals((float) expected, loss.row(narrow, label, 1, rounded), "binary32");
  }

  static List<Loss> losses() {
    return Losses.examples();
  }

  @ParameterizedTest
  @MethodSource("losses")
  void areAnInfiniteLossOrNone(Loss loss) {
    assertLoss(INF, loss, 0, -INF, 0, 1);
    assertLoss(Double.NaN, loss, 0, INF, INF, 1);
    double apart = loss.probabilistic() ? Double.NaN : INF;
    assertLoss(apart, loss, 0, -INF, INF, 1);
    assertLoss(apart, loss, 0, 0, INF, 1);
  }
}
