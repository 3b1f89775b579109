package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Columns;
import org.thalweg.data.DataException;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.loss.Losses;
import org.thalweg.model.Description;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.ModelFile;
import org.thalweg.model.Predictions;
import org.thalweg.model.Predictor;
import org.thalweg.numeric.ElementType;
import org.thalweg.plot.ConfusionMatrix;
import org.thalweg.train.Scorer;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code thalweg eval}. */
@Command(
    name = "eval",
    header = "Scores a model on a data set and prints its confusion matrix.",
    description = {
      "Prints the mean loss (without regularisation), the accuracy and the confusion matrix; of"
          + " more than 30 classes the most frequent confusions instead. With --json the counts are"
          + " a matrix, confusion, and for more than 100 classes a list, confusion_cells, of those"
          + " that are not 0.",
      "Exit code: 0 done, 1 failed, 2 wrong usage."
    },
    mixinStandardHelpOptions = true,
    footerHeading = "%nExample, after thalweg train digits%n",
    footer = "  thalweg eval runs/digits-1 digits",
    sortOptions = false,
    abbreviateSynopsis = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n")
final class EvalCommand implements Callable<Integer> {
  private static final String CONFUSION = "confusion.png";

  /** Which rows of the data set are scored. */
  enum Part {
    test,
    train,
    all
  }

  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description = "A model.safetensors, or the folder of its run.")
  private Path model = Path.of("");

  @Parameters(
      index = "1",
      paramLabel = "DATA",
      completionCandidates = DataOptions.Names.class,
      description = DataOptions.DATA)
  private String data = "";

  @ArgGroup(validate = false, heading = "%nData%n")
  private DataOptions source = new DataOptions();

  @Option(
      names = "--part",
      paramLabel = "PART",
      description =
          "The rows to score: ${COMPLETION-CANDIDATES}. Default: test. Training rows are all that"
              + " are no test rows: with those that --validation held out.")
  private Part part = Part.test;

  @ArgGroup(validate = false, heading = "%nDevice%n")
  private DeviceOptions device = new DeviceOptions();

  @ArgGroup(validate = false, heading = "%nOutput%n")
  private Output output = new Output();

  /** Options for the output. */
  static final class Output {
    @Option(names = "--json", description = "Prints one JSON object and nothing else.")
    private boolean json;

    @Option(
        names = "--out",
        paramLabel = "DIR",
        description = "A new folder for confusion.png. Default: no picture.")
    private @Nullable Path out;
  }

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Path out = output.out;
    if (out != null && Files.exists(out)) {
      throw new ParameterException(
          spec.commandLine(), "--out %s exists already; name a new folder".formatted(out));
    }
    Path file = PredictCommand.modelFile(model);
    Description description = ModelFile.describe(file);
    ElementType type = ModelFile.type(file);
    PredictCommand.checkSparse(data, model, description);
    int features = ModelFile.features(file);
    DataOptions.Known known =
        new DataOptions.Known(description.schema(), features, description.zeroBased());
    Datasets.Loaded loaded = source.load(data, Path.of(""), spec, type, output.json, known);
    Dataset.Split split = loaded.split();
    List<Dataset> parts =
        switch (part) {
          case test -> List.of(split.test());
          case train -> List.of(split.train());
          case all -> List.of(split.train(), split.test());
        };
    int[] names = names(loaded.classes(), description.classes(), parts);
    Columns columns = loaded.columns();
    int rows = parts.stream().mapToInt(Dataset::rows).sum();
    int[] truth = new int[rows];
    int[] predicted = new int[rows];
    double loss = 0;
    String where;
    int at = 0;
    try (DeviceChoice.Opened opened = device.open();
        LinearClassifier classifier = ModelFile.load(opened.device(), file)) {
      where = opened.toString();
      for (Dataset rowsOf : parts) {
        if (rowsOf.features() != classifier.features()) {
          throw new DataException(
              "%s has %d features%s, and %s takes %d"
                  .formatted(
                      data,
                      rowsOf.features(),
                      columns == null
                          ? ""
                          : " beside the label, which is " + columns.text(columns.label()),
                      file,
                      classifier.features()));
        }
        int[] labels = IntStream.of(rowsOf.labels()).map(label -> names[label]).toArray();
        Predictions predictions = new Predictor(classifier, description).predict(rowsOf.values());
        Dataset named =
            new Dataset(rowsOf.values(), labels, rowsOf.features(), classifier.classes());
        loss += Scorer.score(classifier, description, named).loss() * labels.length / rows;
        System.arraycopy(labels, 0, truth, at, labels.length);
        for (int row = 0; row < labels.length; row++) {
          predicted[at + row] = predictions.best(row);
        }
        at += labels.length;
      }
    }
    ConfusionMatrix confusion = ConfusionMatrix.of(truth, predicted, description.classes());
    print(where, loaded, rows, description, loss, confusion);
    if (out != null) {
      draw(out, confusion);
    }
    return 0;
  }

  /** For each class of the data that occurs, the model's class of that name. */
  private int[] names(List<String> data, List<String> model, List<Dataset> parts) {
    int[] names = data.stream().mapToInt(model::indexOf).toArray();
    for (Dataset rows : parts) {
      for (int label : rows.labels()) {
        if (names[label] < 0) {
          throw new DataException(
              "%s has a class \"%s\", and %s has none of that name: it has %s"
                  .formatted(this.data, data.get(label), this.model, Columns.listed(model)));
        }
      }
    }
    return names;
  }

  private void print(
      String where,
      Datasets.Loaded loaded,
      int rows,
      Description description,
      double loss,
      ConfusionMatrix confusion) {
    PrintWriter print = spec.commandLine().getOut();
    if (output.json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("event", "eval");
      object.put("device", where);
      object.put("model", model.toString());
      object.put("data", data);
      object.put("part", part);
      object.put("rows", rows);
      object.putAll(DataReport.json(data, loaded));
      object.put("loss", Environment.number(loss));
      object.put("accuracy", confusion.accuracy());
      object.put("classes", description.classes());
      int n = description.classes().size();
      if (n <= ConfusionMatrix.MANY) {
        object.put("confusion", confusion.counts(IntStream.range(0, n).toArray()));
      } else {
        object.put("confusion_cells", confusion.cells());
      }
      print.println(Environment.JSON.toJson(object));
    } else {
      print.printf("device      %s%n", where);
      print.printf("data        %s: %d rows (%s)%n", data, rows, part);
      print.print(DataReport.lines(loaded));
      print.printf(
          "%s%n",
          "result      %s loss %s, accuracy %.4f"
              .formatted(
                  Losses.text(description.loss()), RunReport.text(loss, 6), confusion.accuracy()));
      int width = Terminal.exists() ? Terminal.columns() : Integer.MAX_VALUE;
      print.printf("%n%s", confusion.text(width));
    }
    print.flush();
  }

  private void draw(Path out, ConfusionMatrix confusion) throws IOException {
    RunFolder folder = RunFolder.create(out, data);
    folder.fillOrLeaveNothing(
        () -> {
          PrintWriter err = spec.commandLine().getErr();
          if (folder.draw(CONFUSION, () -> confusion, err) && !output.json) {
            spec.commandLine().getOut().printf("%npicture     %s%n", folder.file(CONFUSION));
            spec.commandLine().getOut().flush();
          }
        });
  }
}
