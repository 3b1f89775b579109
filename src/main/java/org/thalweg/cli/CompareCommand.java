package org.thalweg.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.compare.RateSearch;
import org.thalweg.compare.Surface;
import org.thalweg.compare.Surfaces;
import org.thalweg.compare.Training;
import org.thalweg.data.Datasets;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Nearest;
import org.thalweg.numeric.Require;
import org.thalweg.train.Settings;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code thalweg compare}. */
@Command(
    name = "compare",
    header = "Compares optimizers, on data or on a surface (a test function of two variables).",
    description = {
      "On DATA each one trains from the same weights on the same minibatches; writes curves.png"
          + " (loss and accuracy over the epochs) and curves.csv. On a SURFACE each one starts from"
          + " the same point; writes all.png (the trajectories over the function's contours), a"
          + " picture of each trajectory alone, and trajectories.csv.",
      "Exit code: 0 done, 1 failed, 2 wrong usage."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExample%n",
    footer = "  thalweg compare rosenbrock --optimizers sgd,momentum,adam:lr=0.1",
    sortOptions = false,
    abbreviateSynopsis = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n")
final class CompareCommand implements Callable<Integer> {
  private static final String OPTIMIZERS = "--optimizers";
  private static final String RATES = "--rates";
  private static final int MOST_STEPS = 100_000;

  /** Options that data and surfaces have in common. */
  private static final Set<String> COMMON =
      Set.of(OPTIMIZERS, RATES, "--lr", "--seed", "--device", "--out", "--json");

  private static final Set<String> OF_SURFACES = Set.of("--condition", "--steps", "--start");

  /** The names that the help lists. */
  static final class SurfaceNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Surfaces.names().iterator();
    }
  }

  @Parameters(
      paramLabel = "DATA|SURFACE",
      arity = "0..1",
      completionCandidates = SurfaceNames.class,
      description = {
        "DATA: the name of a data set, or a path that ends in .csv, .npy, .npz, .safetensors or"
            + " .svm, as thalweg train takes it.",
        "SURFACE: ${COMPLETION-CANDIDATES}. Of the options under Training it takes --lr, and --seed"
            + " for the noise; none of those under Data or Model."
      })
  private @Nullable String name;

  @Option(
      names = OPTIMIZERS,
      paramLabel = "LIST",
      description =
          "As in sgd,adam:beta1=0.8,eps=1e-6,lion:lr=1e-4; the word all means every optimizer."
              + " Where lr is not given, the best of --rates is taken. Default:"
              + " sgd,momentum,nesterov,adagrad,rmsprop,adam.")
  private String optimizers = "sgd,momentum,nesterov,adagrad,rmsprop,adam";

  @Option(
      names = RATES,
      paramLabel = "LIST",
      description =
          "Learning rates to try, as in 0.01,0.1,1. With each optimizer, on DATA the one is taken"
              + " with which four fifths of the training rows lead to the smallest loss on the"
              + " others (the table is of trainings on all of them), on a SURFACE the one that"
              + " arrives at the minimum first, or else ends lowest. Default: five rates a factor"
              + " of about 3 apart, and up to four more while the best is the smallest or largest;"
              + " on DATA about 0.03, or 0.01 for rules that normalise the gradient. With --lr"
              + " there is no choice.")
  private @Nullable String rates;

  @ArgGroup(validate = false, heading = "%nSurface%n")
  private SurfaceOptions surface = new SurfaceOptions();

  @ArgGroup(validate = false, heading = "%nData%n")
  private DataOptions source = new DataOptions();

  @ArgGroup(validate = false, heading = "%nWeights of rows%n")
  private WeightOptions weights = new WeightOptions();

  @ArgGroup(validate = false)
  private SettingsOptions options = new SettingsOptions();

  @ArgGroup(validate = false, heading = "%nDevice%n")
  private DeviceOptions device = new DeviceOptions();

  @ArgGroup(validate = false, heading = "%nOutput%n")
  private Output output = new Output();

  /** Options for surfaces. */
  static final class SurfaceOptions {
    @Option(
        names = "--condition",
        paramLabel = "X",
        description = "Of bowl: the condition number. Default: 100.")
    private @Nullable Double condition;

    @Option(names = "--steps", paramLabel = "N", description = "How many. Default: 200.")
    private int steps = 200;

    @Option(
        names = "--start",
        paramLabel = "X,Y",
        description =
            "The starting point. Default: one from which the difficulty of the surface shows.")
    private @Nullable String start;
  }

  /** Options for the output. */
  static final class Output {
    @Option(
        names = "--out",
        paramLabel = "DIR",
        description =
            "A new folder. Default: the first of runs/compare-NAME-1, -2, ... that is free.")
    private @Nullable Path out;

    @Option(
        names = "--json",
        description =
            "Prints one JSON object for each optimizer and one at the end, and nothing else.")
    private boolean json;
  }

  @Spec private CommandSpec spec;

  /** The work after the options have been parsed. */
  private interface Comparison {
    void run(DeviceChoice.Opened opened, RunFolder folder) throws IOException;
  }

  @Override
  public Integer call() throws IOException {
    String what = name;
    List<String> surfaces = Surfaces.names();
    if (what == null
        || !(surfaces.contains(what) || Datasets.names().contains(what) || Datasets.isPath(what))) {
      throw Usage.wrong(
          spec,
          "DATA or SURFACE %s %s, a path that ends in .csv, .npy, .npz, .safetensors or .svm,"
              + " or a surface: %s",
          what == null ? "is missing:" : what + ": " + near(what, surfaces) + "must be",
          String.join(", ", Datasets.names()),
          String.join(", ", surfaces));
    }
    boolean onSurface = surfaces.contains(what);
    refuseOthers(what, onSurface);
    Comparison comparison = onSurface ? surface(what) : data(what);
    try (DeviceChoice.Opened opened = device.open()) {
      RunFolder folder = RunFolder.create(output.out, "compare-" + TrainCommand.stem(what));
      folder.fillOrLeaveNothing(() -> comparison.run(opened, folder));
    } catch (FileAlreadyExistsException e) {
      throw Usage.wrong(spec, "--out %s exists already; name a new folder", e.getFile());
    }
    return 0;
  }

  private static String near(String what, List<String> surfaces) {
    List<String> all = Stream.concat(surfaces.stream(), Datasets.names().stream()).toList();
    return Nearest.to(what, all).map("did you mean %s? It "::formatted).orElse("");
  }

  private void refuseOthers(String what, boolean onSurface) {
    for (OptionSpec option : spec.options()) {
      String said = option.longestName();
      if (spec.commandLine().getParseResult().hasMatchedOption(option)
          && !COMMON.contains(said)
          && OF_SURFACES.contains(said) != onSurface) {
        String value = option.arity().max() == 0 ? "" : " " + option.originalStringValues().get(0);
        throw Usage.wrong(
            spec,
            "%s%s: goes with %s, not with %s",
            said,
            value,
            onSurface ? "DATA" : "a SURFACE",
            what);
      }
    }
  }

  private Comparison surface(String what) {
    Double condition = surface.condition;
    if (condition != null && !what.equals("bowl")) {
      throw Usage.wrong(spec, "--condition %s: only bowl takes it, not %s", condition, what);
    }
    double ratio = condition == null ? Surfaces.CONDITION : condition;
    Surface on =
        Usage.checked(spec, Require.text("--condition %s", ratio), () -> Surfaces.all(ratio))
            .stream()
            .filter(one -> one.name().equals(what))
            .findFirst()
            .orElseThrow();
    if (surface.steps < 1 || surface.steps > MOST_STEPS) {
      throw Usage.wrong(spec, "--steps %d: must be 1 to %d", surface.steps, MOST_STEPS);
    }
    Surface.Point start = start(on);
    Map<String, RateSearch> rules = rules(on.rates(), ElementType.F64);
    var comparison = new SurfaceComparison(spec.commandLine(), output.json, on, rules);
    return (opened, folder) ->
        comparison.run(opened, folder, start, surface.steps, options.training.seed);
  }

  private Surface.Point start(Surface on) {
    String text = surface.start;
    if (text == null) {
      return on.start();
    }
    try {
      String[] numbers = text.split(",", 2);
      Surface.Point start = new Surface.Point(Decimal.parse(numbers[0]), Decimal.parse(numbers[1]));
      if (Double.isFinite(start.x()) && Double.isFinite(start.y())) {
        if (!Double.isFinite(on.value(start.numbers()))) {
          throw Usage.wrong(spec, "--start %s: %s is not finite there", text, on.name());
        }
        return start;
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      // Reported below.
    }
    throw Usage.wrong(spec, "--start %s: must be two finite numbers, as in 1.5,-2", text);
  }

  private Comparison data(String what) {
    ElementType type = Settings.DEFAULT.type();
    Map<String, RateSearch> rules = rules(Training.RATES, type);
    Settings settings = options.settings(spec, rules.values().iterator().next().rule(), type);
    rules.forEach(
        (text, search) ->
            search
                .rates()
                .forEach(
                    rate ->
                        Usage.checked(
                            spec,
                            OPTIMIZERS + " " + text,
                            () -> settings.withOptimizer(search.rule().withLr(rate)))));
    NormalisationOptions.check(spec, what, settings.normalisation());
    Datasets.Loaded loaded = source.load(what, Path.of(""), spec, type, output.json, weights);
    var comparison = new DataComparison(spec.commandLine(), output.json, settings, rules);
    return (opened, folder) -> comparison.run(opened, folder, what, loaded);
  }

  private Map<String, RateSearch> rules(Surface.Rates middle, ElementType type) {
    Double lr = options.training.lr;
    List<Double> tried = rates == null ? List.of() : numbers(rates);
    if (lr != null && rates != null) {
      throw Usage.wrong(spec, "--lr %s: %s %s gives rates too", Decimal.text(lr), RATES, rates);
    }
    return OptimizerOptions.list(
        spec,
        OPTIMIZERS,
        optimizers,
        rule -> {
          if (lr != null) {
            return RateSearch.none(OptimizerOptions.rated(spec, "--lr", rule, lr, type));
          }
          if (tried.isEmpty()) {
            return RateSearch.about(middle.of(rule));
          }
          tried.forEach(rate -> OptimizerOptions.rated(spec, RATES, rule, rate, type));
          return new RateSearch(rule, tried, false);
        },
        type);
  }

  private List<Double> numbers(String list) {
    try {
      return Stream.of(list.split(",", -1)).map(Decimal::parse).toList();
    } catch (NumberFormatException e) {
      throw Usage.wrong(spec, "%s %s: must be numbers, as in 0.01,0.1,1", RATES, list);
    }
  }
}
