package org.thalweg.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.thalweg.check.ClassifierChecks;
import org.thalweg.check.Report;
import org.thalweg.check.Verdict;
import org.thalweg.data.Dataset;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.ElementType;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code thalweg gradcheck}. */
@Command(
    name = "gradcheck",
    header = "Checks gradients and second derivatives against finite differences.",
    description = {
      "Checks those of every loss. A difference that drowns in rounding at every distance is called"
          + " not resolvable.",
      "Exit code: 0 all are right, 1 one is wrong or the check failed, 2 wrong usage."
    },
    mixinStandardHelpOptions = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n",
    footerHeading = "%nExample%n",
    footer = "  thalweg gradcheck digits --rows 8",
    sortOptions = false,
    abbreviateSynopsis = true)
final class GradCheckCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..1",
      paramLabel = "DATA",
      completionCandidates = DataOptions.Names.class,
      defaultValue = "digits",
      description =
          "The data set whose first rows are checked, besides edge cases: "
              + DataOptions.DATA
              + " Default: ${DEFAULT-VALUE}.")
  private String data = "";

  @ArgGroup(validate = false, heading = "%nData%n")
  private DataOptions source = new DataOptions();

  @ArgGroup(validate = false, heading = "%nWeights of rows%n")
  private WeightOptions weights = new WeightOptions();

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "32",
      description = "How many of its training rows. Default: ${DEFAULT-VALUE}.")
  private int rows;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "${COMPLETION-CANDIDATES}; auto is cuda where there is a GPU, else java. Default:"
              + " ${DEFAULT-VALUE}.")
  private DeviceChoice device = DeviceChoice.auto;

  @Option(
      names = "--fast",
      description =
          "Checks along one random direction each, in the time of a few evaluations, instead of"
              + " element by element.")
  private boolean fast;

  @Option(names = "--verbose", description = "Prints a line for each check, before the summary.")
  private boolean verbose;

  @Option(
      names = "--json",
      description = "Prints one JSON object for each check and one at the end, and nothing else.")
  private boolean json;

  @Spec private CommandSpec spec;

  /** The most failures that are printed. */
  private static final int MOST_FAILURES = 10;

  @Override
  public Integer call() {
    PrintWriter print = spec.commandLine().getOut();
    Dataset some = someRows();
    try (DeviceChoice.Opened opened = device.open()) {
      if (!json) {
        print.printf("device      %s%n", opened);
        print.printf("rows        %d of %s, and edge cases%n", some.rows(), data);
        print.flush();
      }
      List<ClassifierChecks.Outcome> outcomes = new ArrayList<>();
      ClassifierChecks.run(
          opened.device(),
          data,
          some,
          fast,
          outcome -> {
            outcomes.add(outcome);
            if (json) {
              print.println(Environment.NULLS.toJson(json(outcome)));
            } else if (verbose) {
              print.println(line(outcome));
            }
            print.flush();
          });
      long failed = count(outcomes, Verdict.FAIL);
      if (json) {
        Map<String, Object> done = new LinkedHashMap<>();
        done.put("event", "done");
        done.put("device", opened.toString());
        done.putAll(counts(outcomes));
        print.println(Environment.JSON.toJson(done));
      } else {
        summary(print, outcomes);
      }
      print.flush();
      return failed == 0 ? 0 : 1;
    }
  }

  private Dataset someRows() {
    if (rows < 1) {
      throw new ParameterException(spec.commandLine(), "--rows " + rows + ": must be at least 1");
    }
    Dataset train =
        source.load(data, Path.of(""), spec, ElementType.F64, json, weights).split().train();
    return train.splitAt(Math.min(rows, train.rows())).train();
  }

  private static long count(List<ClassifierChecks.Outcome> outcomes, Verdict verdict) {
    return outcomes.stream().filter(outcome -> outcome.report().verdict() == verdict).count();
  }

  private static Map<String, Long> counts(List<ClassifierChecks.Outcome> outcomes) {
    Map<String, Long> counts = new LinkedHashMap<>();
    counts.put("checks", (long) outcomes.size());
    counts.put("passed", count(outcomes, Verdict.PASS));
    counts.put("failed", count(outcomes, Verdict.FAIL));
    counts.put("not_resolvable", count(outcomes, Verdict.NOT_RESOLVABLE));
    counts.put("elements", outcomes.stream().mapToLong(o -> o.report().checked()).sum());
    counts.put(
        "elements_not_resolvable",
        outcomes.stream().mapToLong(o -> o.report().notResolvable()).sum());
    return counts;
  }

  private static void summary(PrintWriter print, List<ClassifierChecks.Outcome> outcomes) {
    Map<String, List<ClassifierChecks.Outcome>> kinds = new LinkedHashMap<>();
    for (ClassifierChecks.Outcome outcome : outcomes) {
      String kind = "%-14s %-10s".formatted(Losses.text(outcome.loss()), derivative(outcome));
      kinds.computeIfAbsent(kind, none -> new ArrayList<>()).add(outcome);
    }
    print.printf("%n%-14s %-10s  checks  passed  failed  not resolvable%n", "loss", "derivative");
    kinds.forEach(
        (kind, own) ->
            print.printf(
                "%s %7d %7d %7d %15d%n",
                kind,
                own.size(),
                count(own, Verdict.PASS),
                count(own, Verdict.FAIL),
                count(own, Verdict.NOT_RESOLVABLE)));
    List<ClassifierChecks.Outcome> failures =
        outcomes.stream()
            .filter(outcome -> outcome.report().verdict() == Verdict.FAIL)
            .sorted(Comparator.comparingDouble(outcome -> -outcome.report().badness()))
            .toList();
    if (!failures.isEmpty()) {
      print.printf("%nfailures, the worst first%n");
      failures.stream().limit(MOST_FAILURES).forEach(failure -> print.println(line(failure)));
      if (failures.size() > MOST_FAILURES) {
        print.printf("and %d more: --verbose prints all%n", failures.size() - MOST_FAILURES);
      }
    }
    Map<String, Long> counts = counts(outcomes);
    print.printf(
        Locale.ROOT,
        "%n%d checks of %,d derivatives: %d passed, %d failed, %d not resolvable%n",
        counts.get("checks"),
        counts.get("elements"),
        counts.get("passed"),
        counts.get("failed"),
        counts.get("not_resolvable"));
    long hidden = counts.getOrDefault("elements_not_resolvable", 0L);
    if (hidden > 0) {
      print.printf(
          Locale.ROOT,
          "of these, %,d derivatives could not be compared: their differences drown in rounding%n",
          hidden);
    }
  }

  private static String derivative(ClassifierChecks.Outcome outcome) {
    return outcome.order() == 1 ? "gradient" : "Hessian";
  }

  private static String line(ClassifierChecks.Outcome outcome) {
    return "%-13s %-7s  %-16s  %-8s  %s"
        .formatted(
            Losses.text(outcome.loss()),
            outcome.regularisation(),
            outcome.input(),
            derivative(outcome),
            outcome.report());
  }

  private static Map<String, Object> json(ClassifierChecks.Outcome outcome) {
    Report report = outcome.report();
    Map<String, Object> check = new LinkedHashMap<>();
    check.put("event", "check");
    check.put("loss", Losses.text(outcome.loss()));
    check.put("regularisation", outcome.regularisation());
    check.put("input", outcome.input());
    check.put("order", outcome.order());
    check.put("verdict", report.verdict().toString().toLowerCase(Locale.ROOT));
    check.put("passed", report.passed());
    check.put("checked", report.checked());
    check.put("not_resolvable", report.notResolvable());
    check.put("direction", report.direction());
    check.put("worst", report.worst());
    check.put("analytic", Environment.number(report.analytic()));
    check.put("numeric", Environment.number(report.numeric()));
    check.put("difference", Environment.number(report.difference()));
    check.put("allowed", Environment.number(report.allowed()));
    check.put("problem", report.problem());
    return check;
  }
}
