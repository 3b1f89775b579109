package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.CsvOptions;
import org.thalweg.data.DataException;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.data.ImageFile;
import org.thalweg.data.LibsvmOptions;
import org.thalweg.model.Description;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.ModelFile;
import org.thalweg.model.Predictions;
import org.thalweg.model.Predictor;
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
          + " of a model with a hinge loss its score. Of a CSV file the columns that the model does"
          + " not take are left out, and named.",
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
      "  thalweg predict runs/iris-1 src/docs/iris.csv --format csv"
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
          "PNG or JPEG pictures, CSV files (- is standard input), whose columns are found by the"
              + " names that they had in training, or by their order where there is no header, or"
              + " .npy, .npz or .safetensors files, or LIBSVM files (.svm, .libsvm, .svmlight),"
              + " whose labels are not looked at.")
  private List<String> files = List.of();

  @Option(names = "--invert", description = "Swaps black and white in pictures.")
  private boolean inverted;

  @ArgGroup(validate = false, heading = "%nCSV files%n")
  private Table table = new Table();

  /** How a CSV file is read. */
  static final class Table {
    @Option(
        names = "--label",
        paramLabel = "COLUMN",
        description =
            "A column of a CSV file that is left out, as it holds labels: its name, or its number"
                + " from 1. Default: the one of the name that it had in training, if there is one.")
    private @Nullable String label;

    @Option(
        names = "--header",
        paramLabel = "yes|no|auto",
        description = "Whether the first line of a CSV file is a header. Default: auto.")
    private Datasets.Header header = Datasets.Header.AUTO;

    @ArgGroup(validate = false)
    private CsvFormat format = new CsvFormat();

    CsvOptions options() {
      return new CsvOptions(
          label,
          header,
          format.separator(),
          format.decimal(),
          List.of(),
          List.of(),
          null,
          false,
          null);
    }
  }

  @ArgGroup(validate = false, heading = "%nDevice%n")
  private DeviceOptions device = new DeviceOptions();

  @ArgGroup(validate = false, heading = "%nOutput%n")
  private Output output = new Output();

  /** Options for the output. */
  static final class Output {
    @Option(
        names = "--format",
        paramLabel = "FORMAT",
        description =
            "${COMPLETION-CANDIDATES}. Of each row, text has the class and its probability, csv and"
                + " json (an object on each line) those of all classes. Default: text.")
    private PredictionWriter.Format format = PredictionWriter.Format.text;

    @Option(
        names = "--out",
        paramLabel = "FILE",
        description = "A new file for the predictions. Default: standard output.")
    private @Nullable Path out;
  }

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

  /**
   * Checks that a model leaves the zeros of sparse rows as they are.
   *
   * @throws DataException if it does not
   */
  static void checkSparse(String data, Path model, Description description) {
    if (Datasets.isSparse(data) && description.scaling().means() != null) {
      throw new DataException(
          "%s: sparse rows, of which %s, which centres the features, would use the zeros too"
              .formatted(data, model));
    }
  }

  private record Rows(String file, Dataset.Values values, boolean numbered) {}

  @Override
  public Integer call() throws IOException {
    Path out = output.out;
    if (out != null && Files.exists(out)) {
      throw Usage.wrong(spec, "--out %s exists already; name a new file", out);
    }
    Path file = modelFile(model);
    Description description = ModelFile.describe(file);
    try (DeviceChoice.Opened opened = device.open();
        LinearClassifier classifier = ModelFile.load(opened.device(), file)) {
      List<Rows> all = new ArrayList<>(); // all are read before the first line is printed
      for (String path : files) {
        all.add(read(path, classifier, description));
      }
      PrintWriter print = spec.commandLine().getOut();
      try (PredictionWriter writer =
          PredictionWriter.open(output.format, out, print, description)) {
        for (Rows rows : all) {
          Predictions predictions = new Predictor(classifier, description).predict(rows.values);
          writer.write(rows.file, rows.numbered, predictions);
        }
        writer.done();
      }
    }
    return 0;
  }

  private Rows read(String path, LinearClassifier classifier, Description description) {
    int features = classifier.features();
    boolean matrix = Datasets.isMatrix(path);
    boolean sparse = Datasets.isSparse(path);
    checkSparse(path, model, description);
    if (Datasets.isPath(path)) {
      Datasets.Unlabelled read =
          sparse
              ? Datasets.sparseFeatures(
                  path,
                  new LibsvmOptions(description.zeroBased(), features, "the model", true),
                  classifier.type())
              : Datasets.features(path, table.options(), classifier.type(), description.schema());
      if (read.features() != features) {
        throw new DataException(
            "%s has %d features, and %s takes %d%s"
                .formatted(
                    path,
                    read.features(),
                    model,
                    features,
                    matrix || table.label != null
                        ? ""
                        : "; if one of its columns holds labels, leave it out with --label"));
      }
      PrintWriter err = spec.commandLine().getErr();
      List<String> leftOut = read.leftOut();
      err.printf(
          "thalweg: %s: %s; %s; %s%s%n",
          path,
          matrix
              ? "a matrix"
              : sparse ? "sparse rows" : read.header() ? "line 1 is a header" : "no header",
          DataReport.counted(features, "feature"),
          DataReport.counted((int) (read.values().count() / features), "row"),
          leftOut.isEmpty() ? "" : "; left out: " + DataReport.some(leftOut));
      err.flush();
      return new Rows(path, read.values(), true);
    }
    Datasets.Shape shape = description.shape();
    if (shape == null) {
      throw new DataException(
          "%s: %s was not trained on pictures, but on %d features: give it a .csv file"
              .formatted(path, model, features));
    }
    byte[] pixels = ImageFile.read(Path.of(path), shape, inverted);
    return new Rows(path, new Dataset.Bytes(pixels, description.scaling().scale()), false);
  }
}
