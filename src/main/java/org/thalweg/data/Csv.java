package org.thalweg.data;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoublePredicate;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Nearest;

/**
 * A CSV file: one row of data on each line, one column with labels, all others features: decimal
 * numbers.
 *
 * <p>Where it is not said, the first line is taken as a header if it has text in a feature column,
 * if it has text in the label column where the second line has a number, or if the label column is
 * given by name.
 *
 * <p>The classes are the labels that occur, as they are written, in the order of their numbers if
 * all are numbers, else of their texts.
 */
final class Csv {
  private static final int LONGEST_QUOTE = 40;

  /** Columns that a message lists. */
  private static final int MOST_NAMES = 50;

  static final Pattern DECIMAL =
      Pattern.compile("[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?");

  private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]+([.]0*)?");

  /**
   * Markers of a missing number. As a feature an error, but they do not make a line a header; as a
   * label a class, if it is quoted or others are text.
   */
  private static final Pattern MISSING =
      Pattern.compile("(?i)[+-]?(nan|inf|infinity)|na|n/a|null|[?]?");

  private final CsvRows rows;
  private final Datasets.Header asked;
  private final ElementType type;
  private final List<IntToDoubleFunction> features = new ArrayList<>();
  private final List<String> labels = new ArrayList<>();
  private final Map<String, String> names = new HashMap<>();
  private CsvRows.Row first = new CsvRows.Row(1, List.of(), List.of());
  private int columns;
  private int labelColumn;
  private boolean header;
  private boolean textLabels;
  private CsvRows.@Nullable Row marker; // the first label that may mark a missing one
  private long rounded;
  private @Nullable String firstRounded;

  /** By column, of those whose numbers are all equal in the type so far: the first, as written. */
  private final Map<Integer, String> equal = new HashMap<>();

  private final BitSet different = new BitSet(); // columns that have two different numbers
  private final BitSet merged = new BitSet(); // columns that have two as they are written

  private Csv(CsvRows rows, Datasets.Header asked, ElementType type) {
    this.rows = rows;
    this.asked = asked;
    this.type = type;
  }

  /** Rows with what was taken for what. */
  record Labelled(Dataset data, List<String> classes, Columns columns) {}

  /**
   * Reads a file. Features are kept as bytes if all are integers from 0 to 255, else as binary32 if
   * they are to be used in it, or if it holds all of them exactly; else as binary64.
   *
   * @param label the name of the column of labels, or its number from 1; null is the last
   * @param type in which the features will be used: F32 or F64
   * @throws DataException if it is not as described above
   */
  static Labelled read(
      Path path, @Nullable String label, Datasets.Header header, ElementType type) {
    try (InputStream in = ByteFile.unpacked(path)) {
      return read(path.toString(), in, label, header, type);
    } catch (IOException e) {
      throw DataException.reading(path, e);
    }
  }

  /** Reads a file that has been opened. */
  static Labelled read(
      String name, InputStream in, @Nullable String label, Datasets.Header header, ElementType type)
      throws IOException {
    Csv csv = new Csv(new CsvRows(name, in), header, type);
    csv.readRows(label, true);
    return csv.labelled();
  }

  /**
   * Reads a file without labels.
   *
   * @param label a column that is left out: its name, or its number from 1; null for none
   * @throws DataException if it is not as described above
   */
  static Datasets.Unlabelled readFeatures(
      Path path, @Nullable String label, Datasets.Header header, ElementType type) {
    try (InputStream in = ByteFile.unpacked(path)) {
      Csv csv = new Csv(new CsvRows(path.toString(), in), header, type);
      csv.readRows(label, false);
      return new Datasets.Unlabelled(csv.values(), csv.width(), csv.header);
    } catch (IOException e) {
      throw DataException.reading(path, e);
    }
  }

  /** The fields of the first line. */
  static List<String> firstLine(Path path) {
    try (InputStream in = ByteFile.unpacked(path)) {
      CsvRows rows = new CsvRows(path.toString(), in);
      CsvRows.Row first = rows.next();
      if (first == null) {
        throw rows.wrongEnd("expected a row");
      }
      return first.fields();
    } catch (IOException e) {
      throw DataException.reading(path, e);
    }
  }

  private void readRows(@Nullable String label, boolean labelled) throws IOException {
    CsvRows.Row row = rows.next();
    if (row == null) {
      throw rows.wrongEnd("expected a row");
    }
    first = row;
    columns = first.fields().size();
    if (columns < (labelled || label != null ? 2 : 1)) {
      throw rows.wrong(
          first,
          0,
          "expected at least two columns, a feature and a label"
              + separator(first.fields().get(0)));
    }
    labelColumn = columns - (labelled ? 1 : 0);
    boolean named = label != null && findLabels(label);
    CsvRows.Row second = rows.next();
    header =
        asked == Datasets.Header.YES
            || (asked == Datasets.Header.AUTO && (named || isHeader(second)));
    if (!header) {
      add(first);
    }
    for (row = second; row != null; row = rows.next()) {
      add(row);
    }
    if (features.isEmpty()) {
      throw rows.wrongEnd("expected a row below the header");
    }
  }

  private boolean isHeader(CsvRows.@Nullable Row second) {
    if (IntStream.range(0, columns).anyMatch(i -> i != labelColumn && isText(first, i))) {
      return true;
    }
    return labelColumn < columns
        && isText(first, labelColumn)
        && second != null
        && second.fields().size() > labelColumn
        && !isText(second, labelColumn);
  }

  /** Finds the label column; returns whether it was given by name. */
  private boolean findLabels(String label) {
    labelColumn = column(rows, first, label, asked);
    return !isNumber(label, columns);
  }

  /** Whether a column is given by its number, from 1, and not by name. */
  static boolean isNumber(String column, int columns) {
    int number = column.matches("[0-9]{1,9}") ? Integer.parseInt(column) : 0;
    return number >= 1 && number <= columns;
  }

  /**
   * The column, from 0, of a name in the first row, or of a number from 1.
   *
   * @throws DataException if there is none, or several, or by asking there is no header
   */
  static int column(CsvRows rows, CsvRows.Row first, String label, Datasets.Header asked) {
    List<String> names = first.fields();
    if (isNumber(label, names.size())) {
      return Integer.parseInt(label) - 1;
    }
    int column = names.indexOf(label);
    if (column < 0 || names.lastIndexOf(label) > column) {
      Optional<String> near = Nearest.to(label, names);
      String problem =
          column >= 0
              ? "more than one column is called %s: give its number;"
              : near.map(name -> "no column is called %s; did you mean " + quote(name) + "?")
                  .orElse("no column is called %s, nor is that the number of one;");
      throw rows.wrong(
          first, problem.formatted(quote(label)) + " the columns are " + listed(names));
    }
    if (asked == Datasets.Header.NO) {
      throw rows.wrong(
          first,
          "without a header no column is called %s: give its number".formatted(quote(label)));
    }
    return column;
  }

  /** Classes in the order of their numbers, or of their texts. */
  static List<String> ordered(Collection<String> classes, boolean text) {
    Comparator<String> byText = Comparator.naturalOrder();
    return classes.stream()
        .sorted(text ? byText : Comparator.comparing(Double::parseDouble).thenComparing(byText))
        .toList();
  }

  /** Names in quotes, the first of them where there are many. */
  static String listed(List<String> names) {
    String list =
        names.stream().limit(MOST_NAMES).map(Csv::quote).collect(Collectors.joining(", "));
    return names.size() > MOST_NAMES
        ? "%s and %d more".formatted(list, names.size() - MOST_NAMES)
        : list;
  }

  private void add(CsvRows.Row row) {
    int found = row.fields().size();
    if (found != columns) {
      throw rows.wrong(
          row,
          Math.min(found, columns),
          "a row of %d columns, not %d as in the first".formatted(found, columns));
    }
    if ((features.size() + 1L) * width() > Dataset.MOST_VALUES) {
      throw rows.wrong(row, 0, "more than " + Dataset.MOST_VALUES + " features, all together");
    }
    if (type == ElementType.F64) {
      double[] values = new double[width()];
      Arrays.setAll(values, i -> number(row, i < labelColumn ? i : i + 1));
      features.add(i -> values[i]);
    } else {
      float[] values = new float[width()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) number(row, i < labelColumn ? i : i + 1);
      }
      features.add(i -> values[i]);
    }
    if (labelColumn < columns) {
      addLabel(row);
    }
  }

  private int width() {
    return labelColumn < columns ? columns - 1 : columns;
  }

  private double number(CsvRows.Row row, int column) {
    String text = row.fields().get(column);
    boolean narrow = type == ElementType.F32;
    double value = Double.NaN;
    if (DECIMAL.matcher(text).matches()) { // parseFloat also accepts 1f and 0x1p3
      value = narrow ? Float.parseFloat(text) : Double.parseDouble(text);
    }
    if (!Double.isFinite(value)) {
      throw rows.wrong(
          row,
          column,
          "expected a finite %s number, not %s%s"
              .formatted(narrow ? "binary32" : "binary64", quote(text), advice(text)));
    }
    if (Math.abs(value) >= (narrow ? 0x1p24 : 0x1p53)
        && WHOLE.matcher(text).matches()
        && new BigDecimal(text).compareTo(new BigDecimal(value)) != 0) {
      rounded++;
      if (firstRounded == null) {
        firstRounded = "line %d, column %d: %s".formatted(row.line(), column + 1, quote(text));
      }
    }
    if (!different.get(column)) {
      compare(column, text, value);
    }
    return value;
  }

  private void compare(int column, String text, double value) {
    String first = equal.putIfAbsent(column, text);
    if (first == null || first.equals(text)) {
      return;
    }
    boolean narrow = type == ElementType.F32;
    if (value != (narrow ? Float.parseFloat(first) : Double.parseDouble(first))) {
      different.set(column);
    } else if (new BigDecimal(text).compareTo(new BigDecimal(first)) != 0) {
      merged.set(column);
    }
  }

  private static String advice(String text) {
    if (DECIMAL.matcher(text).matches()) {
      return "";
    }
    if (MISSING.matcher(text).matches()) {
      return ": a missing value; remove the row or the column, or write a number";
    }
    return separator(text).isEmpty()
        ? ": all columns but the label's are features, and numbers; remove this one, or name the"
            + " label's"
        : separator(text);
  }

  /** What to say of a field that holds several, separated by something else than a comma. */
  private static String separator(String text) {
    for (String separator : List.of(";", "\t", "|")) {
      if (text.contains(separator)) {
        return ": fields are separated by commas, not by \"%s\""
            .formatted(separator.equals("\t") ? "\\t" : separator);
      }
    }
    return "";
  }

  private void addLabel(CsvRows.Row row) {
    String text = row.fields().get(labelColumn);
    if (text.isEmpty()) {
      throw rows.wrong(row, labelColumn, "the label is missing; remove the row, or give it one");
    }
    boolean quoted = row.quoted().contains(labelColumn);
    if (MISSING.matcher(text).matches() && !quoted) {
      marker = marker == null ? row : marker;
    } else {
      textLabels |= !DECIMAL.matcher(text).matches();
    }
    labels.add(names.computeIfAbsent(text, name -> name));
  }

  private Labelled labelled() {
    CsvRows.Row missing = marker;
    if (missing != null && !textLabels) {
      throw rows.wrong(
          missing,
          labelColumn,
          "expected a label, not %s, which marks a missing one; remove the row, or put it in"
                  .formatted(quote(missing.fields().get(labelColumn)))
              + " quotes if it is a class");
    }
    List<String> classes = ordered(names.keySet(), textLabels);
    Map<String, Integer> numbers = new HashMap<>();
    classes.forEach(one -> numbers.put(one, numbers.size()));
    int[] each = labels.stream().mapToInt(numbers::get).toArray();
    Dataset data = new Dataset(values(), each, width(), classes.size());
    Columns taken = new Columns(header, header ? first.fields() : List.of(), labelColumn, doubts());
    return new Labelled(data, classes, taken);
  }

  /** What was read otherwise than it may have been meant. */
  private List<String> doubts() {
    List<String> doubts = new ArrayList<>();
    if (marker != null) {
      doubts.add(
          "line %d, column %d: %s was taken for a class; remove such rows if it marks a missing one"
              .formatted(marker.line(), labelColumn + 1, quote(marker.fields().get(labelColumn))));
    }
    if (rounded > 0) {
      doubts.add(
          "%s is one of %d whole numbers that were rounded, as %s does not hold them%s"
              .formatted(
                  firstRounded,
                  rounded,
                  type == ElementType.F32 ? "binary32" : "binary64",
                  type == ElementType.F32 ? "; train with --type f64" : ""));
    }
    merged.andNot(different);
    if (!merged.isEmpty() && rounded == 0) {
      doubts.add(
          "%s: its numbers differ, but not in %s%s"
              .formatted(
                  new Columns(header, header ? first.fields() : List.of(), labelColumn, doubts)
                      .text(merged.nextSetBit(0)),
                  type == ElementType.F32 ? "binary32" : "binary64",
                  type == ElementType.F32 ? "; train with --type f64" : ""));
    }
    return doubts;
  }

  private Dataset.Values values() {
    int width = width();
    int n = features.size() * width;
    if (all(value -> value == Byte.toUnsignedInt((byte) (int) value))) {
      byte[] pixels = new byte[n];
      each((i, value) -> pixels[i] = (byte) (int) value);
      return new Dataset.Bytes(pixels, 1);
    }
    if (type == ElementType.F32 || all(value -> value == (float) value)) {
      float[] numbers = new float[n];
      each((i, value) -> numbers[i] = (float) value);
      return new Dataset.Floats(numbers);
    }
    double[] numbers = new double[n];
    each((i, value) -> numbers[i] = value);
    return new Dataset.Doubles(numbers);
  }

  private boolean all(DoublePredicate condition) {
    return features.stream()
        .allMatch(row -> IntStream.range(0, width()).mapToDouble(row).allMatch(condition));
  }

  /** What is done with a value, and its index among all. */
  private interface Use {
    void use(int index, double value);
  }

  private void each(Use use) {
    int width = width();
    for (int row = 0; row < features.size(); row++) {
      for (int i = 0; i < width; i++) {
        use.use(row * width + i, features.get(row).applyAsDouble(i));
      }
    }
  }

  private static boolean isText(CsvRows.Row row, int column) {
    String text = row.fields().get(column);
    return !DECIMAL.matcher(text).matches() && !MISSING.matcher(text).matches();
  }

  /** A text in quotes, cut where it is long. */
  static String quote(String text) {
    return '"'
        + (text.length() > LONGEST_QUOTE ? text.substring(0, LONGEST_QUOTE) + ".." : text)
        + '"';
  }
}
