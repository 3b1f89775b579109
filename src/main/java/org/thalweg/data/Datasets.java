package org.thalweg.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;

/** The one registry of data sets, and the files beside it. */
public final class Datasets {
  /** The name of standard input, which is read as a CSV file. */
  public static final String INPUT = "-";

  private static final String SPARSE = "[.](svm|libsvm|svmlight)([.]gz)?";
  private static final String IRIS = "/org/thalweg/data/iris.csv";
  private static final List<String> TEN_DIGITS =
      List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
  private static final List<String> CLOTHES =
      List.of(
          "T-shirt/top",
          "Trouser",
          "Pullover",
          "Dress",
          "Coat",
          "Sandal",
          "Shirt",
          "Sneaker",
          "Bag",
          "Ankle boot");

  /** Every data set that has a name. A new one is a line here and, for a new format, a reader. */
  private static final List<Named> NAMED =
      List.of(
          new Named(
              "digits",
              true,
              null,
              (folder, type) -> new Loaded(Digits.load(), TEN_DIGITS, new Shape(8, 8, 1))),
          new Named("iris", true, null, (folder, type) -> iris(type, null)),
          new Named(
              "fashion-mnist",
              false,
              Path.of("/usr/share/datasets/fashion-mnist"),
              (folder, type) ->
                  Idx.load(
                      folder,
                      CLOTHES,
                      "sudo apt-get install dataset-fashion-mnist, or download data/fashion of"
                          + " https://github.com/zalandoresearch/fashion-mnist and name its"
                          + " folder")),
          new Named(
              "mnist",
              false,
              null,
              (folder, type) ->
                  Idx.load(
                      folder,
                      TEN_DIGITS,
                      "download it from https://storage.googleapis.com/cvdf-datasets/mnist/ and"
                          + " name its folder")),
          new Named(
              "cifar10",
              false,
              null,
              (folder, type) ->
                  Cifar10.load(
                      folder,
                      "download and unpack"
                          + " https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz and name its"
                          + " folder")));

  /** Which rows of a file are for training and which for testing. */
  public interface Parts extends Function<Dataset, Dataset.Split> {}

  /** A fifth of the rows for testing, drawn by a fixed seed: the same in every run. */
  public static final Parts FIFTH = rows -> rows.split(0.2, 0);

  /** None for testing. */
  public static final Parts TRAINING = rows -> rows.splitAt(rows.rows());

  private Datasets() {}

  /**
   * A data set with what is known about it.
   *
   * @param classes the name of each class
   * @param shape what a row is a picture of; null where it is none
   * @param columns of a CSV file; null where it is none
   * @param zeroBased whether they are of a LIBSVM file whose indices begin at 0
   */
  public record Loaded(
      Dataset.Split split,
      List<String> classes,
      @Nullable Shape shape,
      @Nullable Columns columns,
      boolean zeroBased) {
    /**
     * These rows, those for testing too, for training, and all of another file for testing.
     *
     * @param data names of both, for messages
     * @throws DataException if it has other features, or a class that this has not
     */
    public Loaded testedOn(Loaded other, String data, String otherData) {
      Dataset all = split.train();
      Dataset rows = other.split.train();
      if (rows.features() != all.features()) {
        throw new DataException(
            "%s has %d features, and %s has %d"
                .formatted(otherData, rows.features(), data, all.features()));
      }
      int[] same = other.classes.stream().mapToInt(classes::indexOf).toArray();
      for (int i = 0; i < same.length; i++) {
        if (same[i] < 0) {
          throw new DataException(
              "%s has a class %s, and %s has none of that name"
                  .formatted(otherData, Csv.quote(other.classes.get(i)), data));
        }
      }
      int[] labels = IntStream.of(rows.labels()).map(label -> same[label]).toArray();
      Dataset test = new Dataset(rows.values(), labels, rows.features(), all.classes());
      return new Loaded(new Dataset.Split(all, test), classes, shape, columns, zeroBased);
    }

    /**
     * With weights of classes for the rows for training, beside those of the rows.
     *
     * @param of one for each class
     */
    public Loaded weightedByClass(double[] of) {
      Dataset train = split.train().weightedByClass(of);
      return new Loaded(new Dataset.Split(train, split.test()), classes, shape, columns, zeroBased);
    }

    /** Not from a CSV file. */
    public Loaded(Dataset.Split split, List<String> classes, @Nullable Shape shape) {
      this(split, classes, shape, null, false);
    }
  }

  /** Whether the first line of a CSV file is a header: it can be said, or guessed from the file. */
  public enum Header {
    AUTO,
    YES,
    NO
  }

  /** The features of a row as a picture: channel by channel, each of them row by row. */
  public record Shape(int width, int height, int channels) {}

  /**
   * Rows without labels.
   *
   * @param features how many to a row
   * @param header whether the first line was taken as one
   * @param leftOut the columns that were left out, as messages name them
   */
  public record Unlabelled(
      Dataset.Values values, int features, boolean header, List<String> leftOut) {
    /** Keeps its own list. */
    public Unlabelled {
      leftOut = List.copyOf(leftOut);
    }
  }

  /**
   * A data set that has a name.
   *
   * @param inJar whether its files are in the jar
   * @param usual the folder of its files where the caller names none; null where it must
   * @param reader reads the files in a folder, for use in a type
   */
  private record Named(
      String name,
      boolean inJar,
      @Nullable Path usual,
      BiFunction<Path, ElementType, Loaded> reader) {
    Loaded load(@Nullable Path folder, ElementType type) {
      if (inJar) {
        refuse(folder, name, "folder: it is in the jar");
        return reader.apply(Path.of(""), type);
      }
      Path files = folder == null ? usual : folder;
      if (files == null) {
        throw new IllegalArgumentException(
            name + " is not in the jar: name the folder with its files");
      }
      return reader.apply(files, type);
    }
  }

  /** What {@link #load} can be asked for by name; beside them, files. */
  public static List<String> names() {
    return NAMED.stream().map(Named::name).toList();
  }

  /**
   * Whether a name is that of a CSV file: a path that ends in .csv, .tsv, .tab, .txt or .data, in
   * either case, with .gz or without, or - for standard input.
   */
  public static boolean isCsv(String name) {
    return name.equals(INPUT)
        || name.toLowerCase(Locale.ROOT).matches("(?s).*[.](csv|tsv|tab|txt|data)([.]gz)?");
  }

  /** The name of a file without what {@link #isPath} goes by, or any other as it is. */
  public static String stem(String name) {
    return name.equals(INPUT)
        ? "stdin"
        : ArrayFiles.file(name)
            .replaceFirst(
                "(?i)([.](csv|tsv|tab|txt|data)([.]gz)?|[-_.]?[*]?[.](npy|npz|safetensors)|%s)$"
                    .formatted(SPARSE),
                "");
  }

  /**
   * Whether a name is that of matrices: a path that ends in .npy, .npz or .safetensors, in either
   * case, or that of an array in one of these: {@code embeddings.npz#train}.
   */
  public static boolean isMatrix(String name) {
    return ArrayFiles.is(name);
  }

  /**
   * Whether a name is that of a LIBSVM file, which holds sparse rows: a path that ends in .svm,
   * .libsvm or .svmlight, in either case, with .gz or without.
   */
  public static boolean isSparse(String name) {
    return name.toLowerCase(Locale.ROOT).matches("(?s).*" + SPARSE);
  }

  /** Whether a name is the path of a file that is read, or of several. */
  public static boolean isPath(String name) {
    return isCsv(name) || isMatrix(name) || isSparse(name);
  }

  /** Whether {@link #load} can only read this data set from a folder that the caller names. */
  public static boolean needsFolder(String name) {
    return NAMED.stream().anyMatch(e -> e.name.equals(name) && !e.inJar && e.usual == null);
  }

  /**
   * Reads a data set.
   *
   * @param name one of {@link #names()}, or the path of a {@linkplain #isCsv CSV} or {@linkplain
   *     #isSparse LIBSVM} file, of whose rows a fifth, always the same, is the test part
   * @param folder where the files are; null for a file and for what is in the jar, and where the
   *     files are at their usual place
   * @param label of a CSV file: the name, or the number from 1, of the column of labels; null is
   *     the last one. Null for the others
   * @throws IllegalArgumentException if there is no such data set, it takes no folder or label, or
   *     it {@linkplain #needsFolder needs a folder}
   * @throws DataException if a file is missing or is not what it should be
   */
  public static Loaded load(String name, @Nullable Path folder, @Nullable String label) {
    CsvOptions options = CsvOptions.DEFAULT.withLabel(label, Header.AUTO);
    return load(name, folder, options, ElementType.F32, null, FIFTH);
  }

  /**
   * As {@link #load(String, Path, String)}.
   *
   * @param options of a CSV file; the default ones for the others
   * @param type in which the rows will be used: for F64 a CSV file's numbers are read as binary64
   * @param known the columns of a CSV file that a model takes; null for those that it has
   * @param parts of a file; the others have parts of their own
   */
  public static Loaded load(
      String name,
      @Nullable Path folder,
      CsvOptions options,
      ElementType type,
      @Nullable Schema known,
      Parts parts) {
    if (isMatrix(name)) {
      throw new DataException(name + " has no labels: name the file with them by --labels");
    }
    if (isCsv(name)) {
      refuse(folder, name, "folder: its name is a path");
      return loaded(name, Csv.read(name, options, type, known), options, parts);
    }
    refuse(options.given(), name, options.given() + ": only CSV files do");
    if (options.header() != Header.AUTO) {
      refuse(options.header(), name, "header: only CSV files do");
    }
    String label = options.label();
    if (name.equals("iris") && known != null) {
      refuse(folder, name, "folder: it is in the jar");
      refuse(label, name, "label column: only CSV files do");
      return iris(type, known);
    }
    refuse(label, name, "label column: only CSV files do");
    if (isSparse(name)) {
      refuse(folder, name, "folder: its name is a path");
      return sparse(name, LibsvmOptions.DEFAULT, type, parts);
    }
    return NAMED.stream()
        .filter(named -> named.name.equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(OtherFormats.refusal(name, names())))
        .load(folder, type);
  }

  /**
   * Maps the rows of matrices, which are not copied, and reads their labels.
   *
   * @param name what {@link #isMatrix} accepts; * in its last part stands for any text, and means
   *     all such files, in the order of their names
   * @param labels a file of arrays, a CSV file, or a text file with a label on each line
   * @param column of a CSV file of labels: its name, or its number from 1; null is the last one
   * @param header of a CSV file of labels
   * @param type in which the rows will be used
   * @param parts for training and testing
   * @throws DataException if a file is not what it should be, or there is not a label for each row
   */
  public static Loaded matrix(
      String name,
      Path labels,
      @Nullable String column,
      Header header,
      ElementType type,
      Parts parts) {
    MappedRows rows = MappedRows.open(matching(name), type);
    Labels of = Labels.read(labels, column, header, rows.rows(), name);
    Dataset all = new Dataset(rows, of.of(), rows.features(), of.classes().size());
    return new Loaded(divided(name, all, parts), of.classes(), null);
  }

  /**
   * Reads the sparse rows of a LIBSVM file.
   *
   * @param name what {@link #isSparse} accepts
   * @param type of the features: F32 or F64
   * @param parts for training and testing
   * @throws DataException if it is not what it should be
   */
  public static Loaded sparse(String name, LibsvmOptions options, ElementType type, Parts parts) {
    Libsvm.Labelled read = Libsvm.read(name, options, type);
    int features = read.rows().features();
    Dataset all = new Dataset(read.rows(), read.of(), features, read.classes().size());
    Dataset.Split split = divided(name, all, parts);
    return new Loaded(split, read.classes(), null, null, options.zeroBased());
  }

  /**
   * Reads the features of a LIBSVM file, whose labels say nothing.
   *
   * @param name what {@link #isSparse} accepts
   * @throws DataException if it is not what it should be
   */
  public static Unlabelled sparseFeatures(String name, LibsvmOptions options, ElementType type) {
    SparseRows rows = Libsvm.read(name, options, type).rows();
    return new Unlabelled(rows, rows.features(), false, List.of());
  }

  private static Dataset.Split divided(String name, Dataset all, Parts parts) {
    if (all.rows() < 2 && parts != TRAINING) {
      throw new DataException(name + ": one row cannot be split into training and test rows");
    }
    return parts.apply(all);
  }

  /** The files that a name stands for, in their order, each with the array in it that is named. */
  private static List<Path> matching(String name) {
    String files = ArrayFiles.file(name);
    String array = name.substring(files.length());
    return files(files).stream().map(file -> Path.of(file + array)).toList();
  }

  private static List<Path> files(String name) {
    Path path = Path.of(name);
    String last = String.valueOf(path.getFileName());
    if (!last.contains("*")) {
      return List.of(path);
    }
    Path folder = Objects.requireNonNullElse(path.getParent(), Path.of(""));
    Pattern pattern =
        Pattern.compile(
            Stream.of(last.split("[*]", -1)).map(Pattern::quote).collect(Collectors.joining(".*")),
            Pattern.DOTALL);
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> found =
          files
              .filter(file -> pattern.matcher(String.valueOf(file.getFileName())).matches())
              .sorted()
              .toList();
      if (found.isEmpty()) {
        throw new DataException(name + ": no file has such a name");
      }
      return found;
    } catch (IOException e) {
      throw DataException.reading(folder, e);
    }
  }

  /**
   * Reads the features of a CSV file, or maps those of matrices.
   *
   * @param name the path of either, or - for a CSV file from standard input
   * @param options of a CSV file: its label column, if one is given, is left out
   * @param known the columns of a CSV file that a model takes, of which that of the label is left
   *     out; null for all that it has
   * @throws DataException if it is not what it should be
   */
  public static Unlabelled features(
      String name, CsvOptions options, ElementType type, @Nullable Schema known) {
    if (isMatrix(name)) {
      MappedRows rows = MappedRows.open(matching(name), type);
      return new Unlabelled(rows, rows.features(), false, List.of());
    }
    return Csv.readFeatures(name, options, type, known);
  }

  private static Loaded loaded(String name, Csv.Labelled csv, CsvOptions options, Parts parts) {
    Dataset.Split split = divided(name, csv.data(), parts);
    Columns columns = csv.columns();
    List<String> doubts =
        new CsvDoubts(csv.data(), csv.classes(), columns)
            .all(split.train(), options.header() == Header.AUTO);
    Gaps gaps = Gaps.of(name, split.train(), columns);
    Dataset.Split filled = new Dataset.Split(gaps.fill(split.train()), gaps.fill(split.test()));
    return new Loaded(filled, csv.classes(), null, columns.with(gaps.schema(), doubts), false);
  }

  /**
   * The fields of one line of a CSV file.
   *
   * @param name of what holds it, for messages
   * @throws DataException if it is no such line
   */
  public static List<String> fields(String name, String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    try {
      CsvRows rows = new CsvRows(name, new ByteArrayInputStream(bytes));
      CsvRows.Row row = rows.next();
      return row == null ? List.of("") : row.fields();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Loaded iris(ElementType type, @Nullable Schema known) {
    try (InputStream in = Objects.requireNonNull(Datasets.class.getResourceAsStream(IRIS), IRIS)) {
      CsvOptions options = CsvOptions.DEFAULT.withLabel(null, Header.YES);
      return loaded("iris", Csv.read("iris", in, options, type, known), options, FIFTH);
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + IRIS, e);
    }
  }

  private static void refuse(@Nullable Object given, String name, String what) {
    if (given != null) {
      throw new IllegalArgumentException("%s takes no %s".formatted(name, what));
    }
  }
}
