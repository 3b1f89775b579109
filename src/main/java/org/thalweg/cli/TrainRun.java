package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.thalweg.optim.Optimizers;
import org.thalweg.plot.LearningCurve;
import org.thalweg.train.Outcome;
import org.thalweg.train.Score;
import org.thalweg.train.Trainer;

/**
 * {@code thalweg train} by minibatches: runs a trainer, prints its progress and writes the files.
 */
final class TrainRun {
  private final RunReport report;
  private final Trainer trainer;
  private final PrintWriter print;
  private final boolean validated;

  TrainRun(RunReport report, Trainer trainer) {
    this.report = report;
    this.trainer = trainer;
    print = report.print;
    validated = report.task.validation() != null;
  }

  /**
   * Trains and writes the files.
   *
   * @param once whether to delete the checkpoint at the end
   */
  void run(boolean once) throws IOException {
    describe();
    report.stoppable(trainer::stop, () -> train(once));
  }

  private void describe() {
    if (!report.json) {
      report.describe("optimizer", Optimizers.text(report.task.settings().optimizer()));
      if (!trainer.history().isEmpty()) {
        print.printf("resumed     %s, after %d steps%n", report.folder, trainer.steps());
      }
      print.printf(
          "%nepoch      loss  accuracy%s%n", validated ? "  validation loss  accuracy" : "");
      print.flush();
    }
    report.metrics.println(
        "epoch,loss,accuracy,lr" + (validated ? ",validation_loss,validation_accuracy" : ""));
    trainer.history().forEach(this::record);
    report.metrics.flush();
  }

  /**
   * Trains; the process may be told to end meanwhile.
   *
   * @param once whether to delete the checkpoint at the end
   */
  private void train(boolean once) throws IOException {
    report.progress.step(trainer.steps(), trainer.stepsInAll());
    Outcome outcome =
        trainer.train(
            new Trainer.Listener() {
              @Override
              public void epoch(Trainer.Epoch epoch) {
                report.progress.clear();
                print(epoch);
                record(epoch);
                report.metrics.flush();
              }

              @Override
              public void step(long steps, long of) {
                report.progress.step(steps, of);
              }
            });
    report.progress.clear();
    if (outcome == Outcome.STOPPED) {
      report.err.printf(
          "thalweg: stopped after %d steps; to continue: thalweg train --resume %s%n",
          trainer.steps(), report.folder);
      report.err.flush();
      return;
    }
    finish(outcome);
    if (once) {
      Files.deleteIfExists(report.folder.file(RunFolder.CHECKPOINT));
    }
  }

  private void print(Trainer.Epoch epoch) {
    Score validation = epoch.validation();
    if (report.json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("event", "epoch");
      object.put("epoch", epoch.number());
      object.put("loss", epoch.loss());
      object.put("accuracy", epoch.accuracy());
      object.put("lr", epoch.lr());
      if (validation != null) {
        object.put("validation_loss", Environment.number(validation.loss()));
        object.put("validation_accuracy", validation.accuracy());
      }
      print.println(Environment.JSON.toJson(object));
    } else {
      print.printf(
          Locale.ROOT,
          "%5d  %8s  %8.4f",
          epoch.number(),
          RunReport.text(epoch.loss(), 6),
          epoch.accuracy());
      if (validation != null) {
        print.printf(
            Locale.ROOT,
            "  %15s  %8.4f",
            RunReport.text(validation.loss(), 6),
            validation.accuracy());
      }
      print.println();
    }
    print.flush();
  }

  private void record(Trainer.Epoch epoch) {
    Score validation = epoch.validation();
    report.metrics.print(
        "%d,%s,%s,%s".formatted(epoch.number(), epoch.loss(), epoch.accuracy(), epoch.lr()));
    if (validation != null) {
      report.metrics.print(",%s,%s".formatted(validation.loss(), validation.accuracy()));
    }
    report.metrics.println();
  }

  private void finish(Outcome outcome) throws IOException {
    int epochs = trainer.history().size();
    Map<String, Object> counts = new LinkedHashMap<>();
    counts.put("epochs", epochs);
    counts.put("steps", trainer.steps());
    counts.put("outcome", outcome.name().toLowerCase(Locale.ROOT));
    List<String> said = new ArrayList<>();
    if (outcome == Outcome.PATIENCE) {
      said.add(
          "stopped     after epoch %d: the validation loss no longer decreased".formatted(epochs));
    }
    trainer
        .best()
        .ifPresent(
            best -> {
              counts.put("best_epoch", best.number());
              said.add(
                  "kept        epoch %d, of smallest validation loss".formatted(best.number()));
            });
    report.finish(trainer.model(), epochs == 0 ? null : this::curve, counts, said);
  }

  /** The test rows were scored once, with the weights that were kept. */
  private LearningCurve curve(Score test) {
    List<LearningCurve.Curve> curves = new ArrayList<>();
    curves.add(
        new LearningCurve.Curve(
            "training", series(Trainer.Epoch::loss), series(Trainer.Epoch::accuracy)));
    if (validated) {
      curves.add(
          new LearningCurve.Curve(
              "validation",
              series(epoch -> Objects.requireNonNull(epoch.validation()).loss()),
              series(epoch -> Objects.requireNonNull(epoch.validation()).accuracy())));
    }
    int kept = trainer.best().map(Trainer.Epoch::number).orElse(trainer.history().size());
    curves.add(LearningCurve.Curve.once("test", kept, test.loss(), test.accuracy()));
    return new LearningCurve(curves);
  }

  private double[] series(ToDoubleFunction<Trainer.Epoch> measure) {
    return trainer.history().stream().mapToDouble(measure).toArray();
  }
}
