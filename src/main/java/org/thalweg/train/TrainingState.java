package org.thalweg.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Steps;

/**
 * The progress of a training. Together with parameters and optimizer state it determines the rest
 * of the training.
 *
 * @param history the epochs that are done
 * @param batch minibatches that are done of the next epoch; all of them where its validation rows
 *     have not been scored
 * @param updates that have been applied
 * @param loss the sum of the row losses of those minibatches
 * @param correct how many of their rows were classified right
 * @param best the parameters with the smallest validation loss; null where they are not kept
 */
record TrainingState(
    List<Trainer.Epoch> history,
    int batch,
    long updates,
    double loss,
    long correct,
    @Nullable Best best) {
  /** The state of a training that has not begun. */
  static final TrainingState NONE = new TrainingState(List.of(), 0, 0, 0, 0, null);

  /**
   * Parameters that were the best so far.
   *
   * @param epoch the epoch that ended with them
   * @param loss the validation loss
   * @param parameters weights and bias
   */
  record Best(int epoch, double loss, List<double[]> parameters) {}

  /** The state after these minibatches, not counting one that halted the run. */
  TrainingState plus(Steps.Account account) {
    int done = Math.toIntExact(account.batches());
    return new TrainingState(
        history,
        batch + done,
        updates + account.updates(),
        sum(loss, account, done),
        correct + Arrays.stream(account.correct()).limit(done).sum(),
        best);
  }

  /** Adds the losses in order. DoubleStream.sum does not specify its order and compensation. */
  private static double sum(double loss, Steps.Account account, int batches) {
    double sum = loss;
    for (int i = 0; i < batches; i++) {
      sum += account.losses()[i];
    }
    return sum;
  }

  /** The state at the beginning of the next epoch. */
  TrainingState ended(Trainer.Epoch epoch, @Nullable Best best) {
    List<Trainer.Epoch> longer = new ArrayList<>(history);
    longer.add(epoch);
    return new TrainingState(Collections.unmodifiableList(longer), 0, updates, 0, 0, best);
  }

  /** Loss and accuracy of the minibatches that are done. */
  Score score(int rows) {
    return new Score(loss / rows, (double) correct / rows);
  }
}
