package org.thalweg.lecture;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.thalweg.check.GradCheck;
import org.thalweg.check.GradGradCheck;
import org.thalweg.check.NumericGradient;
import org.thalweg.check.Report;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.minimize.GradientDescent;
import org.thalweg.minimize.LBfgs;
import org.thalweg.minimize.Objective;
import org.thalweg.minimize.RandomSearch;
import org.thalweg.minimize.Result;
import org.thalweg.minimize.Stopping;
import org.thalweg.numeric.ElementType;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Series;
import org.thalweg.plot.Templates;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/** The problem, and the first ideas about it: softmax regression on the digits. */
final class Baselines {
  private static final int DRAWS = 1000;
  private static final int SEARCHES = 3;
  private static final int EPOCHS = 5;

  private Baselines() {}

  static Evidence randomSearch(Laboratory laboratory) {
    List<Double> best = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    double[] drawn = new double[SEARCHES];
    for (int seed = 1; seed <= SEARCHES; seed++) {
      best.clear();
      try (ClassifierObjective f = laboratory.softmax(laboratory.train, 0);
          ClassifierObjective unseen = laboratory.softmax(laboratory.test, 0);
          Array start = laboratory.weights();
          Result result =
              new RandomSearch(seed, 0.01)
                  .minimize(
                      f,
                      start,
                      new Stopping(0, 0, DRAWS),
                      (draw, value, gradient, step) -> best.add(value))) {
        drawn[seed - 1] = unseen.accuracy(result.point());
        if (seed == SEARCHES) {
          figures.add(
              templates(laboratory, "random-templates", "The best weights drawn.", result.point()));
        }
      }
    }
    double most = Arrays.stream(drawn).max().orElseThrow();
    Settings settings = Settings.DEFAULT.withEpochs(EPOCHS).withSeed(Laboratory.SEED);
    double trained;
    double[] losses;
    try (Trainer trainer = new Trainer(laboratory.device, laboratory.train, settings)) {
      trainer.train(epoch -> {});
      trained = trainer.score(laboratory.test).accuracy();
      losses = trainer.history().stream().mapToDouble(Trainer.Epoch::loss).toArray();
      figures.add(
          templates(
              laboratory,
              "trained-templates",
              "The weights after %d epochs of training.".formatted(EPOCHS),
              trainer.model().weights()));
    }
    double[] draws = IntStream.rangeClosed(1, DRAWS).asDoubleStream().toArray();
    double[] epochs = IntStream.rangeClosed(1, EPOCHS).asDoubleStream().toArray();
    double[] values = best.stream().skip(1).mapToDouble(value -> value).toArray();
    figures.add(
        0,
        new Figure(
            "random-search",
            "Loss over passes through the training rows; a draw takes one pass, and so does an"
                + " epoch.",
            Laboratory.chart(
                new Axis("passes", true),
                "loss",
                false,
                new Series("random search", draws, values),
                new Series("training", epochs, losses))));
    return new Evidence(
        trained - most >= 0.3,
        ("Test accuracy: %.1f %% at most by the best of %,d draws (%s), %.1f %% after %d epochs of"
                + " training; chance is %.0f %%. (The lecture's 15.5 %% is CIFAR-10's.)")
            .formatted(
                100 * most,
                DRAWS,
                IntStream.range(0, SEARCHES)
                    .mapToObj(i -> "seed %d: %.1f %%".formatted(i + 1, 100 * drawn[i]))
                    .collect(Collectors.joining(", ")),
                100 * trained,
                EPOCHS,
                100.0 / laboratory.test.classes()),
        figures);
  }

  private static Figure templates(Laboratory laboratory, String name, String caption, Array point) {
    return templates(laboratory, name, caption, laboratory.device.download(point));
  }

  /** A picture of the weights in a vector of weights and bias. */
  private static Figure templates(Laboratory laboratory, String name, String caption, double[] w) {
    double[] weights = Arrays.copyOf(w, laboratory.train.features() * laboratory.train.classes());
    return new Figure(
        name,
        caption,
        new Templates(weights, laboratory.digits.classes(), laboratory.digits.shape()));
  }

  static Evidence numericGradient(Laboratory laboratory) {
    double[] eps = IntStream.rangeClosed(1, 12).mapToDouble(i -> Math.pow(10, -i)).toArray();
    double[] error = new double[eps.length];
    Report first;
    Report second;
    Report mistaken;
    int size;
    Dataset rows = laboratory.rows(IntStream.range(0, 50).toArray());
    try (ClassifierObjective f = laboratory.softmax(rows, 0.1);
        Array start = laboratory.weights();
        Array g = laboratory.device.allocate(ElementType.F64, f.size())) {
      double[] w = laboratory.device.download(start);
      size = w.length;
      f.gradient(start, g);
      double[] analytic = laboratory.device.download(g);
      for (int i = 0; i < eps.length; i++) {
        double[] numeric = NumericGradient.of(f, w, eps[i]);
        error[i] =
            IntStream.range(0, size)
                .mapToDouble(k -> Math.abs(numeric[k] - analytic[k]))
                .max()
                .orElse(0);
      }
      first = GradCheck.check(f, w);
      second = GradGradCheck.check(f, w);
      try (ClassifierObjective forgetful = laboratory.softmax(rows, 0)) {
        mistaken = GradCheck.check(new WithGradientOf(f, forgetful), w);
      }
    }
    int best = IntStream.range(0, eps.length).reduce(0, (a, b) -> error[b] < error[a] ? b : a);
    return new Evidence(
        first.passed() && second.passed() && !mistaken.passed(),
        ("Softmax regression with lambda = 0.1 on 50 rows has %,d parameters: the numeric gradient"
             + " takes %,d evaluations of the loss, the analytic one passes through the rows once."
             + " They differ by at most %.1e at eps = %.0e, which is the best of these. gradcheck"
             + " %s, gradgradcheck %s; with the regulariser forgotten in the gradient, gradcheck"
             + " %s.")
            .formatted(
                size,
                2 * size,
                error[best],
                eps[best],
                first.passed() ? "passes" : "fails",
                second.passed() ? "passes" : "fails",
                mistaken.passed() ? "passes" : "fails"),
        List.of(
            new Figure(
                "numeric-gradient",
                "Largest error of central differences: to the right the formula's, to the left"
                    + " rounding.",
                Laboratory.chart(
                    new Axis("eps", true),
                    "error",
                    true,
                    new Series("central differences", eps, error)))));
  }

  /** A function with the gradient of another one, as a mistake would make it. */
  private record WithGradientOf(Objective f, Objective other) implements Objective {
    @Override
    public Device device() {
      return f.device();
    }

    @Override
    public ElementType type() {
      return f.type();
    }

    @Override
    public long size() {
      return f.size();
    }

    @Override
    public double value(Array w) {
      return f.value(w);
    }

    @Override
    public double gradient(Array w, Array gradient) {
      other.gradient(w, gradient);
      return f.value(w);
    }
  }

  static Evidence flatBottom(Laboratory laboratory) {
    int steps = 1000;
    double[] rates = {0.1, 1, 0.01};
    double[] early = new double[rates.length];
    Series[] series = new Series[rates.length];
    for (int i = 0; i < rates.length; i++) {
      List<Double> losses = new ArrayList<>();
      try (ClassifierObjective f = laboratory.softmax(laboratory.train, 0);
          Array start = laboratory.weights()) {
        new GradientDescent(rates[i])
            .minimize(
                f,
                start,
                new Stopping(0, 0, steps),
                (step, value, gradient, length) -> losses.add(value))
            .close();
      }
      double fall = losses.get(0) - losses.get(steps);
      early[i] = 100 * (losses.get(0) - losses.get(steps / 10)) / fall;
      series[i] =
          Laboratory.series(
              "learning rate " + rates[i], losses.stream().mapToDouble(loss -> loss).toArray());
    }
    return new Evidence(
        early[0] >= 50,
        ("Of the fall of the loss in %,d steps, %.0f %% come in the first tenth at a learning rate"
             + " of 0.1, %.0f %% at 1; at 0.01, where so many steps do not reach the flat bottom,"
             + " %.0f %%.")
            .formatted(steps, early[0], early[1], early[2]),
        List.of(
            new Figure(
                "flat-bottom",
                "Loss over the steps of gradient descent, full batch.",
                Laboratory.chart(new Axis("step", false), "loss", false, series))));
  }

  static Evidence regularisation(Laboratory laboratory) {
    double[] lambdas = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1};
    double[] training = new double[lambdas.length];
    double[] test = new double[lambdas.length];
    double[] gap = new double[lambdas.length];
    for (int i = 0; i < lambdas.length; i++) {
      try (ClassifierObjective f = laboratory.softmax(laboratory.train, lambdas[i]);
          ClassifierObjective unseen = laboratory.softmax(laboratory.test, 0);
          Array start = laboratory.weights();
          Result result =
              new LBfgs()
                  .minimize(
                      f,
                      start,
                      new Stopping(1e-7, 0, 500),
                      (iteration, value, gradient, step) -> {})) {
        training[i] = f.accuracy(result.point());
        test[i] = unseen.accuracy(result.point());
        gap[i] = training[i] - test[i];
      }
    }
    int best = IntStream.range(0, test.length).reduce(0, (a, b) -> test[b] > test[a] ? b : a);
    return new Evidence(
        gap[3] < gap[1],
        ("Accuracy at the optimum, training and test: %.4f and %.4f at lambda = 1e-5,"
                + " a gap of %.1f points; %.4f and %.4f at 1e-3, %.1f points; %.4f and %.4f at"
                + " 0.1, %.1f points. Of these the best on test rows is lambda = %.0e, with"
                + " %.4f: more narrows the gap by what the training rows lose.")
            .formatted(
                training[1],
                test[1],
                100 * gap[1],
                training[3],
                test[3],
                100 * gap[3],
                training[5],
                test[5],
                100 * gap[5],
                lambdas[best],
                test[best]),
        List.of(
            new Figure(
                "regularisation",
                "Accuracy of the weights that minimise mean cross-entropy + lambda * sum of squares"
                    + " (L-BFGS).",
                Laboratory.chart(
                    new Axis("lambda", true),
                    "accuracy",
                    false,
                    new Series("training", lambdas, training),
                    new Series("test", lambdas, test)))));
  }
}
