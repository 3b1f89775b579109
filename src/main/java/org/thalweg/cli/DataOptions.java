package org.thalweg.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.DataException;
import org.thalweg.data.Datasets;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

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
      converter = HeaderConverter.class,
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

  /** Help text for a DATA parameter whose candidates are {@link Names}. */
  static final String DATA =
      "${COMPLETION-CANDIDATES} (digits and iris are in the jar), or a path that ends in .csv or"
          + " .csv.gz: one row of data on each line; or in .npy, .npz or .safetensors: a matrix,"
          + " with --labels (file.npz#name is one of several arrays; a * in the quoted name means"
          + " several files, one below the other). A fifth of a file's rows, always the same, is"
          + " for testing, unless --split or --test says otherwise.";

  /** Reads the value of --header. */
  static final class HeaderConverter implements ITypeConverter<Datasets.Header> {
    @Override
    public Datasets.Header convert(String value) {
      return Stream.of(Datasets.Header.values())
          .filter(header -> header.name().equalsIgnoreCase(value))
          .findFirst()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "--header %s: must be yes, no or auto".formatted(value)));
    }
  }

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
      @Nullable String data, Path base, CommandSpec spec, ElementType type, boolean json) {
    if (data == null) {
      throw new ParameterException(
          spec.commandLine(),
          "DATA is missing: %s, or a path that ends in .csv, .npy, .npz or .safetensors"
              .formatted(String.join(", ", Datasets.names())));
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
      loaded =
          read(name, labels, base, spec, type, Datasets.TRAINING)
              .testedOn(
                  read(testName, testLabels, base, spec, type, Datasets.TRAINING), data, test);
    } else {
      loaded = read(name, labels, base, spec, type, parts(spec));
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
    return Datasets.isPath(data) ? base.resolve(data).toString() : data;
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
      Datasets.Parts parts) {
    Path files = folder == null ? null : base.resolve(folder);
    return Usage.checked(
        spec,
        "",
        () ->
            labels != null
                ? Datasets.matrix(name, base.resolve(labels), label, header, type, parts)
                : Datasets.load(name, files, label, header, type, parts));
  }
}
