package org.thalweg.lecture;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.thalweg.compare.RateSearch;
import org.thalweg.compare.Surface;
import org.thalweg.compare.Surfaces;
import org.thalweg.compare.Training;
import org.thalweg.compare.Trajectory;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.train.Settings;

/** The optimizers of the lecture, compared in pictures. */
final class SideBySide {
  private static final int STEPS = 200;

  private SideBySide() {}

  private static List<Optimizer> rules() {
    return Stream.of("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
        .map(Optimizers::named)
        .toList();
  }

  static List<Figure> surfaces(Laboratory laboratory) {
    List<Figure> figures = new ArrayList<>();
    for (Surface surface : Surfaces.all(Surfaces.CONDITION)) {
      Map<String, Trajectory> trajectories = new LinkedHashMap<>();
      for (Optimizer rule : rules()) {
        RateSearch rates = RateSearch.about(surface.rates().of(rule));
        trajectories.put(
            rule.name(),
            surface.best(laboratory.device, rates, surface.start(), STEPS, Laboratory.SEED).best());
      }
      figures.add(
          new Figure(
              "surface-" + surface.name(),
              Laboratory.capital(surface.sentence()) + ".",
              surface.picture(trajectories)));
    }
    return figures;
  }

  static List<Figure> digits(Laboratory laboratory) {
    Map<String, Training> trainings = new LinkedHashMap<>();
    for (Optimizer rule : rules()) {
      Settings settings = Settings.DEFAULT.withSeed(Laboratory.SEED);
      trainings.put(
          rule.name(),
          Training.best(
                  laboratory.device,
                  laboratory.digits.split(),
                  settings,
                  RateSearch.about(Training.RATES.of(rule)),
                  () -> epoch -> {})
              .best());
    }
    return List.of(
        new Figure(
            "digits",
            "Loss and accuracy on the minibatches as they came, each at its best learning rate.",
            Training.curves(trainings)));
  }
}
