package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Columns;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.model.Description;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.ModelFile;
import org.thalweg.model.Scaling;
import org.thalweg.plot.Picture;
import org.thalweg.plot.Templates;
import org.thalweg.train.Score;
import org.thalweg.train.Scorer;
import org.thalweg.train.Settings;
import picocli.CommandLine;

/**
 * Prints the beginning and the end of {@code thalweg train}, and writes the files that every method
 * leaves.
 */
final class RunReport implements AutoCloseable {
  /** How long the process waits for a step when it is told to end, in milliseconds. */
  private static final long LONGEST_STEP = Long.getLong("thalweg.longestStep", 400);

  final PrintWriter print;
  final PrintWriter err;
  final boolean json;
  final RunFolder folder;
  final Task task;
  final ProgressBar progress;
  final PrintWriter metrics;
  private final String device;
  private final long start = System.nanoTime();
  private @Nullable Scaling scaling;

  /**
   * What is trained, and on which rows.
   *
   * @param name of the data
   * @param rows the training rows
   * @param validation the rows scored after each epoch; null for none
   */
  record Task(
      String name,
      Datasets.Loaded data,
      Dataset rows,
      @Nullable Dataset validation,
      Settings settings) {}

  RunReport(CommandLine command, boolean json, RunFolder folder, Task task, String device)
      throws IOException {
    this.print = command.getOut();
    this.err = command.getErr();
    this.json = json;
    this.folder = folder;
    this.task = task;
    this.device = device;
    progress = new ProgressBar(err, !json);
    metrics =
        new PrintWriter(
            Files.newBufferedWriter(folder.file(RunFolder.METRICS), StandardCharsets.UTF_8));
  }

  /** Prints what is going to be done. Not called with --json. */
  void describe(String kind, String rule) {
    Dataset validation = task.validation;
    print.printf("device      %s%n", device);
    print.printf("data        %s: %d training rows", task.name, task.rows.rows());
    if (validation != null) {
      print.printf(", %d validation rows", validation.rows());
    }
    print.printf(", %d test rows%n", task.data.split().test().rows());
    print.print(DataReport.lines(task.data));
    print.printf("%-11s %s%n", kind, rule);
  }

  /**
   * Does the work. If the process is told to end meanwhile, it waits until the work has stopped and
   * been saved; but not through a step that takes longer than people wait.
   *
   * @param stop asks the work to stop, from another thread
   */
  void stoppable(Runnable stop, RunFolder.Work work) throws IOException {
    CountDownLatch done = new CountDownLatch(1);
    Thread hook =
        new Thread(
            () -> {
              stop.run();
              try {
                boolean stopped = done.await(LONGEST_STEP, TimeUnit.MILLISECONDS);
                while (!stopped && folder.isWriting()) {
                  stopped = done.await(LONGEST_STEP, TimeUnit.MILLISECONDS);
                }
                if (!stopped) {
                  abandon();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    Runtime.getRuntime().addShutdownHook(hook);
    folder.stoppable();
    try {
      work.run();
    } finally {
      folder.unlock(); // before the process may end
      done.countDown();
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException itRuns) {
        // The process is ending already.
      }
    }
  }

  private void abandon() {
    progress.close();
    String kept = "nothing was saved";
    if (folder.has(RunFolder.CHECKPOINT)) {
      kept = "to continue from the one before: thalweg train --resume " + folder;
    } else if (folder.has(RunFolder.MODEL)) {
      kept = "the model was saved before, as " + folder.file(RunFolder.MODEL);
    }
    err.printf("thalweg: stopped in the middle of a long step; %s%n", kept);
    err.flush();
    folder.end();
  }

  /** Saves the model, in place of one that was saved before. */
  void save(LinearClassifier model) throws IOException {
    ModelFile.save(model, folder.file(RunFolder.MODEL), description(), true);
  }

  /** How the features are scaled; computed once, as that reads all training rows. */
  Scaling scaling() {
    Scaling known = scaling;
    if (known == null) {
      known = task.settings.normalisation().of(task.rows);
      scaling = known;
    }
    return known;
  }

  /** The description that is saved with the model. */
  Description description() {
    Columns columns = task.data.columns();
    return new Description(
        task.data.classes(),
        task.data.shape(),
        scaling(),
        task.settings.loss(),
        columns == null ? null : columns.schema(),
        task.data.zeroBased());
  }

  /**
   * Saves the model and its pictures, and prints the result.
   *
   * @param curve from the score of the test rows; null if nothing was measured
   * @param counts entries for the JSON object
   * @param said lines for the text output
   */
  void finish(
      LinearClassifier model,
      @Nullable Function<Score, Picture> curve,
      Map<String, Object> counts,
      List<String> said)
      throws IOException {
    String crc = "%08x".formatted(model.crc32());
    Description description = description();
    save(model);
    progress.say("scoring the rows");
    Score train = Scorer.score(model, description, task.rows);
    Score test = Scorer.score(model, description, task.data.split().test());
    double penalty = model.penalty(task.settings.l1(), task.settings.l2());
    double seconds = (System.nanoTime() - start) * 1e-9;
    progress.close();
    if (metrics.checkError()) {
      err.printf("thalweg: warning: metrics.csv is incomplete: it could not be written%n");
      err.flush();
    }
    List<String> pictures = new ArrayList<>();
    if (curve != null) {
      draw(RunFolder.CURVE, () -> curve.apply(test), pictures);
    }
    draw(
        RunFolder.TEMPLATES,
        () -> new Templates(model.weights(), task.data.classes(), task.data.shape()),
        pictures);
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("event", "done");
      object.put("device", device);
      object.put("model", folder.file(RunFolder.MODEL).toString());
      object.putAll(DataReport.json(task.name, task.data));
      object.putAll(counts);
      object.put("train_loss", Environment.number(train.loss()));
      object.put("train_accuracy", train.accuracy());
      object.put("objective", Environment.number(train.loss() + penalty));
      object.put("test_loss", Environment.number(test.loss()));
      object.put("test_accuracy", test.accuracy());
      object.put("seconds", seconds);
      object.put("weights_crc32", crc);
      print.println(Environment.JSON.toJson(object));
    } else {
      print.println();
      said.forEach(print::println);
      print(train, "training");
      print(test, "test");
      if (penalty != 0) {
        print.printf(
            "objective   %s: the training loss and a penalty of %s%n",
            text(train.loss() + penalty, 6), text(penalty, 6));
      }
      print.printf("weights     crc32 %s, saved as %s%n", crc, folder.file(RunFolder.MODEL));
      print.printf("beside it   metrics.csv%s%n", String.join("", pictures));
      print.printf(Locale.ROOT, "time        %.2f s%n", seconds);
    }
    print.flush();
  }

  /**
   * Saves the model of a run that was told to stop, without what takes longer: scores, pictures.
   */
  void stopped(LinearClassifier model, Map<String, Object> counts, List<String> said)
      throws IOException {
    String crc = "%08x".formatted(model.crc32());
    save(model);
    progress.close();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("event", "done");
      object.put("device", device);
      object.put("model", folder.file(RunFolder.MODEL).toString());
      object.putAll(counts);
      object.put("weights_crc32", crc);
      print.println(Environment.JSON.toJson(object));
    } else {
      print.println();
      said.forEach(print::println);
      print.printf("weights     crc32 %s, saved as %s%n", crc, folder.file(RunFolder.MODEL));
    }
    print.flush();
  }

  private void print(Score score, String what) {
    print.printf(
        Locale.ROOT,
        "%-11s loss %s, accuracy %.4f%n",
        what,
        text(score.loss(), 6),
        score.accuracy());
  }

  /** A loss with this number of decimals. */
  static String text(double loss, int digits) {
    return String.format(Locale.ROOT, "%." + digits + (loss < 1e6 ? "f" : "e"), loss);
  }

  private void draw(String name, Supplier<Picture> picture, List<String> drawn) {
    if (folder.draw(name, picture, err)) {
      drawn.add(", " + name);
    }
  }

  @Override
  public void close() {
    progress.close();
    metrics.close();
  }
}
