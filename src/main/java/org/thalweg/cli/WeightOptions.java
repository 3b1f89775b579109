package org.thalweg.cli;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.CsvOptions;
import org.thalweg.data.Datasets;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.Nearest;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Options for how much each row counts in training. */
final class WeightOptions {
  private static final String BALANCED = "balanced";

  @Option(
      names = "--weights",
      paramLabel = "COLUMN",
      description =
          "The column of a CSV file that says how much each row counts in loss and gradient: a"
              + " number of at least 0.")
  private @Nullable String column;

  @Option(
      names = "--class-weights",
      paramLabel = "CLASS=WEIGHT,..|balanced",
      description =
          "How much the rows of a class count; those of others count 1. balanced: each class counts"
              + " alike, however many training rows it has.")
  private @Nullable String classes;

  /** These options with the column of weights. */
  CsvOptions in(CsvOptions csv) {
    return csv.withWeights(column);
  }

  /** The data with the weights of its classes. */
  Datasets.Loaded weigh(Datasets.Loaded loaded, CommandSpec spec) {
    String listed = classes;
    if (listed == null) {
      return loaded;
    }
    return Usage.checked(
        spec,
        "--class-weights " + listed,
        () ->
            loaded.weightedByClass(
                listed.equals(BALANCED)
                    ? loaded.split().train().balance()
                    : listed(spec, listed, loaded.classes())));
  }

  private static double[] listed(CommandSpec spec, String listed, List<String> names) {
    double[] of = new double[names.size()];
    Arrays.fill(of, 1);
    boolean[] given = new boolean[of.length];
    for (String one : CsvFormat.columns(spec, "--class-weights", listed)) {
      int at = one.lastIndexOf('=');
      String name = at < 0 ? one : one.substring(0, at);
      int place = names.indexOf(name);
      if (at < 0 || place < 0) {
        throw Usage.wrong(
            spec,
            "--class-weights %s: %s",
            one,
            at < 0
                ? "expected a class and its weight, as %s=2, or balanced".formatted(names.get(0))
                : "no class is called so: " + Nearest.advice(name, names));
      }
      if (given[place]) {
        throw Usage.wrong(spec, "--class-weights %s: %s is there twice", listed, name);
      }
      given[place] = true;
      of[place] = weight(spec, one, one.substring(at + 1));
    }
    return of;
  }

  private static double weight(CommandSpec spec, String one, String text) {
    try {
      double weight = Decimal.parse(text);
      if (weight >= 0) {
        return weight;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw Usage.wrong(
        spec, "--class-weights %s: a weight is a number of at least 0, not \"%s\"", one, text);
  }
}
