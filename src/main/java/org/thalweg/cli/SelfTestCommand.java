package org.thalweg.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.thalweg.selftest.Suite;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code thalweg selftest}. */
@Command(
    name = "selftest",
    header = "Checks that a device computes the same bits as plain Java.",
    description = {
      "Runs every kernel on the device and its twin in Java with one thread, and compares all bits;"
          + " all NaNs count as equal. The output is the report: paste it into an issue of the"
          + " project, also where it says PASS.",
      "Takes seconds on a GPU, and up to a minute on sim. Exit code: 0 PASS, 1 FAIL or no such"
          + " device, 2 wrong usage."
    },
    mixinStandardHelpOptions = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n",
    abbreviateSynopsis = true,
    footerHeading = "%nExample%n",
    footer = "  thalweg selftest --device java --only batches",
    sortOptions = false)
final class SelfTestCommand implements Callable<Integer> {
  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "${COMPLETION-CANDIDATES}; auto is cuda where there is a GPU, else java. Default:"
              + " ${DEFAULT-VALUE}.")
  private DeviceChoice device = DeviceChoice.auto;

  @Option(
      names = "--only",
      paramLabel = "GROUP",
      split = ",",
      description = "Only these groups: ${COMPLETION-CANDIDATES}. Default: all.")
  private List<Suite> only = List.of(Suite.values());

  @Option(names = "--json", description = "Prints one JSON object at the end, and nothing else.")
  private boolean json;

  @Spec private CommandSpec spec;

  /** What --json prints. */
  private record Report(Environment environment, boolean pass, List<Suite.Outcome> groups) {}

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    List<Suite.Outcome> outcomes = new ArrayList<>();
    try (DeviceChoice.Opened opened = device.open()) {
      Environment environment = Environment.of(opened);
      if (!json) {
        environment.print(out);
        out.printf("%n%-10s%8s%14s%14s%10s%n", "group", "cases", "values", "mismatches", "seconds");
        out.flush();
      }
      for (Suite suite : only) {
        Suite.Outcome outcome = suite.run(opened.device());
        outcomes.add(outcome);
        if (!json) {
          print(out, outcome);
        }
      }
      out.println(
          json
              ? Environment.JSON.toJson(new Report(environment, pass(outcomes), outcomes))
              : summary(outcomes));
      out.flush();
    }
    return pass(outcomes) ? 0 : 1;
  }

  private static boolean pass(List<Suite.Outcome> outcomes) {
    return outcomes.stream().allMatch(Suite.Outcome::pass);
  }

  static void print(PrintWriter out, Suite.Outcome outcome) {
    out.printf(
        "%-10s%8d%,14d%,14d%10.2f%n",
        outcome.suite(),
        outcome.cases(),
        outcome.values(),
        outcome.mismatches(),
        outcome.seconds());
    if (outcome.first() != null) {
      out.printf("  first: %s%n", outcome.first());
    }
    out.flush();
  }

  static String summary(List<Suite.Outcome> outcomes) {
    return "%n%s: %,d mismatches in %,d values, %.1f s"
        .formatted(
            pass(outcomes) ? "PASS" : "FAIL",
            outcomes.stream().mapToLong(Suite.Outcome::mismatches).sum(),
            outcomes.stream().mapToLong(Suite.Outcome::values).sum(),
            outcomes.stream().mapToDouble(Suite.Outcome::seconds).sum());
  }
}
