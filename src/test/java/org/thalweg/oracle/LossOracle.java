package org.thalweg.oracle;

import org.thalweg.loss.Hinge;
import org.thalweg.loss.Loss;
import org.thalweg.loss.SmoothHinge;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;

/** The loss of one row of scores, as the books write it, with a bound of the roundings. */
public interface LossOracle {
  /** What the row costs. */
  Bounded loss();

  /** {@code dloss / dscores[j]}. */
  Bounded gradient(int j);

  /** The Hessian with respect to the scores, times a direction. */
  Bounded[] hessianTimes(Bounded[] u);

  /**
   * The oracle of a loss.
   *
   * @throws AssertionError if there is none: such a loss has no tests
   */
  static LossOracle of(Loss loss, Bounded[] scores, int label) {
    if (loss instanceof SoftmaxCrossEntropy softmax) {
      return new SoftmaxOracle(scores, label, softmax.smoothing());
    } else if (loss instanceof Hinge hinge) {
      return new HingeOracle(
          scores, label, hinge.squared() ? HingeOracle::square : HingeOracle::id);
    } else if (loss instanceof SmoothHinge smooth) {
      return new HingeOracle(scores, label, m -> HingeOracle.smooth(m, smooth.width()));
    }
    throw new AssertionError("no oracle knows " + loss);
  }

  /** Of scores that are rounded to a type. */
  static LossOracle of(Loss loss, ElementType type, double[] scores, int label) {
    return of(loss, Bounded.of(type, scores), label);
  }
}
