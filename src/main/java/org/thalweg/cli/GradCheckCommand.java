package org.thalweg.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.thalweg.check.ClassifierChecks;
import org.thalweg.check.Report;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
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
        "Checks every loss's gradients and second derivatives against differences. Exit code 1 if one is wrong.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true)
final class GradCheckCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..1",
      paramLabel = "DATA",
      defaultValue = "digits",
      description =
          "The data set whose first rows are taken, beside inputs that are awkward: digits, fashion-mnist, mnist,"
              + " cifar10, or a path that ends in .csv. Default: ${DEFAULT-VALUE}.")
  private String data = "";

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "The folder with the files of mnist, cifar10 or fashion-mnist.")
  private @Nullable Path folder;

  @Option(
      names = "--label",
      paramLabel = "COLUMN",
      description =
          "Of a CSV file: the column of labels, by name or number from 1. Default: the last.")
  private @Nullable String label;

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
          "${COMPLETION-CANDIDATES}; auto is cuda where there is a GPU, else java. Default: ${DEFAULT-VALUE}.")
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
      print.printf(
          json
              ? "{\"event\":\"done\",\"device\":\"%s\",\"checks\":%d,\"failed\":%d}%n"
              : "%n%2$d checks, %3$d failed%n",
          TrainCommand.escape(opened.toString()),
          checks[0],
          failed);
      print.flush();
      return failed == 0 ? 0 : 1;
    }
  }

  private Dataset someRows() {
    if (rows < 1) {
      throw new ParameterException(spec.commandLine(), "--rows must be at least 1: " + rows);
    }
    try {
      Dataset train = Datasets.load(data, folder, label).split().train();
      return train.splitAt(Math.min(rows, train.rows())).train();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private void print(PrintWriter print, ClassifierChecks.Outcome outcome) {
    Report report = outcome.report();
    if (!json) {
      print.printf(
          "%-13s %-7s  %-16s  %-8s  %s%n",
          outcome.loss().kernel(),
          outcome.regularisation(),
          outcome.input(),
          outcome.order() == 1 ? "gradient" : "Hessian",
          report);
      return;
    }
    print.printf(
        Locale.ROOT,
        "{\"event\":\"check\",\"loss\":\"%s\",\"regularisation\":\"%s\",\"input\":\"%s\",\"order\":%d,\"passed\":%b,"
            + "\"checked\":%d,\"direction\":%d,\"worst\":%d,\"analytic\":%s,\"numeric\":%s,\"difference\":%s,"
            + "\"allowed\":%s,\"problem\":\"%s\"}%n",
        outcome.loss().kernel(),
        outcome.regularisation(),
        TrainCommand.escape(outcome.input()),
        outcome.order(),
        report.passed(),
        report.checked(),
        report.direction(),
        report.worst(),
        number(report.analytic()),
        number(report.numeric()),
        number(report.difference()),
        number(report.allowed()),
        TrainCommand.escape(report.problem()));
  }

  /** JSON has no NaN. */
  private static String number(double x) {
    return Double.isFinite(x) ? Double.toString(x) : "null";
  }
}
