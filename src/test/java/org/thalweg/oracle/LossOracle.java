package org.thalweg.oracle;

import org.thalweg.loss.Hinge;
import org.thalweg.loss.Loss;

/** The loss of one row of scores, as the books write it. */
public interface LossOracle {
  /** What the row costs. */
  double loss();

  /** {@code dloss / dscores[j]}. */
  double gradient(int j);

  /** {@code d2loss / dscores[j] dscores[k]}. */
  double hessian(int j, int k);

  /** The oracle of a loss. */
  static LossOracle of(Loss loss, double[] scores, int label) {
    return loss instanceof Hinge hinge
        ? new HingeOracle(scores, label, hinge.squared() ? 2 : 1)
        : new SoftmaxOracle(scores, label);
  }
}
