package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.minimize.Probe;
import org.thalweg.minimize.Reason;
import org.thalweg.minimize.Stopping;
import org.thalweg.model.Description;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.ModelFile;
import org.thalweg.model.Predictions;
import org.thalweg.model.Predictor;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import org.thalweg.plot.Lines;
import org.thalweg.train.Settings;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code thalweg probe}. */
@Command(
    name = "probe",
    header = "Finds the best L2 penalty of a linear classifier on a network's features.",
    description = {
      "Minimises the softmax loss by L-BFGS for each C of a path, from the smallest on, each from"
          + " where the last one ended; takes the C with the best accuracy on validation rows, of"
          + " several the smallest; minimises again with the validation rows; and prints top-1 and,"
          + " of more than 5 classes, top-5 of the test rows. C is that of scikit-learn's"
          + " LogisticRegression: the penalty is --l2 = 1 / (2 * C * training rows), of two classes"
          + " twice that.",
      "Writes the model, probe.csv and accuracy.png to a new folder. Ctrl-C leaves nothing.",
      "Exit code: 0 done, 1 failed, 2 wrong usage."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExample%n",
    footer = "  thalweg probe digits --c log:1e-3..1e3:7",
    sortOptions = false,
    abbreviateSynopsis = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n")
final class ProbeCommand implements Callable<Integer> {
  private static final String CSV = "probe.csv";
  private static final String ACCURACY = "accuracy.png";

  /** Classes of which one is enough. */
  private static final int TOP = 5;

  /** Test rows that are scored at once. */
  private static final int ROWS = 8192;

  @Parameters(
      paramLabel = "DATA",
      arity = "0..1",
      completionCandidates = DataOptions.Names.class,
      description = DataOptions.DATA)
  private @Nullable String data;

  @ArgGroup(validate = false, heading = "%nData%n")
  private DataOptions source = new DataOptions();

  @ArgGroup(validate = false, heading = "%nWeights of rows%n")
  private WeightOptions weights = new WeightOptions();

  @ArgGroup(validate = false, heading = "%nMethod%n")
  private Method method = new Method();

  @ArgGroup(validate = false, heading = "%nDevice%n")
  private DeviceOptions device = new DeviceOptions();

  @ArgGroup(validate = false, heading = "%nOutput%n")
  private Output output = new Output();

  /** Options for the path and each of its minimisations. */
  static final class Method {
    @Option(
        names = "--c",
        paramLabel = "PATH",
        description =
            "The values of C: log:FROM..TO:N, N of them at equal ratios, or some with commas"
                + " between them. Default: log:1e-6..1e5:45, the path of DINOv2's protocol.")
    private String path = "log:1e-6..1e5:45";

    @Option(
        names = "--validation",
        paramLabel = "FRACTION",
        description = "The fraction of the training rows that chooses C. Default: 0.2.")
    private double fraction = 0.2;

    @Option(
        names = "--seed",
        paramLabel = "N",
        description = "Decides which rows are for validation. Default: 1.")
    private long seed = Settings.DEFAULT.seed();

    @ArgGroup(validate = false)
    private NormalisationOptions normalisation = new NormalisationOptions();

    @Option(
        names = "--iterations",
        paramLabel = "N",
        description = "The most iterations for each C. Default: 1000.")
    private int iterations = 1000;

    @Option(
        names = "--tolerance",
        paramLabel = "X",
        description =
            "A minimisation stops where no entry of the gradient is larger. Default: 1e-8; in f32,"
                + " 1e-5.")
    private @Nullable Double tolerance;

    @Option(
        names = "--type",
        paramLabel = "NAME",
        description = "The element type: f32 or f64. Default: f64.")
    private String type = "f64";
  }

  /** Options for the output. */
  static final class Output {
    @Option(
        names = "--out",
        paramLabel = "DIR",
        description = "A new folder. Default: the first of runs/DATA-1, -2, ... that is free.")
    private @Nullable Path out;

    @Option(
        names = "--json",
        description = "Prints one JSON object for each C and one at the end, and nothing else.")
    private boolean json;
  }

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    ElementType type =
        Stream.of(ElementType.F32, ElementType.F64)
            .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(method.type))
            .findFirst()
            .orElseThrow(() -> Usage.wrong(spec, "--type %s: must be f32 or f64", method.type));
    double[] path = Usage.checked(spec, "--c " + method.path, () -> path(method.path));
    Stopping stopping = stopping(type);
    Path out = output.out;
    if (out != null && Files.exists(out)) {
      throw exists(out);
    }
    NormalisationOptions.check(spec, data, method.normalisation.get(spec));
    Datasets.Loaded loaded = source.load(data, Path.of(""), spec, type, output.json, weights);
    Dataset.Split rows =
        Usage.checked(
            spec,
            "--validation " + Decimal.text(method.fraction),
            () -> loaded.split().train().split(method.fraction, method.seed));
    try (DeviceChoice.Opened opened = device.open()) {
      RunFolder folder = folder(String.valueOf(data));
      folder.fillOrLeaveNothing(
          () -> {
            try (ProgressBar progress =
                new ProgressBar(spec.commandLine().getErr(), !output.json)) {
              Probe probe = new Probe(opened.device(), type, stopping);
              new Run(loaded, rows, probe, opened.toString(), folder, progress).run(path);
            }
          });
    }
    return 0;
  }

  private Stopping stopping(ElementType type) {
    double tolerance = method.tolerance == null ? Stopping.of(type).gradient() : method.tolerance;
    if (!(tolerance >= 0)) {
      throw Usage.wrong(spec, "--tolerance %s: must be at least 0", Decimal.text(tolerance));
    }
    if (method.iterations < 1) {
      throw Usage.wrong(spec, "--iterations %d: must be at least 1", method.iterations);
    }
    return new Stopping(tolerance, 0, method.iterations);
  }

  private RuntimeException exists(Path out) {
    return Usage.wrong(spec, "--out %s exists already; name a new folder", out);
  }

  private RunFolder folder(String data) throws IOException {
    try {
      return RunFolder.create(output.out, TrainCommand.stem(data));
    } catch (FileAlreadyExistsException e) {
      throw exists(Path.of(e.getFile()));
    }
  }

  /** The values of C that a text describes, ascending. */
  static double[] path(String text) {
    double[] path;
    try {
      if (text.startsWith("log:")) {
        String[] parts = text.substring("log:".length()).split("\\.\\.|:", -1);
        if (parts.length != 3 || !parts[2].matches("[1-9][0-9]{0,3}")) {
          throw new NumberFormatException();
        }
        double from = Math.log(Decimal.parse(parts[0]));
        double to = Math.log(Decimal.parse(parts[1]));
        int n = Integer.parseInt(parts[2]);
        path =
            IntStream.range(0, n)
                .mapToDouble(i -> Math.exp(n == 1 ? from : from + (to - from) * i / (n - 1)))
                .toArray();
      } else {
        path = Stream.of(text.split(",", -1)).mapToDouble(Decimal::parse).sorted().toArray();
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "must be as log:1e-6..1e5:45, up to 9999 values, or as 0.1,1,10", e);
    }
    for (int i = 0; i < path.length; i++) {
      if (!(path[i] > 0 && path[i] < Double.POSITIVE_INFINITY)
          || (i > 0 && !(path[i] > path[i - 1]))) {
        throw new IllegalArgumentException(
            "values must be above 0, ascending, and no two the same");
      }
    }
    return path;
  }

  /** One run. */
  private final class Run {
    private final Datasets.Loaded loaded;
    private final Dataset.Split rows;
    private final Probe probe;
    private final String where;
    private final RunFolder folder;
    private final ProgressBar progress;
    private final PrintWriter print = spec.commandLine().getOut();
    private final List<Probe.Step> steps = new ArrayList<>();
    private final long start = System.nanoTime();

    Run(
        Datasets.Loaded loaded,
        Dataset.Split rows,
        Probe probe,
        String where,
        RunFolder folder,
        ProgressBar progress) {
      this.loaded = loaded;
      this.rows = rows;
      this.probe = probe;
      this.where = where;
      this.folder = folder;
      this.progress = progress;
    }

    void run(double[] path) throws IOException {
      Dataset all = loaded.split().train();
      Device on = probe.device();
      if (!output.json) {
        print.printf("device      %s%n", where);
        print.printf(
            "data        %s: %d training rows, %d validation rows, %d test rows%n",
            data, rows.train().rows(), rows.test().rows(), loaded.split().test().rows());
        print.print(DataReport.lines(loaded));
        print.printf("%n         C  iterations  training loss  validation accuracy%n");
      }
      try (LinearClassifier model =
              new LinearClassifier(on, probe.type(), all.features(), all.classes());
          Array point = on.allocate(probe.type(), (all.features() + 1L) * all.classes());
          Array chosen = on.allocate(probe.type(), point.count())) {
        probe.run(
            rows.train(),
            rows.test(),
            scaling(rows.train()),
            point,
            path,
            (step, at) -> {
              steps.add(step);
              if (Probe.best(steps) == steps.size() - 1) {
                on.copy(at, chosen);
              }
              progress.step(steps.size(), path.length);
              print(step);
            });
        progress.say("minimising again with the validation rows");
        Probe.Step best = steps.get(Probe.best(steps));
        List<Probe.Step> again = new ArrayList<>();
        Scaling scaling = scaling(all);
        probe.run(
            all, null, scaling, chosen, new double[] {best.c()}, (step, at) -> again.add(step));
        long from = 0;
        for (Parameter parameter : model.parameters()) {
          Array value = parameter.value();
          on.copy(chosen.slice(from, value.count()), value);
          from += value.count();
        }
        finish(model, scaling, best, again.get(0));
      }
    }

    private Scaling scaling(Dataset of) {
      return method.normalisation.get(spec).of(of);
    }

    private void print(Probe.Step step) {
      progress.clear();
      if (output.json) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("event", "c");
        object.put("c", step.c());
        object.put("iterations", step.iterations());
        object.put("reason", step.reason().name().toLowerCase(Locale.ROOT));
        object.put("objective", Environment.number(step.objective()));
        object.put("train_loss", Environment.number(step.loss()));
        object.put("validation_accuracy", step.accuracy());
        print.println(Environment.JSON.toJson(object));
      } else {
        print.printf(
            Locale.ROOT,
            "%10.4g  %10d  %13s  %19.4f%n",
            step.c(),
            step.iterations(),
            RunReport.text(step.loss(), 6),
            step.accuracy());
      }
      print.flush();
    }

    private void finish(LinearClassifier model, Scaling scaling, Probe.Step best, Probe.Step again)
        throws IOException {
      Description description =
          new Description(
              loaded.classes(), loaded.shape(), scaling, Probe.LOSS, null, loaded.zeroBased());
      progress.say("scoring the test rows");
      double[] top = top(model, description);
      String crc = "%08x".formatted(model.crc32());
      csv();
      ModelFile.save(model, folder.file(RunFolder.MODEL), description, true);
      progress.close();
      Lines picture =
          new Lines(
              "",
              new Lines.Axis("C", true),
              new Lines.Axis("accuracy of the validation rows", false),
              List.of(new Lines.Series("L2", series(Probe.Step::c), series(Probe.Step::accuracy))));
      boolean drawn = folder.draw(ACCURACY, () -> picture, spec.commandLine().getErr());
      double seconds = (System.nanoTime() - start) * 1e-9;
      long early = steps.stream().filter(step -> step.reason() == Reason.ITERATIONS).count();
      boolean five = model.classes() > TOP;
      if (output.json) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("event", "done");
        object.put("device", where);
        object.put("model", folder.file(RunFolder.MODEL).toString());
        object.putAll(DataReport.json(String.valueOf(data), loaded));
        object.put("c", best.c());
        object.put("validation_accuracy", best.accuracy());
        object.put("iterations", again.iterations());
        object.put("objective", Environment.number(again.objective()));
        object.put("train_loss", Environment.number(again.loss()));
        object.put("top1", top[0]);
        if (five) {
          object.put("top5", top[1]);
        }
        object.put("seconds", seconds);
        object.put("weights_crc32", crc);
        print.println(Environment.JSON.toJson(object));
      } else {
        int place = steps.indexOf(best) + 1;
        print.printf(
            Locale.ROOT,
            "%nbest        C %.4g, number %d of %d%s: validation accuracy %.4f%n",
            best.c(),
            place,
            steps.size(),
            steps.size() > 1 && (place == 1 || place == steps.size())
                ? ", at an end of the path: better ones may lie beyond it"
                : "",
            best.accuracy());
        if (early > 0) {
          print.printf(
              "unfinished  at %d of the values of C the iterations were used up (--iterations)%n",
              early);
        }
        print.printf(
            "again       %d rows, %d iterations, loss %s, objective %s; stopped: %s%n",
            loaded.split().train().rows(),
            again.iterations(),
            RunReport.text(again.loss(), 6),
            RunReport.text(again.objective(), 6),
            again.reason().sentence());
        print.printf(
            Locale.ROOT, "test        top-1 %.4f%s%n", top[0], five ? topFive(top[1]) : "");
        print.printf("weights     crc32 %s, saved as %s%n", crc, folder.file(RunFolder.MODEL));
        print.printf("beside it   %s%s%n", CSV, drawn ? ", " + ACCURACY : "");
        print.printf(Locale.ROOT, "time        %.2f s%n", seconds);
      }
      print.flush();
    }

    private static String topFive(double share) {
      return String.format(Locale.ROOT, ", top-5 %.4f", share);
    }

    /** The shares of the test rows whose label is the first, and among the first five. */
    private double[] top(LinearClassifier model, Description description) {
      Dataset test = loaded.split().test();
      Predictor predictor = new Predictor(model, description);
      double[] right = new double[2];
      for (int from = 0; from < test.rows(); from += ROWS) {
        int[] some = IntStream.range(from, Math.min(from + ROWS, test.rows())).toArray();
        Predictions predictions = predictor.predict(test.values().select(some, test.features()));
        for (int i = 0; i < some.length; i++) {
          int place = predictions.place(i, test.labels()[from + i]);
          right[0] += place == 0 ? 1 : 0;
          right[1] += place < TOP ? 1 : 0;
        }
      }
      return new double[] {right[0] / test.rows(), right[1] / test.rows()};
    }

    private void csv() throws IOException {
      List<String> lines = new ArrayList<>();
      lines.add("c,iterations,reason,objective,training_loss,validation_accuracy");
      for (Probe.Step step : steps) {
        lines.add(
            "%s,%d,%s,%s,%s,%s"
                .formatted(
                    step.c(),
                    step.iterations(),
                    step.reason().name().toLowerCase(Locale.ROOT),
                    step.objective(),
                    step.loss(),
                    step.accuracy()));
      }
      Files.write(folder.file(CSV), lines, StandardCharsets.UTF_8);
    }

    private double[] series(ToDoubleFunction<Probe.Step> measure) {
      return steps.stream().mapToDouble(measure).toArray();
    }
  }
}
