package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.thalweg.compare.Training;
import org.thalweg.data.Datasets;
import org.thalweg.optim.Optimizer;
import org.thalweg.train.Score;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;
import picocli.CommandLine;

/** Runs {@code thalweg compare DATA}: prints the table and writes the files. */
final class DataComparison {
  private static final String CURVES_CSV = "curves.csv";
  private static final String CURVES = "curves.png";

  private static final List<Column> COLUMNS =
      List.of(
          new Column("training loss", true, Training::train),
          new Column("accuracy", false, Training::train),
          new Column("test loss", true, Training::test),
          new Column("accuracy", false, Training::test));

  private final PrintWriter print;
  private final PrintWriter err;
  private final boolean json;
  private final Map<String, Settings> each;
  private final String names;

  /** A column of the table; of a loss, the smallest is the best. */
  private record Column(String title, boolean loss, Function<Training, @Nullable Score> part) {
    double of(Training training) {
      Score score = Objects.requireNonNull(part.apply(training));
      return loss ? score.loss() : score.accuracy();
    }

    String cell(Training own, List<Training> finished) {
      boolean best =
          finished.stream().allMatch(one -> loss ? of(own) <= of(one) : of(own) >= of(one));
      return (best ? "*" : "")
          + (loss ? RunReport.text(of(own), 6) : String.format(Locale.ROOT, "%.4f", of(own)));
    }
  }

  /**
   * Prepares a comparison.
   *
   * @param each the settings by the optimizer's name
   */
  DataComparison(CommandLine command, boolean json, Map<String, Settings> each) {
    print = command.getOut();
    err = command.getErr();
    this.json = json;
    this.each = each;
    names = OptimizerOptions.column(each.keySet());
  }

  void run(DeviceChoice.Opened opened, RunFolder folder, String data, Datasets.Loaded loaded)
      throws IOException {
    if (!json) {
      print.printf("device      %s%n", opened);
      print.printf(
          "data        %s: %d training rows, %d test rows%n%s%n",
          data,
          loaded.split().train().rows(),
          loaded.split().test().rows(),
          DataReport.line(loaded));
      print.flush();
    }
    Map<String, Training> trainings = train(opened, folder, loaded);
    if (!json) {
      table(trainings);
    }
    boolean drawn =
        trainings.values().stream().anyMatch(training -> !training.epochs().isEmpty())
            && folder.draw(CURVES, () -> Training.curves(trainings), err);
    if (json) {
      Map<String, Object> done = new LinkedHashMap<>();
      done.put("event", "done");
      done.put("device", opened.toString());
      done.put("data", data);
      done.putAll(DataReport.json(data, loaded));
      done.put("folder", folder.toString());
      print.println(Environment.JSON.toJson(done));
    } else {
      print.printf("%n*           the best of its column%n");
      print.printf(
          "seconds     with the scores; the first optimizers' are longer, for Java warms up%n");
      print.printf("left        %s: curves.csv%s%n", folder, drawn ? ", curves.png" : "");
    }
    print.flush();
  }

  private Map<String, Training> train(
      DeviceChoice.Opened opened, RunFolder folder, Datasets.Loaded loaded) throws IOException {
    Map<String, Training> trainings = new LinkedHashMap<>();
    ProgressBar progress = new ProgressBar(err, !json);
    try (PrintWriter csv =
        new PrintWriter(Files.newBufferedWriter(folder.file(CURVES_CSV), StandardCharsets.UTF_8))) {
      csv.println("optimizer,epoch,loss,accuracy,lr");
      for (Map.Entry<String, Settings> one : each.entrySet()) {
        Training training =
            Training.of(
                opened.device(),
                loaded.split(),
                one.getValue(),
                new Trainer.Listener() {
                  @Override
                  public void epoch(Trainer.Epoch epoch) {
                    csv.printf(
                        "%s,%d,%s,%s,%s%n",
                        one.getKey(), epoch.number(), epoch.loss(), epoch.accuracy(), epoch.lr());
                    csv.flush();
                  }

                  @Override
                  public void step(long done, long of) {
                    progress.step(trainings.size() * of + done, each.size() * of);
                  }
                });
        trainings.put(one.getKey(), training);
        if (json) {
          print.println(Environment.JSON.toJson(object(one.getKey(), one.getValue(), training)));
          print.flush();
        }
      }
      if (csv.checkError()) {
        throw new IOException(folder.file(CURVES_CSV) + ": cannot be written");
      }
    } finally {
      progress.clear();
    }
    return trainings;
  }

  private void table(Map<String, Training> trainings) {
    List<Training> finished =
        trainings.values().stream().filter(one -> one.failure() == null).toList();
    print.printf(names + "  %7s", "optimizer", "lr");
    COLUMNS.forEach(column -> print.printf("  %13s", column.title));
    print.printf("  %7s%n", "seconds");
    trainings.forEach(
        (name, training) -> {
          Optimizer rule = Objects.requireNonNull(each.get(name)).optimizer();
          print.printf(names + "  %7s", name, OptimizerOptions.lr(rule));
          if (training.failure() == null) {
            COLUMNS.forEach(column -> print.printf("  %13s", column.cell(training, finished)));
            print.printf(Locale.ROOT, "  %7.2f%n", training.seconds());
          } else {
            print.printf("  %s%n", training.failure());
          }
        });
  }

  private static Map<String, Object> object(String name, Settings settings, Training training) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("event", "optimizer");
    object.put("optimizer", name);
    object.put("rule", settings.optimizer().toString());
    object.put("lr", settings.optimizer().lr());
    object.put("epochs", training.epochs().size());
    Score train = training.train();
    Score test = training.test();
    if (train != null && test != null) {
      object.put("train_loss", train.loss());
      object.put("train_accuracy", train.accuracy());
      object.put("test_loss", test.loss());
      object.put("test_accuracy", test.accuracy());
    }
    object.put("seconds", training.seconds());
    if (training.failure() != null) {
      object.put("failure", training.failure());
    }
    return object;
  }
}
