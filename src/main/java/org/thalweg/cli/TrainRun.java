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
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.model.Description;
import org.thalweg.plot.LearningCurve;
import org.thalweg.plot.Picture;
import org.thalweg.plot.Templates;
import org.thalweg.train.Interval;
import org.thalweg.train.Outcome;
import org.thalweg.train.Score;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;
import picocli.CommandLine;

/** What {@code thalweg train} prints and leaves while a trainer works. */
final class TrainRun implements AutoCloseable {
  private final PrintWriter print;
  private final PrintWriter err;
  private final boolean json;
  private final RunFolder folder;
  private final Trainer trainer;
  private final Task task;
  private final String device;
  private final Progress progress;
  private final PrintWriter metrics;
  private final long start = System.nanoTime();

  /**
   * What is trained.
   *
   * @param name of the data
   * @param rows those trained on
   * @param validation those scored after each epoch; null for none
   */
  record Task(
      String name,
      Datasets.Loaded data,
      Dataset rows,
      @Nullable Dataset validation,
      Settings settings) {}

  TrainRun(
      CommandLine command,
      boolean json,
      RunFolder folder,
      Trainer trainer,
      Task task,
      String device)
      throws IOException {
    this.print = command.getOut();
    this.err = command.getErr();
    this.json = json;
    this.folder = folder;
    this.trainer = trainer;
    this.task = task;
    this.device = device;
    progress = new Progress(err, !json);
    metrics =
        new PrintWriter(
            Files.newBufferedWriter(folder.file(RunFolder.METRICS), StandardCharsets.UTF_8));
  }

  /** Says what is going to be done. */
  void describe() {
    Dataset validation = task.validation;
    if (!json) {
      print.printf("device      %s%n", device);
      print.printf("data        %s: %d training rows", task.name, task.rows.rows());
      if (validation != null) {
        print.printf(", %d validation rows", validation.rows());
      }
      print.printf(", %d test rows%n", task.data.split().test().rows());
      print.printf("optimizer   %s%n", task.settings.optimizer());
      if (!trainer.history().isEmpty()) {
        print.printf("resumed     %s, after %d steps%n", folder, trainer.steps());
      }
      print.printf(
          "%nepoch      loss  accuracy%s%n",
          validation != null ? "  validation loss  accuracy" : "");
      print.flush();
    }
    metrics.println(
        "epoch,loss,accuracy,lr"
            + (validation != null ? ",validation_loss,validation_accuracy" : ""));
    trainer.history().forEach(this::record);
    metrics.flush();
  }

  /**
   * Trains, and leaves what there is to leave.
   *
   * @param every how often a checkpoint is asked for; null for never
   */
  void train(@Nullable Interval every) throws IOException {
    trainer.checkpoints(
        folder.file(RunFolder.CHECKPOINT),
        every == null ? new Interval(Long.MAX_VALUE, true) : every);
    CountDownLatch done = new CountDownLatch(1);
    Thread hook = new Thread(() -> stop(done));
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      Outcome outcome =
          trainer.train(
              new Trainer.Listener() {
                @Override
                public void epoch(Trainer.Epoch epoch) {
                  progress.clear();
                  print(epoch);
                  record(epoch);
                  metrics.flush();
                }

                @Override
                public void step(long steps, long of) {
                  progress.step(steps, of);
                }
              });
      progress.clear();
      if (outcome == Outcome.STOPPED) {
        err.printf(
            "thalweg: stopped after %d steps; to go on: thalweg train --resume %s%n",
            trainer.steps(), folder);
        err.flush();
        return;
      }
      finish(outcome);
      if (every == null) {
        Files.deleteIfExists(folder.file(RunFolder.CHECKPOINT));
      }
    } catch (RuntimeException | IOException e) {
      progress.clear();
      throw e;
    } finally {
      done.countDown();
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException itRuns) {
        // The process ends as soon as it is through.
      }
    }
  }

  /** When the process is told to end: it does not before the training is put away. */
  private void stop(CountDownLatch done) {
    trainer.stop();
    try {
      done.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void print(Trainer.Epoch epoch) {
    Score validation = epoch.validation();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("event", "epoch");
      object.put("epoch", epoch.number());
      object.put("loss", epoch.loss());
      object.put("accuracy", epoch.accuracy());
      object.put("lr", epoch.lr());
      if (validation != null) {
        object.put("validation_loss", validation.loss());
        object.put("validation_accuracy", validation.accuracy());
      }
      print.println(Environment.JSON.toJson(object));
    } else {
      print.printf(
          Locale.ROOT, "%5d  %8.6f  %8.4f", epoch.number(), epoch.loss(), epoch.accuracy());
      if (validation != null) {
        print.printf(Locale.ROOT, "  %15.6f  %8.4f", validation.loss(), validation.accuracy());
      }
      print.println();
    }
    print.flush();
  }

  private void record(Trainer.Epoch epoch) {
    Score validation = epoch.validation();
    metrics.print(
        "%d,%s,%s,%s".formatted(epoch.number(), epoch.loss(), epoch.accuracy(), epoch.lr()));
    if (validation != null) {
      metrics.print(",%s,%s".formatted(validation.loss(), validation.accuracy()));
    }
    metrics.println();
  }

  private void finish(Outcome outcome) throws IOException {
    Score train = trainer.score(task.rows);
    Score test = trainer.score(task.data.split().test());
    double seconds = (System.nanoTime() - start) * 1e-9;
    String crc = "%08x".formatted(trainer.model().crc32());
    trainer.model().save(folder.file(RunFolder.MODEL), description(), true);
    List<String> pictures = new ArrayList<>();
    if (!trainer.history().isEmpty()) {
      draw(RunFolder.CURVE, curve(), pictures);
    }
    draw(
        RunFolder.TEMPLATES,
        new Templates(trainer.model().weights(), task.data.classes(), task.data.shape()),
        pictures);
    int epochs = trainer.history().size();
    if (json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("event", "done");
      object.put("device", device);
      object.put("model", folder.file(RunFolder.MODEL).toString());
      object.put("epochs", epochs);
      object.put("steps", trainer.steps());
      object.put("outcome", outcome.name().toLowerCase(Locale.ROOT));
      object.put("train_loss", train.loss());
      object.put("train_accuracy", train.accuracy());
      object.put("test_loss", test.loss());
      object.put("test_accuracy", test.accuracy());
      object.put("seconds", seconds);
      object.put("weights_crc32", crc);
      print.println(Environment.JSON.toJson(object));
    } else {
      print.println();
      if (outcome == Outcome.PATIENCE) {
        print.printf("stopped     after epoch %d: the validation loss fell no more%n", epochs);
      }
      print.printf(
          Locale.ROOT, "training    loss %.6f, accuracy %.4f%n", train.loss(), train.accuracy());
      print.printf(
          Locale.ROOT, "test        loss %.6f, accuracy %.4f%n", test.loss(), test.accuracy());
      print.printf("weights     crc32 %s, saved as %s%n", crc, folder.file(RunFolder.MODEL));
      print.printf("beside it   metrics.csv%s%n", String.join("", pictures));
      print.printf(Locale.ROOT, "time        %.2f s%n", seconds);
    }
    print.flush();
  }

  private Description description() {
    return new Description(
        task.data.classes(),
        task.data.shape(),
        task.rows.values() instanceof Dataset.Bytes bytes ? bytes.scale() : 1,
        task.settings.centre() ? task.rows.means() : null,
        task.settings.loss());
  }

  private LearningCurve curve() {
    List<LearningCurve.Curve> curves = new ArrayList<>();
    curves.add(
        new LearningCurve.Curve(
            "training", series(Trainer.Epoch::loss), series(Trainer.Epoch::accuracy)));
    if (task.validation != null) {
      curves.add(
          new LearningCurve.Curve(
              "validation",
              series(epoch -> Objects.requireNonNull(epoch.validation()).loss()),
              series(epoch -> Objects.requireNonNull(epoch.validation()).accuracy())));
    }
    return new LearningCurve(curves);
  }

  private double[] series(ToDoubleFunction<Trainer.Epoch> measure) {
    return trainer.history().stream().mapToDouble(measure).toArray();
  }

  private void draw(String name, Picture picture, List<String> drawn) {
    if (folder.draw(name, picture, err)) {
      drawn.add(", " + name);
    }
  }

  @Override
  public void close() {
    metrics.close();
  }
}
