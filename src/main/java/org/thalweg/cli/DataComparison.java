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
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.thalweg.compare.RateSearch;
import org.thalweg.compare.Training;
import org.thalweg.data.Datasets;
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
          new Column("loss", true, Training::train),
          new Column("accuracy", false, Training::train),
          new Column("test loss", true, Training::test),
          new Column("accuracy", false, Training::test));

  private final PrintWriter print;
  private final PrintWriter err;
  private final boolean json;
  private final Settings settings;
  private final Map<String, RateSearch> rules;
  private final String names;

  /** A column of the table; of a loss, the smallest is the best. */
  private record Column(String title, boolean loss, Function<Training, @Nullable Score> part) {
    /** As wide as its title, or as a number. */
    String format() {
      return " %" + Math.max(8, title.length()) + "s";
    }

    double of(Training training) {
      Score score = Objects.requireNonNull(part.apply(training));
      return loss ? score.loss() : score.accuracy();
    }

    String cell(Training own, List<Training> finished) {
      boolean best =
          finished.stream().allMatch(one -> loss ? of(own) <= of(one) : of(own) >= of(one));
      return (best ? "*" : "")
          + (loss ? RunReport.text(of(own), 4) : String.format(Locale.ROOT, "%.4f", of(own)));
    }
  }

  /**
   * Prepares a comparison.
   *
   * @param settings but for the optimizer
   * @param rules by their names
   */
  DataComparison(
      CommandLine command, boolean json, Settings settings, Map<String, RateSearch> rules) {
    print = command.getOut();
    err = command.getErr();
    this.json = json;
    this.settings = settings;
    this.rules = rules;
    names = OptimizerOptions.column(rules.keySet());
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
          DataReport.lines(loaded));
      print.flush();
    }
    Map<String, RateSearch.Found<Training>> found = train(opened, folder, loaded);
    Map<String, Training> trainings = new LinkedHashMap<>();
    found.forEach((name, one) -> trainings.put(name, one.best()));
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
          "time        of this training in seconds; the first are%n            longer, for Java"
              + " warms up%n");
      OptimizerOptions.tried(
          print,
          names,
          found,
          "the smallest loss on a fifth of the%n            training rows that was held out"
              .formatted());
      print.printf("left        %s: curves.csv%s%n", folder, drawn ? ", curves.png" : "");
    }
    print.flush();
  }

  private Map<String, RateSearch.Found<Training>> train(
      DeviceChoice.Opened opened, RunFolder folder, Datasets.Loaded loaded) throws IOException {
    Map<String, RateSearch.Found<Training>> found = new LinkedHashMap<>();
    ProgressBar progress = new ProgressBar(err, !json);
    long planned = rules.values().stream().mapToLong(one -> one.rates().size() + 1).sum();
    AtomicLong started = new AtomicLong();
    try (PrintWriter csv =
        new PrintWriter(Files.newBufferedWriter(folder.file(CURVES_CSV), StandardCharsets.UTF_8))) {
      csv.println("optimizer,epoch,loss,accuracy,lr");
      for (Map.Entry<String, RateSearch> one : rules.entrySet()) {
        String name = one.getKey();
        RateSearch.Found<Training> best =
            Training.best(
                opened.device(),
                loaded.split(),
                settings,
                one.getValue(),
                () -> {
                  long before = started.getAndIncrement();
                  return new Trainer.Listener() {
                    @Override
                    public void epoch(Trainer.Epoch epoch) {}

                    @Override
                    public void step(long done, long of) {
                      progress.step(before * of + done, Math.max(planned, before + 1) * of);
                    }
                  };
                });
        for (Trainer.Epoch epoch : best.best().epochs()) {
          csv.printf(
              "%s,%d,%s,%s,%s%n",
              quoted(name), epoch.number(), epoch.loss(), epoch.accuracy(), epoch.lr());
        }
        csv.flush();
        found.put(name, best);
        if (json) {
          print.println(Environment.JSON.toJson(object(name, best)));
          print.flush();
        }
      }
      if (csv.checkError()) {
        throw new IOException("the disk may be full");
      }
    } catch (IOException e) {
      throw folder.failed(CURVES_CSV, e);
    } finally {
      progress.close();
    }
    return found;
  }

  private void table(Map<String, Training> trainings) {
    List<Training> finished =
        trainings.values().stream().filter(one -> one.failure() == null).toList();
    print.printf(names + "  %5s", "optimizer", "lr");
    COLUMNS.forEach(column -> print.printf(column.format(), column.title));
    print.printf(" %6s%n", "time");
    trainings.forEach(
        (name, training) -> {
          print.printf(names + "  %5s", name, OptimizerOptions.lr(training.rule().lr()));
          if (training.failure() == null) {
            COLUMNS.forEach(
                column -> print.printf(column.format(), column.cell(training, finished)));
            print.printf(Locale.ROOT, " %6.2f%n", training.seconds());
          } else {
            print.printf("  %s%n", training.failure());
          }
        });
  }

  /** A name as a cell of a CSV file. */
  static String quoted(String name) {
    return name.contains(",") ? '"' + name + '"' : name;
  }

  private static Map<String, Object> object(String name, RateSearch.Found<Training> found) {
    Training training = found.best();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("event", "optimizer");
    object.put("optimizer", name);
    object.put("rule", training.rule().toString());
    object.put("lr", training.rule().lr());
    object.put("rates", found.tried().keySet());
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
