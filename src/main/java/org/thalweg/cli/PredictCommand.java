package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Columns;
import org.thalweg.data.DataException;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.data.ImageFile;
import org.thalweg.model.Description;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.ModelFile;
import org.thalweg.model.Predictions;
import org.thalweg.model.Predictor;
import org.thalweg.plot.Plot;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code thalweg predict}. */
@Command(
    name = "predict",
    header = "Predicts the class of pictures, or of the rows of a file.",
    description = {
      "Prints a line for each: the file (and the row, from 1), the class, and its probability, or"
          + " of a model with a hinge loss its score.",
      "A picture is scaled to the shape that the model was trained on, and turned to grey if that"
          + " was. Digits of mnist and clothes of fashion-mnist are white on black: for dark ones"
          + " on white paper, use --invert.",
      "Exit code: 0 done, 1 failed, 2 wrong usage."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n",
    footerHeading = "%nExamples, after thalweg train digits and thalweg train iris%n",
    footer = {
      "  thalweg predict runs/digits-1 src/docs/three.png",
      "  thalweg predict runs/iris-1 src/docs/iris.csv --label species"
    })
final class PredictCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description = "A model.safetensors, or the folder of its run.")
  private Path model = Path.of("");

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "FILE",
      description =
          "PNG or JPEG pictures, or files of the features, in the order of training: CSV, .npy,"
              + " .npz or .safetensors.")
  private List<Path> files = List.of();

  @Option(
      names = "--label",
      paramLabel = "COLUMN",
      description =
          "A column of a CSV file that is left out, as it holds labels: its name, or its number"
              + " from 1.")
  private @Nullable String label;

  @Option(
      names = "--header",
      converter = DataOptions.HeaderConverter.class,
      paramLabel = "yes|no|auto",
      description = "Whether the first line of a CSV file is a header. Default: auto.")
  private Datasets.Header header = Datasets.Header.AUTO;

  @Option(names = "--invert", description = "Swaps black and white in pictures.")
  private boolean inverted;

  @ArgGroup(validate = false, heading = "%nDevice%n")
  private DeviceOptions device = new DeviceOptions();

  @Spec private CommandSpec spec;

  /**
   * The model file; of a folder, the one in it.
   *
   * @throws DataException if it can be none
   */
  static Path modelFile(Path model) {
    if (Files.isDirectory(model)) {
      Path file = model.resolve(RunFolder.MODEL);
      if (!Files.exists(file)) {
        throw new DataException(
            "%s: no such file; name the folder of a run that has ended".formatted(file));
      }
      return file;
    }
    String name = model.toString();
    boolean data = Datasets.isPath(name) && !name.endsWith(".safetensors");
    if (data || (Datasets.names().contains(name) && !Files.exists(model))) {
      throw new DataException(
          "%s: data, not a model; the first argument is the folder of a run, as runs/%s-1"
              .formatted(name, TrainCommand.stem(name)));
    }
    return model;
  }

  private record Rows(Path file, Dataset.Values values, boolean numbered) {}

  @Override
  public Integer call() throws IOException {
    Path file = modelFile(model);
    Description description = ModelFile.describe(file);
    PrintWriter print = spec.commandLine().getOut();
    try (DeviceChoice.Opened opened = device.open();
        LinearClassifier classifier = ModelFile.load(opened.device(), file)) {
      List<Rows> all = new ArrayList<>(); // all are read before the first line is printed
      for (Path path : files) {
        all.add(read(path, classifier, description));
      }
      for (Rows rows : all) {
        Predictions predictions = new Predictor(classifier, description).predict(rows.values);
        for (int row = 0; row < predictions.rows(); row++) {
          int best = predictions.best(row);
          print.printf(
              "%s%s  %s  %s%n",
              rows.file,
              rows.numbered ? ":" + (row + 1) : "",
              Plot.printable(description.classes().get(best)),
              description.loss().probabilistic()
                  ? "%.4f".formatted(predictions.probability(row, best))
                  : "score %.4f".formatted(predictions.score(row, best)));
        }
      }
    }
    print.flush();
    return 0;
  }

  private Rows read(Path path, LinearClassifier classifier, Description description) {
    int features = classifier.features();
    boolean matrix = Datasets.isMatrix(path.toString());
    if (matrix || Datasets.isCsv(path.toString())) {
      if (!matrix) {
        checkColumns(path, features);
      }
      Datasets.Unlabelled csv = Datasets.features(path, label, header, classifier.type());
      if (csv.features() != features) {
        throw new DataException(
            "%s has %d features, and %s takes %d".formatted(path, csv.features(), model, features));
      }
      PrintWriter err = spec.commandLine().getErr();
      err.printf(
          "thalweg: %s: %s; %s; %s%n",
          path,
          matrix ? "a matrix" : csv.header() ? "line 1 is a header" : "no header",
          DataReport.counted(csv.features(), "feature"),
          DataReport.counted((int) (csv.values().count() / features), "row"));
      err.flush();
      return new Rows(path, csv.values(), true);
    }
    Datasets.Shape shape = description.shape();
    if (shape == null) {
      throw new DataException(
          "%s: %s was not trained on pictures, but on %d features: give it a .csv file"
              .formatted(path, model, features));
    }
    return new Rows(
        path,
        new Dataset.Bytes(ImageFile.read(path, shape, inverted), description.scaling().scale()),
        false);
  }

  /** Checks that a CSV file has the columns that the model takes. */
  private void checkColumns(Path path, int features) {
    List<String> first = Datasets.firstLine(path);
    int found = first.size() - (label == null ? 0 : 1);
    if (found == features) {
      return;
    }
    throw new DataException(
        "%s: line 1: %d columns%s, and %s takes %d features; %s; line 1 holds %s"
            .formatted(
                path,
                found,
                label == null ? "" : " beside the label",
                model,
                features,
                found == features + 1 && label == null
                    ? "if one of them holds labels, leave it out with --label COLUMN"
                    : "name a file with the features that it was trained on, in their order",
                Columns.listed(first)));
  }
}
