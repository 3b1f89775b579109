package org.thalweg.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.thalweg.check.ClassifierChecks;
import org.thalweg.check.Report;
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
    description =
        "Checks gradients and second derivatives of every loss against finite differences. Exit"
            + " code 1 if one is wrong.",
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
      names = "--json",
      description = "Prints one JSON object for each check and one at the end, and nothing else.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter print = spec.commandLine().getOut();
    Dataset some = someRows();
    try (DeviceChoice.Opened opened = device.open()) {
      if (!json) {
        print.printf("device      %s%n%n", opened);
        print.flush();
      }
      int[] checks = new int[1];
      int failed =
          ClassifierChecks.run(
              opened.device(),
              data,
              some,
              outcome -> {
                checks[0]++;
                print(print, outcome);
                print.flush();
              });
      if (json) {
        Map<String, Object> done = new LinkedHashMap<>();
        done.put("event", "done");
        done.put("device", opened.toString());
        done.put("checks", checks[0]);
        done.put("failed", failed);
        print.println(Environment.JSON.toJson(done));
      } else {
        print.printf("%n%d checks, %d failed%n", checks[0], failed);
      }
      print.flush();
      return failed == 0 ? 0 : 1;
    }
  }

  private Dataset someRows() {
    if (rows < 1) {
      throw new ParameterException(spec.commandLine(), "--rows must be at least 1: " + rows);
    }
    Dataset train = source.load(data, Path.of(""), spec, ElementType.F64, json).split().train();
    return train.splitAt(Math.min(rows, train.rows())).train();
  }

  private void print(PrintWriter print, ClassifierChecks.Outcome outcome) {
    Report report = outcome.report();
    if (!json) {
      print.printf(
          "%-13s %-7s  %-16s  %-8s  %s%n",
          Losses.text(outcome.loss()),
          outcome.regularisation(),
          outcome.input(),
          outcome.order() == 1 ? "gradient" : "Hessian",
          report);
      return;
    }
    Map<String, Object> check = new LinkedHashMap<>();
    check.put("event", "check");
    check.put("loss", Losses.text(outcome.loss()));
    check.put("regularisation", outcome.regularisation());
    check.put("input", outcome.input());
    check.put("order", outcome.order());
    check.put("passed", report.passed());
    check.put("checked", report.checked());
    check.put("direction", report.direction());
    check.put("worst", report.worst());
    check.put("analytic", Environment.number(report.analytic()));
    check.put("numeric", Environment.number(report.numeric()));
    check.put("difference", Environment.number(report.difference()));
    check.put("allowed", Environment.number(report.allowed()));
    check.put("problem", report.problem());
    print.println(Environment.NULLS.toJson(check));
  }
}
