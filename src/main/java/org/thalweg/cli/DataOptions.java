package org.thalweg.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Columns;
import org.thalweg.data.CsvOptions;
import org.thalweg.data.DataException;
import org.thalweg.data.Datasets;
import org.thalweg.data.LibsvmOptions;
import org.thalweg.data.Schema;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options for the data set: where labelled rows come from. */
final class DataOptions {
  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description =
          "The folder with the files of a data set that is not in the jar. Default for"
              + " fashion-mnist: where Debian's package puts them.")
  private @Nullable Path folder;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description =
          "The labels of a matrix's rows: an array like it, a CSV file (of whose columns --label"
              + " names one), or a text file with a label on each line.")
  private @Nullable Path labels;

  @Option(
      names = "--label",
      paramLabel = "COLUMN",
      description =
          "The label column of a CSV file: its name, or its number from 1. Default: the last.")
  private @Nullable String label;

  @Option(
      names = "--header",
      paramLabel = "yes|no|auto",
      description =
          "Whether the first line of a CSV file is a header. Default: auto, which takes it for one"
              + " if it has text in a column of numbers, or if --label is a name.")
  private Datasets.Header header = Datasets.Header.AUTO;

  @Option(
      names = "--test",
      paramLabel = "FILE",
      description =
          "The rows for testing, in a file like that of the others, which are then all for"
              + " training.")
  private @Nullable String test;

  @Option(
      names = "--test-labels",
      paramLabel = "FILE",
      description = "The labels of --test, where --labels names those of the others.")
  private @Nullable Path testLabels;

  @Option(
      names = "--split",
      paramLabel = "FRACTION",
      description =
          "The fraction of a file's rows that is for testing, of each class alike. Default: a"
              + " fifth, drawn from all rows.")
  private @Nullable Double fraction;

  @Option(
      names = "--split-seed",
      paramLabel = "N",
      description = "Another seed draws other rows by --split. Default: 0.")
  private @Nullable Long splitSeed;

  @ArgGroup(validate = false)
  private CsvFormat format = new CsvFormat();

  @Option(
      names = "--ignore",
      paramLabel = "COLUMNS",
      description =
          "Columns of a CSV file that are left out: names, or numbers from 1, separated by commas.")
  private @Nullable String ignore;

  @Option(
      names = "--categories",
      paramLabel = "COLUMNS",
      description =
          "Columns of a CSV file whose numbers are categories, as those of text are: each is a"
              + " feature that is 0 or 1.")
  private @Nullable String categories;

  @Option(
      names = "--missing",
      paramLabel = "error|mean|row",
      description =
          "What is done about missing values of a CSV file (empty, NA, NaN, null or ?): an error,"
              + " the mean of the training rows (for text a category of its own), or the row is"
              + " left out. Default: error.")
  private CsvOptions.@Nullable Missing missing;

  @Option(
      names = "--many-classes",
      description =
          "Takes labels of a CSV or LIBSVM file that seem to be no classes: about as many values as"
              + " rows, or numbers that are not whole.")
  private boolean manyClasses;

  @Option(names = "--zero-based", description = "Indices of a LIBSVM file begin at 0; default: 1.")
  private boolean zeroBased;

  /** Help text for a DATA parameter whose candidates are {@link Names}. */
  static final String DATA =
      "${COMPLETION-CANDIDATES} (digits and iris are in the jar), or a path that ends in .csv,"
          + " .tsv, .tab, .txt or .data, with .gz or without: one row of data on each line (- is"
          + " standard input); or in .npy, .npz or .safetensors: a matrix, with --labels"
          + " (file.npz#name is one of several arrays; a * in the quoted name means several files,"
          + " one below the other); or in .svm, .libsvm or .svmlight, with .gz or without: sparse"
          + " rows, label index:value .. on each line. A fifth of a file's rows, always the same,"
          + " is for testing, unless --split or --test says otherwise.";

  /** The names that the help lists: the registry. */
  static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Datasets.names().iterator();
    }
  }

  /**
   * Reads the data and prints warnings about it.
   *
   * @param base the folder that relative paths are relative to
   * @param type in which they will be used
   * @param json whether the warnings are left to {@link DataReport#json}
   * @throws ParameterException if there is no such data set, or an option does not go with it
   * @throws DataException if a file is missing or is not what it should be
   */
  Datasets.Loaded load(
      @Nullable String data,
      Path base,
      CommandSpec spec,
      ElementType type,
      boolean json,
      WeightOptions weights) {
    return weights.weigh(load(data, base, spec, type, json, weights.in(csv(spec)), null), spec);
  }

  /**
   * What a model knows of its rows.
   *
   * @param schema their columns; null if they were of no CSV file
   * @param features how many they have
   * @param zeroBased whether the indices of their LIBSVM file begin at 0
   */
  record Known(@Nullable Schema schema, int features, boolean zeroBased) {}

  /**
   * As {@link #load(String, Path, CommandSpec, ElementType, boolean, WeightOptions)}.
   *
   * @param known what the model knows that is applied to them
   */
  Datasets.Loaded load(
      @Nullable String data,
      Path base,
      CommandSpec spec,
      ElementType type,
      boolean json,
      Known known) {
    return load(data, base, spec, type, json, csv(spec), known);
  }

  private Datasets.Loaded load(
      @Nullable String data,
      Path base,
      CommandSpec spec,
      ElementType type,
      boolean json,
      CsvOptions csv,
      @Nullable Known known) {
    if (data == null) {
      throw new ParameterException(
          spec.commandLine(),
          "DATA is missing: %s, or a path that ends in .csv, .npy, .npz, .safetensors or .svm"
              .formatted(String.join(", ", Datasets.names())));
    }
    refuse(csv, known, data, spec);
    Schema schema = known == null ? null : known.schema();
    LibsvmOptions sparse = new LibsvmOptions(zeroBased, 0, "", manyClasses);
    if (known != null) {
      sparse = new LibsvmOptions(known.zeroBased(), known.features(), "the model", false);
    }
    String name = path(data, base);
    if (Datasets.isPath(name)) {
      checkFile(data, labels, "--labels", spec);
    } else {
      checkNamed(name, spec);
    }
    Path files = folder == null ? null : base.resolve(folder);
    Datasets.Loaded loaded;
    if (test != null) {
      String testName = path(test, base);
      checkFile(test, testLabels, "--test-labels", spec);
      Datasets.Parts parts = Datasets.TRAINING;
      Datasets.Loaded all = read(name, labels, base, spec, type, csv, schema, sparse, parts);
      Columns columns = all.columns();
      Schema same = columns == null ? schema : columns.schema();
      LibsvmOptions alike = sparse.withFeatures(all.split().train().features(), data);
      loaded =
          all.testedOn(
              read(testName, testLabels, base, spec, type, csv, same, alike, parts), data, test);
    } else {
      loaded = read(name, labels, base, spec, type, csv, schema, sparse, parts(spec));
    }
    List.of(loaded.split().train(), loaded.split().test())
        .forEach(
            part -> {
              if (part.rows() == 0 || part.features() == 0) {
                throw new DataException(
                    "%s: %d training rows and %d test rows of %d features: there must be some"
                        .formatted(
                            files == null ? name : files,
                            loaded.split().train().rows(),
                            loaded.split().test().rows(),
                            part.features()));
              }
            });
    if (!json) {
      PrintWriter err = spec.commandLine().getErr();
      DataReport.warnings(data, loaded)
          .forEach(warning -> err.println("thalweg: warning: " + warning));
    }
    return loaded;
  }

  private static String path(String data, Path base) {
    return Datasets.isPath(data) && !data.equals(Datasets.INPUT)
        ? base.resolve(data).toString()
        : data;
  }

  /** Checks that a file has the options that it needs, and no others. */
  private void checkFile(String data, @Nullable Path labels, String option, CommandSpec spec) {
    if (folder != null) {
      throw Usage.wrong(spec, "%s takes no folder: its name is a path", data);
    }
    if (Datasets.isMatrix(data) && labels == null) {
      throw Usage.wrong(spec, "%s has no labels: name the file with them by %s", data, option);
    }
    if (!Datasets.isMatrix(data) && labels != null) {
      throw Usage.wrong(
          spec, "%s %s: %s has labels; --label names a column of a CSV file", option, labels, data);
    }
    if (test != null && (fraction != null || splitSeed != null)) {
      throw Usage.wrong(spec, "--split: the rows for testing are those of --test");
    }
    if (test == null && testLabels != null) {
      throw Usage.wrong(spec, "--test-labels: there is no --test");
    }
    if (fraction == null && splitSeed != null) {
      throw Usage.wrong(spec, "--split-seed: there is no --split that it could be for");
    }
  }

  /** Checks that a data set with a name has the options that it needs, and no others. */
  private void checkNamed(String name, CommandSpec spec) {
    if (labels != null) {
      throw Usage.wrong(
          spec, "--labels %s: %s has labels; --label names a column of a CSV file", labels, name);
    }
    if (test != null || testLabels != null || fraction != null || splitSeed != null) {
      throw Usage.wrong(spec, "%s has rows for testing: --test and --split are for files", name);
    }
    if (folder == null && Datasets.needsFolder(name)) {
      throw Usage.wrong(
          spec, "%s is not in the jar: name the folder with its files by --data-dir", name);
    }
  }

  private Datasets.Parts parts(CommandSpec spec) {
    Double of = fraction;
    if (of == null) {
      return Datasets.FIFTH;
    }
    if (!(of > 0 && of < 1)) {
      throw Usage.wrong(spec, "--split %s: must be between 0 and 1", Decimal.text(of));
    }
    long seed = splitSeed == null ? 0 : splitSeed;
    return rows -> rows.stratified(of, seed);
  }

  private Datasets.Loaded read(
      String name,
      @Nullable Path labels,
      Path base,
      CommandSpec spec,
      ElementType type,
      CsvOptions csv,
      @Nullable Schema known,
      LibsvmOptions sparse,
      Datasets.Parts parts) {
    Path files = folder == null ? null : base.resolve(folder);
    return Usage.checked(
        spec,
        "",
        () -> {
          if (labels != null) {
            return Datasets.matrix(name, base.resolve(labels), label, header, type, parts);
          }
          return Datasets.isSparse(name)
              ? Datasets.sparse(name, sparse, type, parts)
              : Datasets.load(name, files, csv, type, known, parts);
        });
  }

  private CsvOptions csv(CommandSpec spec) {
    return new CsvOptions(
        label,
        header,
        format.separator(),
        format.decimal(),
        CsvFormat.columns(spec, "--ignore", ignore),
        CsvFormat.columns(spec, "--categories", categories),
        missing,
        manyClasses,
        null);
  }

  /** Refuses options that have no effect on these data. */
  private void refuse(CsvOptions csv, @Nullable Known known, String data, CommandSpec spec) {
    boolean sparse = Datasets.isSparse(data);
    if (zeroBased && !sparse && (test == null || !Datasets.isSparse(test))) {
      throw Usage.wrong(spec, "%s takes no --zero-based: only LIBSVM files do", data);
    }
    String given = zeroBased ? "--zero-based" : csv.ofTraining();
    boolean rows =
        csv.missing() == CsvOptions.Missing.ROW || csv.missing() == CsvOptions.Missing.ERROR;
    if (known != null
        && (sparse || zeroBased || known.schema() != null)
        && given != null
        && !(given.equals("--missing") && rows)) {
      throw Usage.wrong(spec, "%s has no effect: the model knows its columns from training", given);
    }
    String any = csv.given();
    if (sparse && (any == null || any.equals("--many-classes"))) {
      any = label != null ? "--label" : header != Datasets.Header.AUTO ? "--header" : null;
    }
    if (any != null && (sparse || Datasets.isMatrix(data))) {
      throw Usage.wrong(spec, "%s takes no %s: only CSV files do", data, any);
    }
  }
}
