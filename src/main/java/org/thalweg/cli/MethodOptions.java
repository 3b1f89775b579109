package org.thalweg.cli;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.loss.Losses;
import org.thalweg.minimize.GradientDescent;
import org.thalweg.minimize.Minimizer;
import org.thalweg.minimize.Minimizers;
import org.thalweg.minimize.RandomSearch;
import org.thalweg.minimize.Stopping;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Nearest;
import org.thalweg.numeric.Registry;
import org.thalweg.numeric.Require;
import org.thalweg.train.Settings;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/**
 * Options for the training method: an optimizer on minibatches, or a minimiser on the full batch.
 */
final class MethodOptions {
  static final String OPTIMIZER = "--optimizer";
  private static final String MINIBATCH = "minibatch";

  /** Options for minibatch training only. */
  private static final Set<String> OF_MINIBATCH =
      Set.of(
          OPTIMIZER,
          "--batch",
          "--epochs",
          "--schedule",
          "--warmup",
          "--proximal",
          "--weight-decay",
          "--clip-norm",
          "--validation",
          "--patience",
          "--checkpoint-every");

  /** Options for full-batch methods only. */
  private static final Set<String> OF_FULL_BATCH = Set.of("--iterations", "--tolerance");

  /** What the help lists: the registry with default hyperparameters. */
  static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Minimizers.all().stream().map(Minimizers::text).iterator();
    }
  }

  @Option(
      names = "--method",
      paramLabel = "SPEC",
      completionCandidates = Names.class,
      description =
          "minibatch, which takes --optimizer; or with all rows at once and these defaults"
              + " ${COMPLETION-CANDIDATES}. Default: minibatch.")
  private String method = MINIBATCH;

  @Option(
      names = OPTIMIZER,
      paramLabel = "SPEC",
      completionCandidates = OptimizerOptions.Names.class,
      description =
          "${COMPLETION-CANDIDATES}; with hyperparameters as in adam:beta1=0.8,eps=1e-6. The word"
              + " help lists them with their formulas. Default: adam.")
  String optimizer = "adam";

  @Option(
      names = "--iterations",
      paramLabel = "N",
      description =
          "The most iterations of a full-batch method, or draws of random-search. Default: 1000.")
  private @Nullable Integer iterations;

  @Option(
      names = "--tolerance",
      paramLabel = "X",
      description =
          "A full-batch method stops where no entry of the gradient is larger. Default: 1e-8; in"
              + " f32, 1e-5.")
  private @Nullable Double tolerance;

  @Option(
      names = "--type",
      paramLabel = "NAME",
      description = "The element type: f32 or f64. Default: f32 for minibatches, else f64.")
  private @Nullable String type;

  boolean fullBatch() {
    return !method.equals(MINIBATCH);
  }

  /**
   * The element type of the training.
   *
   * @throws picocli.CommandLine.ParameterException if there is no such type
   */
  ElementType type(CommandSpec spec) {
    String name = type;
    if (name == null) {
      return fullBatch() ? ElementType.F64 : ElementType.F32;
    }
    return Stream.of(ElementType.F32, ElementType.F64)
        .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(name))
        .findFirst()
        .orElseThrow(() -> Usage.wrong(spec, "--type %s: must be f32 or f64", name));
  }

  /**
   * Rejects an unknown method, and options that belong to the other kind of method.
   *
   * @param given their names, with values
   */
  void check(CommandSpec spec, Map<String, String> given) {
    String names = String.join(", ", Minimizers.names());
    String name = method.split(":", 2)[0];
    if (fullBatch() && !Minimizers.names().contains(name)) {
      List<String> all = Stream.concat(Stream.of(MINIBATCH), Minimizers.names().stream()).toList();
      throw Usage.wrong(spec, "--method %s: %s", method, Nearest.advice(name, all));
    }
    Set<String> others = fullBatch() ? OF_MINIBATCH : OF_FULL_BATCH;
    String takers = fullBatch() ? MINIBATCH : names;
    given.forEach(
        (option, value) -> {
          if (others.contains(option)) {
            throw refused(spec, option, value, takers);
          }
        });
  }

  private RuntimeException refused(CommandSpec spec, String option, String value, String takers) {
    return Usage.wrong(
        spec,
        "%s: --method %s does not take it, only %s",
        (option + " " + value).trim(), // the value of a flag is empty
        method,
        takers);
  }

  /**
   * The minimiser of a {@link #fullBatch} method that has been checked.
   *
   * @param lr of --lr; null where that was not given
   */
  Minimizer minimizer(CommandSpec spec, @Nullable Double lr, long seed) {
    Minimizer rule =
        Usage.checked(
            spec,
            "--method " + method,
            () -> {
              Minimizer parsed = Minimizers.parse(method);
              Registry.check(parsed, type(spec));
              if (parsed instanceof RandomSearch search) {
                search.check(type(spec));
              }
              return parsed;
            });
    if (lr != null) {
      if (!(rule instanceof GradientDescent)) {
        throw refused(spec, "--lr", Decimal.text(lr), "minibatch, gradient-descent");
      }
      OptimizerOptions.saidOnce(spec, "--method", method, lr);
      return Usage.checked(
          spec, "--lr " + Decimal.text(lr), () -> new GradientDescent(inType(spec, "lr", lr)));
    }
    return rule instanceof RandomSearch search ? new RandomSearch(seed, search.deviation()) : rule;
  }

  /** A number that is neither 0 nor infinite in the type that is computed in, unless it is 0. */
  private double inType(CommandSpec spec, String name, double number) {
    Require.in(type(spec), name, number);
    return number;
  }

  /** Rejects a minimiser that needs more derivatives than the objective has. */
  void checkSmooth(CommandSpec spec, Minimizer minimizer, Settings settings) {
    if (minimizer.secondOrder() && !settings.loss().twiceDifferentiable()) {
      throw Usage.wrong(
          spec,
          "--model %s: it has no second derivative everywhere, and --method %s needs that; --method"
              + " lbfgs does without",
          Losses.text(settings.loss()),
          method);
    }
    if (minimizer.smooth() && settings.l1() != 0) {
      throw Usage.wrong(
          spec,
          "--l1 %s: its kink at 0 would stop --method %s short of the minimum; --method fista"
              + " reaches it, with weights that are exactly 0",
          Decimal.text(settings.l1()),
          method);
    }
  }

  /** When a {@link #fullBatch} method stops. */
  Stopping stopping(CommandSpec spec) {
    Stopping usual = Stopping.of(type(spec));
    double gradient = tolerance == null ? usual.gradient() : tolerance;
    int most = iterations == null ? usual.iterations() : iterations;
    if (!(gradient >= 0)) {
      throw Usage.wrong(spec, "--tolerance %s: must be at least 0", Decimal.text(gradient));
    }
    if (most < 0) {
      throw Usage.wrong(spec, "--iterations %d: must be at least 0", most);
    }
    return Usage.checked(
        spec,
        "--tolerance " + Decimal.text(gradient),
        () -> new Stopping(inType(spec, "tolerance", gradient), 0, most));
  }
}
