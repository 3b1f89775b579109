package org.thalweg.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Steps;

/**
 * How far a training has come: with parameters and optimizer state, all that the rest of it depends
 * on.
 *
 * @param history the epochs that are done
 * @param batch minibatches that are done of the next epoch
 * @param updates that have been applied
 * @param loss the sum of the row losses of those minibatches
 * @param correct how many of their rows were classified right
 * @param best the parameters with the least validation loss; null where they are not kept
 */
record TrainingState(
    List<Trainer.Epoch> history,
    int batch,
    long updates,
    double loss,
    long correct,
    @Nullable Best best) {
  /** Of a training that has not begun. */
  static final TrainingState NONE = new TrainingState(List.of(), 0, 0, 0, 0, null);

  /**
   * Parameters that were the best so far.
   *
   * @param epoch after which
   * @param loss the validation loss
   * @param parameters weights and bias
   */
  record Best(int epoch, double loss, List<double[]> parameters) {}

  /** After these minibatches; of one that halted the run, nothing counts. */
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

  /** In order, whatever the pieces: DoubleStream.sum compensates, and how is its own affair. */
  private static double sum(double loss, Steps.Account account, int batches) {
    double sum = loss;
    for (int i = 0; i < batches; i++) {
      sum += account.losses()[i];
    }
    return sum;
  }

  /** At the beginning of the next epoch. */
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
