package org.thalweg.compare;

import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Device;
import org.thalweg.optim.Optimizer;
import org.thalweg.plot.LearningCurve;
import org.thalweg.train.Score;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;
import org.thalweg.train.TrainingException;

/**
 * The record of one training in a comparison. Trainings whose settings differ in the optimizer
 * alone start from the same weights and see the same minibatches.
 *
 * @param rule the optimizer
 * @param epochs the completed epochs
 * @param train the final score on the training rows; null if training failed
 * @param test likewise on the test rows
 * @param seconds duration, scoring included
 * @param failure why training failed (the loss was no longer finite); null if it did not
 */
public record Training(
    Optimizer rule,
    List<Trainer.Epoch> epochs,
    @Nullable Score train,
    @Nullable Score test,
    double seconds,
    @Nullable String failure) {
  /** Trains, and scores training and test rows. */
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
      return new Training(
          settings.optimizer(), List.copyOf(trainer.history()), train, test, seconds, failure);
    }
  }

  /**
   * Learning curves of several trainings, by their names: loss and accuracy of the minibatches,
   * averaged over each epoch.
   */
  public static LearningCurve curves(Map<String, Training> trainings) {
    Map<String, Integer> looks = Looks.of(trainings, training -> training.rule().name());
    return new LearningCurve(
        trainings.entrySet().stream()
            .map(
                one ->
                    new LearningCurve.Curve(
                        one.getKey(),
                        one.getValue().series(Trainer.Epoch::loss),
                        one.getValue().series(Trainer.Epoch::accuracy),
                        looks.get(one.getKey())))
            .toList());
  }

  private double[] series(ToDoubleFunction<Trainer.Epoch> measure) {
    return epochs.stream().mapToDouble(measure).toArray();
  }
}
