package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.DataException;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.minimize.Minimizer;
import org.thalweg.minimize.Stopping;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Optimizer;
import org.thalweg.train.Interval;
import org.thalweg.train.OtherRunException;
import org.thalweg.train.Scorer;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;
import org.thalweg.train.TrainingOptions;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code thalweg train}. */
@Command(
    name = "train",
    header = "Trains a linear classifier, by minibatches or with all rows at once.",
    description = {
      "Writes the model, metrics.csv, and the pictures curve.png and templates.png to a new folder."
          + " Ctrl-C stops soon and saves a checkpoint, or with a full-batch method the model so"
          + " far.",
      "Exit code: 0 done, 1 failed, 2 wrong usage."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExample%n",
    footer = "  thalweg train digits --optimizer momentum --lr 0.1 --l2 1e-3",
    sortOptions = false,
    abbreviateSynopsis = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n")
final class TrainCommand implements Callable<Integer> {
  private static final String DATA = "DATA";
  private static final String EPOCHS = "--epochs";

  /** No checkpoints but those at the end and where a run is stopped. */
  private static final Interval NEVER = new Interval(Long.MAX_VALUE, true);

  /** The learning rate if neither --lr nor --optimizer gives one. */
  private static final double LR = 0.01;

  /** The working directory of a run, for its relative paths. */
  private static final String DIRECTORY = "directory";

  /** Where the data lies. */
  private static final List<String> PLACES =
      List.of(DATA, "--data-dir", "--labels", "--test", "--test-labels");

  /** What can be given with --resume beside the places. */
  private static final Set<String> AGAIN = Set.of("--resume", "--device", "--json", EPOCHS);

  /** Options that a checkpoint does not store. */
  private static final Set<String> ONCE = Set.of("--resume", "--json", "--out");

  @Parameters(
      paramLabel = DATA,
      arity = "0..1",
      completionCandidates = DataOptions.Names.class,
      description = DataOptions.DATA)
  private @Nullable String data;

  @ArgGroup(validate = false, heading = "%nData%n")
  private DataOptions source = new DataOptions();

  @ArgGroup(validate = false, heading = "%nWeights of rows%n")
  private WeightOptions weights = new WeightOptions();

  @ArgGroup(validate = false, heading = "%nMethod%n")
  private MethodOptions method = new MethodOptions();

  @ArgGroup(validate = false)
  private SettingsOptions options = new SettingsOptions();

  @ArgGroup(validate = false, heading = "%nValidation%n")
  private Validation validation = new Validation();

  @ArgGroup(validate = false, heading = "%nDevice%n")
  private DeviceOptions device = new DeviceOptions();

  @ArgGroup(validate = false, heading = "%nOutput%n")
  private Output output = new Output();

  /** Options for validation. */
  static final class Validation {
    @Option(
        names = "--validation",
        paramLabel = "FRACTION",
        description =
            "The fraction of the training rows that is held out and scored after each epoch; the"
                + " model is that of the epoch where their loss was smallest. Default: none.")
    private @Nullable Double fraction;

    @Option(
        names = "--patience",
        paramLabel = "N",
        description =
            "Stops after N epochs in which the validation loss has not decreased. Default: 0,"
                + " never.")
    private int patience;
  }

  /** Options for the output. */
  static final class Output {
    @Option(
        names = "--out",
        paramLabel = "DIR",
        description = "A new folder. Default: the first of runs/DATA-1, -2, ... that is free.")
    private @Nullable Path out;

    @Option(
        names = "--checkpoint-every",
        paramLabel = "N",
        description =
            "Saves checkpoint.safetensors every N epochs, or as in 200s every 200 steps, and at the"
                + " end.")
    private @Nullable String checkpointEvery;

    @Option(
        names = "--resume",
        paramLabel = "DIR",
        description =
            "Resumes from the checkpoint in the folder of a run, with its data and options; ends"
                + " with the same bits. Can be given again: --device, --json, --epochs, and DATA,"
                + " --data-dir, --labels, --test and --test-labels where they have moved.")
    private @Nullable Path resume;

    @Option(
        names = "--json",
        description =
            "Prints one JSON object for each epoch, or for some of the iterations, and one at the"
                + " end, and nothing else.")
    private boolean json;
  }

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    if (method.optimizer.equals("help")) {
      OptimizerList.print(spec.commandLine().getOut());
      return 0;
    }
    if (options.model.loss.equals("help")) {
      SettingsOptions.printLosses(spec.commandLine().getOut());
      return 0;
    }
    Path folder = output.resume;
    if (folder != null) {
      return resume(folder);
    }
    method.check(spec, given());
    return method.fullBatch() ? minimize() : train(null, Map.of(DIRECTORY, ""));
  }

  private int resume(Path folder) throws IOException {
    Map<String, String> again = given();
    for (String option : again.keySet()) {
      if (!AGAIN.contains(option) && !PLACES.contains(option)) {
        throw Usage.wrong(
            spec,
            "%s %s: --resume uses the options of %s; only %s, --device, --epochs and --json can be"
                + " given again",
            option,
            again.get(option),
            folder,
            String.join(", ", PLACES));
      }
    }
    Path checkpoint = folder.resolve(RunFolder.CHECKPOINT);
    if (!Files.exists(checkpoint)) {
      throw new IOException(
          checkpoint
              + ": no such file; a run writes one if it is stopped, or with --checkpoint-every");
    }
    RunFolder found = RunFolder.existing(folder);
    found.lock();
    try {
      found.deletePartial();
      return resume(found, checkpoint, again);
    } finally {
      found.unlock();
    }
  }

  private int resume(RunFolder folder, Path checkpoint, Map<String, String> again)
      throws IOException {
    Map<String, String> saved = new LinkedHashMap<>(Trainer.metadata(checkpoint));
    if (!saved.containsKey(DATA) || !saved.containsKey(DIRECTORY)) {
      throw new IOException(
          checkpoint + ": its metadata does not say what \"thalweg train\" was given");
    }
    again.remove("--resume");
    // Where the data has moved, what is given is relative to this folder.
    boolean moved = PLACES.stream().anyMatch(again::containsKey);
    if (moved) {
      Path started = Path.of(saved.get(DIRECTORY));
      PLACES.forEach(
          word ->
              saved.computeIfPresent(
                  word,
                  (key, file) ->
                      key.equals(DATA) && !isFile(file) ? file : started.resolve(file).toString()));
      saved.put(DIRECTORY, "");
    }
    if (isInput(saved.get(DATA)) && !again.containsKey(DATA)) {
      throw new IOException(
          ("%s: the rows came from standard input, which is gone; name a file with the same ones,"
                  + " or - to read them again: thalweg train --resume %s DATA")
              .formatted(checkpoint, folder));
    }
    Map<String, String> words = new LinkedHashMap<>(saved);
    words.putAll(again);
    List<String> arguments = new ArrayList<>(List.of(words.get(DATA)));
    words.forEach(
        (option, value) -> {
          if (option.startsWith("--")) {
            arguments.add(value.isEmpty() ? option : option + "=" + value);
          }
        });
    TrainCommand run = new TrainCommand();
    CommandLine line = Main.reading(run).setOut(spec.commandLine().getOut());
    line.setErr(spec.commandLine().getErr());
    try {
      line.parseArgs(arguments.toArray(String[]::new));
    } catch (ParameterException e) {
      throw new IOException(checkpoint + ": metadata: " + e.getMessage(), e);
    }
    String before = saved.getOrDefault(EPOCHS, "" + Settings.DEFAULT.epochs());
    String after = again.getOrDefault(EPOCHS, before);
    if (run.settings().schedule().dependsOnEpochs() && !after.equals(before)) {
      PrintWriter err = spec.commandLine().getErr();
      err.printf(
          "thalweg: warning: under this schedule the learning rate depends on --epochs: the weights"
              + " will not be those of an unbroken run of %s epochs%n",
          after);
      err.flush();
    }
    try {
      return run.train(folder, Map.of(DIRECTORY, saved.get(DIRECTORY)));
    } catch (DataException e) {
      String hint = "%s; if the data has moved, name it: thalweg train --resume %s DATA";
      throw moved ? e : new DataException(hint.formatted(e.getMessage(), folder));
    }
  }

  private static boolean isInput(@Nullable String name) {
    return Datasets.INPUT.equals(name);
  }

  /** Whether the data's name is a path, which is relative to a folder. */
  private static boolean isFile(String name) {
    return Datasets.isPath(name) && !isInput(name);
  }

  /** The options that were given, and the data, with their values; the value of a flag is empty. */
  private Map<String, String> given() {
    Map<String, String> given = new LinkedHashMap<>();
    if (data != null) {
      given.put(DATA, data);
    }
    for (OptionSpec option : spec.options()) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        given.put(option.longestName(), value(option));
      }
    }
    return given;
  }

  private static String value(ArgSpec option) {
    return option.arity().max() == 0 ? "" : String.join("", option.originalStringValues());
  }

  private int train(@Nullable RunFolder resumed, Map<String, String> place) throws IOException {
    Settings settings = settings();
    Interval every = checkpointEvery();
    if (resumed == null) {
      checkOut();
    }
    Path base = Path.of(place.getOrDefault(DIRECTORY, ""));
    NormalisationOptions.check(spec, data, settings.normalisation());
    Datasets.Loaded loaded = source.load(data, base, spec, settings.type(), output.json, weights);
    RunReport.Task task = task(loaded, settings);
    Map<String, String> words = new LinkedHashMap<>(given());
    words.keySet().removeAll(ONCE);
    words.put(DIRECTORY, base.toAbsolutePath().toString());
    long scoring =
        Stream.of(task.rows(), loaded.split().test())
            .mapToLong(rows -> Scorer.leastBytes(rows, settings.type()))
            .max()
            .orElseThrow();
    TrainingOptions options = TrainingOptions.NONE.withMetadata(words).withReserve(scoring);
    Dataset unseen = task.validation();
    if (unseen != null) {
      options = options.withValidation(unseen, validation.patience);
    }
    try (DeviceChoice.Opened opened = device.open()) {
      RunFolder folder = resumed != null ? resumed : folder(task);
      Path checkpoint = folder.file(RunFolder.CHECKPOINT);
      TrainingOptions saved = options.withCheckpoints(checkpoint, every == null ? NEVER : every);
      folder.fillOrLeaveNothing(
          () -> {
            folder.lock();
            try (Trainer trainer = new Trainer(opened.device(), task.rows(), settings, saved)) {
              if (resumed != null) {
                restore(trainer, checkpoint, base);
              }
              report(
                  opened, folder, task, report -> new TrainRun(report, trainer).run(every == null));
            } finally {
              folder.unlock();
            }
          });
    }
    return 0;
  }

  private void restore(Trainer trainer, Path checkpoint, Path base) throws IOException {
    String name = String.valueOf(data);
    try {
      trainer.restore(checkpoint);
    } catch (OtherRunException e) {
      String advice =
          switch (e.part()) {
            case DATA ->
                "; what was read now is %s: restore it as it was, or train anew"
                    .formatted(isFile(name) ? base.resolve(name) : name);
            case EPOCHS -> " (--epochs)";
          };
      throw new IOException(e.getMessage() + advice, e);
    }
  }

  private int minimize() throws IOException {
    Settings settings = options.settings(spec, Settings.DEFAULT.optimizer(), method.type(spec));
    Minimizer minimizer = method.minimizer(spec, options.training.lr, settings.seed());
    Stopping stopping = method.stopping(spec);
    method.checkSmooth(spec, minimizer, settings);
    checkOut();
    NormalisationOptions.check(spec, data, settings.normalisation());
    Datasets.Loaded loaded =
        source.load(data, Path.of(""), spec, settings.type(), output.json, weights);
    RunReport.Task task = task(loaded, settings);
    try (DeviceChoice.Opened opened = device.open()) {
      RunFolder folder = folder(task);
      folder.fillOrLeaveNothing(
          () ->
              report(
                  opened,
                  folder,
                  task,
                  report -> new MinimizeRun(report, opened.device(), minimizer, stopping).run()));
    }
    return 0;
  }

  /** Work in the folder of a run. */
  private interface Work {
    void run(RunReport report) throws IOException;
  }

  private void report(DeviceChoice.Opened opened, RunFolder folder, RunReport.Task task, Work work)
      throws IOException {
    String device = opened.toString();
    try (RunReport report = new RunReport(spec.commandLine(), output.json, folder, task, device)) {
      work.run(report);
    }
  }

  private RunFolder folder(RunReport.Task task) throws IOException {
    try {
      return RunFolder.create(output.out, stem(task.name()));
    } catch (FileAlreadyExistsException e) {
      throw exists(Path.of(e.getFile()));
    }
  }

  private Settings settings() {
    if (validation.patience < 0) {
      throw Usage.wrong(spec, "--patience %d: must be at least 0", validation.patience);
    }
    if (validation.patience > 0 && validation.fraction == null) {
      throw Usage.wrong(spec, "--patience %d: needs --validation FRACTION", validation.patience);
    }
    ElementType type = method.type(spec);
    Optimizer rule =
        OptimizerOptions.parse(
            spec, MethodOptions.OPTIMIZER, method.optimizer, options.training.lr, LR, type);
    return options.settings(spec, rule, type);
  }

  private RunReport.Task task(Datasets.Loaded loaded, Settings settings) {
    String name = String.valueOf(data);
    Double fraction = validation.fraction;
    if (fraction == null) {
      return new RunReport.Task(name, loaded, loaded.split().train(), null, settings);
    }
    Dataset.Split rows =
        Usage.checked(
            spec,
            "--validation " + Decimal.text(fraction),
            () -> loaded.split().train().split(fraction, settings.seed()));
    return new RunReport.Task(name, loaded, rows.train(), rows.test(), settings);
  }

  /** The name of a data set, or of a file without its folder and the end of its name. */
  static String stem(String data) {
    return Datasets.stem(String.valueOf(Path.of(data).getFileName()));
  }

  private void checkOut() {
    Path out = output.out;
    if (out != null && Files.exists(out)) {
      throw exists(out);
    }
  }

  private ParameterException exists(Path out) {
    return Usage.wrong(spec, "--out %s exists already; name a new folder", out);
  }

  /** The interval of --checkpoint-every; null if not given. */
  private @Nullable Interval checkpointEvery() {
    String text = output.checkpointEvery;
    return text == null
        ? null
        : Usage.checked(spec, "--checkpoint-every " + text, () -> Interval.parse(text));
  }
}
