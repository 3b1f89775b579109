package org.thalweg.minimize;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.MemoryException;
import org.thalweg.loss.Loss;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;

/**
 * Logistic regression on the features of a frozen network: softmax with an L2 penalty of strength
 * {@code 1 / C}, minimised by L-BFGS for each C of a path, from the smallest on, each from where
 * the last one ended. C is that of scikit-learn's LogisticRegression, which minimises {@code C *
 * (sum of losses) + 1/2 |w|^2}; divided by {@code C * rows}, that is the mean loss plus {@link #l2}
 * times the sum of squares.
 *
 * @param device on which it runs
 * @param type F32 or F64
 * @param stopping of each minimisation
 */
public record Probe(Device device, ElementType type, Stopping stopping) {
  /** The loss that is minimised. */
  public static final Loss LOSS = new SoftmaxCrossEntropy();

  private static final LBfgs METHOD = new LBfgs();

  /**
   * What a minimisation arrived at.
   *
   * @param c the inverse of the penalty's strength
   * @param iterations how many it took
   * @param reason why it stopped
   * @param objective the mean loss and the penalty
   * @param loss the mean loss of the rows that were trained on
   * @param accuracy of the validation rows; NaN where there are none
   */
  public record Step(
      double c, int iterations, Reason reason, double objective, double loss, double accuracy) {}

  /** Is told of each step, and where it ended, which it may read until it returns. */
  public interface Listener {
    void step(Step step, Array point);
  }

  /**
   * The factor of the sum of squares that a C means. Of two classes it is twice as large: with one
   * weight vector u for both, as scikit-learn has it, ours are u/2 and -u/2, of half its square.
   */
  public static double l2(double c, Dataset rows) {
    return (rows.classes() == 2 ? 2 : 1) / (2 * c * rows.rows());
  }

  /**
   * Minimises for each C.
   *
   * @param validation rows whose accuracy is measured; null for none
   * @param scaling of the features
   * @param start where the first one begins; where the last one ended in the end
   * @param path each finite and above 0
   * @throws MemoryException if the device has not enough memory
   */
  public void run(
      Dataset rows,
      @Nullable Dataset validation,
      Scaling scaling,
      Array start,
      double[] path,
      Listener listener) {
    int vectors = METHOD.vectors() + 1;
    try (ClassifierObjective unseen =
            validation == null ? null : unseen(rows, validation, scaling, vectors);
        ClassifierObjective f =
            new ClassifierObjective(device, rows, LOSS, type, 0, 0, scaling, vectors)) {
      for (double c : path) {
        f.penalise(l2(c, rows));
        try (Result result = METHOD.minimize(f, start, stopping, (i, value, norm, step) -> {})) {
          device.copy(result.point(), start);
          Array weights = start.slice(0, start.count() - rows.classes());
          double loss = result.value() - l2(c, rows) * device.dot(weights, weights);
          double accuracy = unseen == null ? Double.NaN : unseen.accuracy(start);
          Step step =
              new Step(c, result.iterations(), result.reason(), result.value(), loss, accuracy);
          listener.step(step, start);
        }
      }
    }
  }

  /** The validation rows, of which only a piece lies on the device where not all rows fit. */
  private ClassifierObjective unseen(
      Dataset rows, Dataset validation, Scaling scaling, int vectors) {
    BatchPlan plan = BatchPlan.all(validation, LOSS, type).get(0);
    long all = plan.bytes() + BatchPlan.all(rows, LOSS, type).get(0).bytes();
    boolean fit = all + BatchPlan.beside(rows, type, vectors) <= device.available();
    if (!fit) {
      plan = BatchPlan.least(validation, LOSS, type);
    }
    return new ClassifierObjective(device, validation, LOSS, type, 0, 0, scaling, plan);
  }

  /** The step with the best accuracy, of several the one with the smallest C. */
  public static int best(List<Step> steps) {
    int best = 0;
    for (int i = 1; i < steps.size(); i++) {
      Step one = steps.get(i);
      Step other = steps.get(best);
      if (one.accuracy > other.accuracy || (one.accuracy == other.accuracy && one.c < other.c)) {
        best = i;
      }
    }
    return best;
  }
}
