package org.thalweg.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.thalweg.bench.Bench;
import org.thalweg.device.java.JavaDevice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code thalweg bench}. */
@Command(
    name = "bench",
    header = "Measures a device's kernels, compared with its own copy.",
    description = {
      "For each kernel: the time of a launch; the bandwidth for the bytes that it must move (each"
          + " input read once, each output written once); the ratio of that bandwidth to the one of"
          + " a copy from device to device in the same run; for matrix products also the"
          + " multiply-adds per second. Then the steps per second of a recorded training. Above the"
          + " table: the time to open the device, and by how much the first use of each kernel file"
          + " was slower than the second.",
      "Times are medians of up to 5 runs, by the host's clock around many replays of a step of 8"
          + " launches and the download that waits for them. The share is meant for arrays larger"
          + " than the caches: on a GPU, the default size. Takes about a minute at most."
    },
    mixinStandardHelpOptions = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n",
    abbreviateSynopsis = true,
    footerHeading = "%nExample%n",
    footer = "  thalweg bench --device java --elements 100000 --seconds 0.05",
    sortOptions = false)
final class BenchCommand implements Callable<Integer> {
  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "${COMPLETION-CANDIDATES}; auto is cuda where there is a GPU, else java. Default:"
              + " ${DEFAULT-VALUE}.")
  private DeviceChoice device = DeviceChoice.auto;

  @Option(
      names = "--elements",
      paramLabel = "N",
      description =
          "Elements that each kernel works on; one that takes too long is measured on fewer, as its"
              + " line says. Default: 16777216 on cuda, 1048576 on java, 65536 on sim.")
  private long elements;

  @Option(
      names = "--seconds",
      paramLabel = "X",
      defaultValue = "0.4",
      description =
          "Roughly the time for all runs of one kernel; each run takes at least an eighth of it."
              + " Default: ${DEFAULT-VALUE}.")
  private double seconds;

  @Option(names = "--json", description = "Prints one JSON object at the end, and nothing else.")
  private boolean json;

  @Spec private CommandSpec spec;

  /** What --json prints. */
  private record Report(
      Environment environment,
      double openMilliseconds,
      Map<String, Double> moduleMilliseconds,
      List<Bench.Line> kernels,
      Bench.TrainingStep trainingStep) {}

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    long start = System.nanoTime();
    try (DeviceChoice.Opened opened = device.open()) {
      double open = (System.nanoTime() - start) * 1e-6;
      Environment environment = Environment.of(opened);
      Bench bench = bench(opened);
      Map<String, Double> modules = bench.modules();
      if (!json) {
        environment.print(out);
        double sum = modules.values().stream().mapToDouble(x -> x).sum();
        out.printf(
            "opening    %.0f ms, then %.0f ms for the first use of the kernels:%n          ",
            open, sum);
        modules.forEach((module, ms) -> out.printf(" %s %.0f", module, ms));
        out.printf(
            "%n%n%-33s%11s%11s%8s%8s%9s%n",
            "kernel (f32 if not said)", "elements", "us", "GB/s", "of copy", "Gfma/s");
        out.flush();
      }
      List<Bench.Line> lines = new ArrayList<>();
      bench.kernels(
          line -> {
            lines.add(line);
            if (!json) {
              print(out, line);
            }
          });
      Bench.TrainingStep step = bench.trainingStep();
      if (json) {
        out.println(Environment.JSON.toJson(new Report(environment, open, modules, lines, step)));
      } else {
        out.printf(
            "%ntraining step, softmax regression %s with Adam: %.1f us, %.0f steps a second%n",
            step.size(), step.microseconds(), step.stepsPerSecond());
      }
      out.flush();
    }
    return 0;
  }

  private Bench bench(DeviceChoice.Opened opened) {
    long n = elements;
    if (!spec.commandLine().getParseResult().hasMatchedOption("--elements")) {
      n =
          device == DeviceChoice.sim
              ? 1 << 16
              : opened.device() instanceof JavaDevice ? 1 << 20 : 1 << 24;
    }
    try {
      return new Bench(opened.device(), n, seconds);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--" + e.getMessage());
    }
  }

  private static void print(PrintWriter out, Bench.Line line) {
    out.printf(
        "%-33s%,11d%,11.1f%8.2f%7.0f%%%s%n",
        line.kernel(),
        line.elements(),
        line.microseconds(),
        line.gigabytesPerSecond(),
        100 * line.ofCopy(),
        line.gigafmaPerSecond() == null ? "" : "%9.2f".formatted(line.gigafmaPerSecond()));
    out.flush();
  }
}
