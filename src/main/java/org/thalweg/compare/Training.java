package org.thalweg.compare;

import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Device;
import org.thalweg.plot.LearningCurve;
import org.thalweg.train.Score;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;
import org.thalweg.train.TrainingException;

/**
 * How an optimizer trained a classifier. Those by settings that differ in the optimizer alone began
 * at the same weights and saw the same minibatches.
 *
 * @param epochs those it came to the end of
 * @param train the score of the rows trained on, at the end; null if it did not come there
 * @param test likewise, of the test rows
 * @param seconds that it took, with the scores
 * @param failure why it did not come to the end: the loss was finite no more; null if it did
 */
public record Training(
    List<Trainer.Epoch> epochs,
    @Nullable Score train,
    @Nullable Score test,
    double seconds,
    @Nullable String failure) {
  /** Trains. */
  public static Training of(
      Device device, Dataset.Split rows, Settings settings, Trainer.Listener listener) {
    long start = System.nanoTime();
    try (Trainer trainer = new Trainer(device, rows.train(), settings)) {
      Score train = null;
      Score test = null;
      String failure = null;
      try {
        trainer.train(listener);
        train = trainer.score(rows.train());
        test = trainer.score(rows.test());
      } catch (TrainingException e) {
        failure = e.getMessage();
      }
      double seconds = (System.nanoTime() - start) * 1e-9;
      return new Training(List.copyOf(trainer.history()), train, test, seconds, failure);
    }
  }

  /**
   * Loss and accuracy on the minibatches as they came, over the epochs, of several by their names.
   */
  public static LearningCurve curves(Map<String, Training> trainings) {
    return new LearningCurve(
        trainings.entrySet().stream()
            .map(
                one ->
                    new LearningCurve.Curve(
                        one.getKey(),
                        one.getValue().series(Trainer.Epoch::loss),
                        one.getValue().series(Trainer.Epoch::accuracy)))
            .toList());
  }

  private double[] series(ToDoubleFunction<Trainer.Epoch> measure) {
    return epochs.stream().mapToDouble(measure).toArray();
  }
}
