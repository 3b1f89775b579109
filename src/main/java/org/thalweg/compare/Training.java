package org.thalweg.compare;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
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
  /** Learning rates to begin a search at. */
  public static final Surface.Rates RATES = new Surface.Rates(0.03, 0.01);

  /** The share of the training rows on which learning rates are compared. */
  private static final double HELD_OUT = 0.2;

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

  /**
   * Trains with the best of some learning rates: the one with which a training on four fifths of
   * the training rows ends at the smallest loss on the others.
   *
   * @param listener called before each training: its listener
   */
  public static RateSearch.Found<Training> best(
      Device device,
      Dataset.Split rows,
      Settings settings,
      RateSearch rates,
      Supplier<Trainer.Listener> listener) {
    if (rates.rates().size() == 1 || rows.train().rows() < 2) {
      double lr = rates.rates().get(0);
      Settings alone = settings.withOptimizer(rates.rule().withLr(lr));
      Training only = of(device, rows, alone, listener.get());
      return new RateSearch.Found<>(only, lr, new TreeMap<>(Map.of(lr, only)));
    }
    Dataset.Split held = rows.train().split(HELD_OUT, settings.seed());
    RateSearch.Found<Training> found =
        rates.best(
            rule -> of(device, held, settings.withOptimizer(rule), listener.get()),
            rule -> allows(settings, rule),
            Comparator.comparingDouble(Training::testLoss));
    Settings best = settings.withOptimizer(found.best().rule());
    Training training = of(device, rows, best, listener.get());
    return new RateSearch.Found<>(training, found.rate(), found.tried());
  }

  private static boolean allows(Settings settings, Optimizer rule) {
    try {
      return settings.withOptimizer(rule).optimizer() == rule;
    } catch (IllegalArgumentException outOfRange) {
      return false;
    }
  }

  private double testLoss() {
    return test == null || Double.isNaN(test.loss()) ? Double.POSITIVE_INFINITY : test.loss();
  }

  private double[] series(ToDoubleFunction<Trainer.Epoch> measure) {
    return epochs.stream().mapToDouble(measure).toArray();
  }
}
