package org.thalweg.cli;

import java.io.PrintWriter;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Nearest;
import org.thalweg.numeric.Registry;
import org.thalweg.numeric.Require;
import org.thalweg.optim.Optimizer;
import org.thalweg.train.Initialisation;
import org.thalweg.train.Schedule;
import org.thalweg.train.Settings;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Options for training, except the optimizer. */
final class SettingsOptions {
  /** The names that the help lists: the registry. */
  static final class LossNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Losses.names().iterator();
    }
  }

  /** Initialisations in lower case, as all names on the command line. */
  static final class InitialisationNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return List.of(Initialisation.values()).stream().map(SettingsOptions::text).iterator();
    }
  }

  @ArgGroup(validate = false, heading = "%nModel%n")
  Model model = new Model();

  @ArgGroup(validate = false, heading = "%nTraining%n")
  Training training = new Training();

  /** Options for the model. */
  static final class Model {
    @Option(
        names = "--model",
        paramLabel = "LOSS",
        completionCandidates = LossNames.class,
        description =
            "The loss of the linear classifier: ${COMPLETION-CANDIDATES}; hyperparameters as in"
                + " softmax:smoothing=0.1. train --model help lists them with their formulas."
                + " Default: softmax.")
    String loss = "softmax";

    @Option(
        names = "--init",
        paramLabel = "NAME",
        completionCandidates = InitialisationNames.class,
        description =
            "The initial weights: ${COMPLETION-CANDIDATES}; xavier has the standard deviation"
                + " sqrt(2 / (features + classes)). The bias begins at 0. Default: normal.")
    private String init = "normal";

    @Option(
        names = "--init-scale",
        paramLabel = "X",
        description = "Factor of the initial weights. Default: 0.01; with xavier, 1.")
    private @Nullable Double initScale;

    @ArgGroup(validate = false)
    private NormalisationOptions normalisation = new NormalisationOptions();
  }

  /** Options for the training. */
  static final class Training {
    @Option(
        names = "--lr",
        paramLabel = "X",
        description = "Learning rate. Default: 0.01, or the method's own.")
    @Nullable Double lr;

    @Option(
        names = "--batch",
        paramLabel = "N",
        description = "Rows of a minibatch, or the word full for all. Default: 32.")
    private String batch = "32";

    @Option(
        names = "--epochs",
        paramLabel = "N",
        description = "Passes through the training rows. Default: 30.")
    private int epochs = 30;

    @Option(
        names = "--schedule",
        paramLabel = "SPEC",
        description =
            "Learning rate schedule: constant, step:every=10,factor=0.1 (epochs), cosine, linear,"
                + " inverse:decay=0.001. Default: constant.")
    private String schedule = "constant";

    @Option(
        names = "--warmup",
        paramLabel = "N",
        description = "Steps in which the learning rate rises from 0. Default: 0.")
    private int warmup;

    @Option(
        names = "--l1",
        paramLabel = "X",
        description =
            "Adds X times the sum of the weights' absolute values to the loss. Default: 0.")
    private double l1;

    @Option(
        names = "--proximal",
        description =
            "Lets --l1 X move each weight towards 0 by lr*X after each update, and no further,"
                + " which makes exact zeros, instead of adding its gradient to the data's. The"
                + " objective's optimum is where sgd ends, or momentum with dampening=mu; other"
                + " rules scale their steps and not this one.")
    private boolean proximal;

    @Option(
        names = "--l2",
        paramLabel = "X",
        description = "Adds X times the sum of the squared weights to the loss. Default: 0.")
    private double l2;

    @Option(
        names = "--weight-decay",
        paramLabel = "X",
        description =
            "Decoupled from the gradient: each update multiplies the weights by 1 - lr*X first."
                + " Default: 0.")
    private double weightDecay;

    @Option(
        names = "--clip-norm",
        paramLabel = "X",
        description =
            "Scales the gradient of the minibatch's loss down to X where its norm over weights and"
                + " bias is larger; those of --l1 and --l2 are added after. Default: none.")
    private double clipNorm = Double.POSITIVE_INFINITY;

    @Option(
        names = "--seed",
        paramLabel = "N",
        description =
            "Seed of the initial weights, the validation rows, the order of the rows and random"
                + " draws. Default: 1.")
    long seed = 1;
  }

  /** What {@code --model help} prints. */
  static void printLosses(PrintWriter out) {
    out.println("x_j are a row's scores, x_y that of its label.");
    for (Loss loss : Losses.all()) {
      out.printf(
          "%n%s%n    %s%n",
          Registry.text(loss.name(), Registry.hyperparameters(loss)), loss.formula());
    }
    out.flush();
  }

  /** All of them, with an optimizer; what is out of range is wrong usage. */
  Settings settings(CommandSpec spec, Optimizer rule, ElementType type) {
    if (training.proximal && training.l1 == 0) {
      throw Usage.wrong(spec, "--proximal: there is no --l1 that it could be a step of");
    }
    Initialisation init = initialisation(spec);
    double initScale =
        model.initScale != null ? model.initScale : init == Initialisation.XAVIER ? 1 : 0.01;
    Settings typed = Settings.DEFAULT.withType(type).withOptimizer(rule);
    Settings settings =
        Usage.checked(spec, "--model " + model.loss, () -> typed.withLoss(Losses.parse(model.loss)))
            .withInitialisation(init)
            .withNormalisation(model.normalisation.get(spec))
            .withProximal(training.proximal)
            .withSeed(training.seed);
    settings = with(spec, "--init-scale", settings, Settings::withInitScale, initScale);
    settings = with(spec, "--batch", settings, Settings::withBatch, batch(spec));
    settings = with(spec, "--epochs", settings, Settings::withEpochs, training.epochs);
    settings = with(spec, "--l1", settings, Settings::withL1, training.l1);
    settings = with(spec, "--l2", settings, Settings::withL2, training.l2);
    settings =
        with(spec, "--weight-decay", settings, Settings::withWeightDecay, training.weightDecay);
    settings = with(spec, "--clip-norm", settings, Settings::withClipNorm, training.clipNorm);
    settings =
        with(
            spec,
            "--schedule",
            settings,
            (old, text) -> old.withSchedule(Schedule.parse(text)),
            training.schedule);
    return with(
        spec,
        "--warmup",
        settings,
        (old, steps) -> old.withSchedule(old.schedule().withWarmup(steps)),
        training.warmup);
  }

  private static <T> Settings with(
      CommandSpec spec,
      String option,
      Settings settings,
      BiFunction<Settings, T, Settings> change,
      T value) {
    return Usage.checked(
        spec, Require.text("%s %s", option, value), () -> change.apply(settings, value));
  }

  private static String text(Initialisation init) {
    return init.name().toLowerCase(Locale.ROOT);
  }

  private Initialisation initialisation(CommandSpec spec) {
    for (Initialisation init : Initialisation.values()) {
      if (text(init).equals(model.init)) {
        return init;
      }
    }
    throw Usage.wrong(
        spec,
        "--init %s: %s",
        model.init,
        Nearest.advice(
            model.init, Stream.of(Initialisation.values()).map(SettingsOptions::text).toList()));
  }

  /** The minibatch size; 0 means all rows. */
  private int batch(CommandSpec spec) {
    if (training.batch.equals("full")) {
      return 0;
    }
    if (!training.batch.matches("0*[1-9][0-9]{0,8}")) {
      throw Usage.wrong(
          spec,
          "--batch %s: must be a whole number, at least 1 and below 1000000000, or full",
          training.batch);
    }
    return Integer.parseInt(training.batch);
  }
}
