package org.thalweg.train;

import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Steps;
import org.thalweg.loss.Loss;
import org.thalweg.model.Description;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;

/**
 * Scores a model on the rows of a data set, in minibatches of 512 rows. A training scores its
 * validation rows by it, and everyone else a finished model, so that the same model and rows always
 * have the same score, to the last digit. All rows count alike in it, whatever their weights.
 */
public final class Scorer implements AutoCloseable {
  private static final DataPass.Fill NOTHING = (steps, row, minibatch) -> {};

  private final DataPass pass;

  /**
   * Puts the rows on the device, or where they do not fit, a piece of them at a time.
   *
   * @param affine what {@link Scaling#on} gives
   * @param free bytes that may be taken
   */
  Scorer(
      Device device,
      LinearClassifier model,
      Loss loss,
      Scaling scaling,
      @Nullable Array affine,
      Dataset rows,
      long free) {
    pass =
        new DataPass(
            device,
            rows.weighted(null),
            scaling,
            model,
            MemoryPlan.scoring(device, rows.weighted(null), model.type(), free),
            affine,
            (minibatch, steps) -> {
              minibatch.forward(loss);
              device.tally(minibatch.rowLoss(), minibatch.rowCorrect(), steps);
            });
  }

  /**
   * The score of a model.
   *
   * @param description its loss, and how rows are scaled
   * @param rows with labels that number the model's classes
   * @throws TrainingException if a label is not below the number of the model's classes
   */
  public static Score score(LinearClassifier model, Description description, Dataset rows) {
    Device device = model.device();
    Scaling scaling = description.scaling();
    try (Array affine = scaling.on(device, model.type());
        Scorer scorer =
            new Scorer(
                device, model, description.loss(), scaling, affine, rows, device.available())) {
      return Objects.requireNonNull(scorer.score(() -> false));
    }
  }

  /** The fewest bytes on the device in which rows can be scored by a model of that type. */
  public static long leastBytes(Dataset rows, ElementType type) {
    return MemoryPlan.leastScoring(rows, type);
  }

  /**
   * The score of the model as it is now. Rows whose loss is NaN or infinite make the whole loss so.
   *
   * @param stop asked between pieces whether to give up; the result is null then
   * @throws TrainingException if a label is not below the number of the model's classes
   */
  @Nullable Score score(BooleanSupplier stop) {
    double loss = 0;
    long correct = 0;
    for (int done = 0; done < pass.minibatches(); ) {
      DataPass.Piece now = pass.next(done, Long.MAX_VALUE);
      int then = now.from() + now.n();
      Runnable meanwhile =
          () -> {
            if (then < pass.minibatches()) {
              pass.prepare(pass.next(then, Long.MAX_VALUE), NOTHING);
            }
          };
      Steps.Account account = pass.run(now, NOTHING, meanwhile);
      if (account.halt() == Steps.Halt.LABEL_OUT_OF_RANGE) {
        throw new TrainingException(
            "scoring %d rows: a label is not below the number of classes".formatted(pass.rows()),
            false);
      }
      // Where a loss is not finite, the device has halted: the next piece begins after it.
      for (int i = 0; i < account.losses().length; i++) {
        loss += account.losses()[i];
        correct += account.correct()[i];
      }
      done += account.losses().length;
      if (done < pass.minibatches() && stop.getAsBoolean()) {
        return null;
      }
    }
    return new Score(loss / pass.rows(), (double) correct / pass.rows());
  }

  @Override
  public void close() {
    pass.close();
  }
}
