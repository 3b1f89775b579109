package org.thalweg.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A CSV file: one row of data on each line, one column with labels, all others features: decimal
 * numbers, rounded to binary32.
 *
 * <p>The first line is taken as a header if it has text in a feature column, if it has text in the
 * label column where the second line has a number, or if the label column is given by name.
 *
 * <p>Labels are either integers from 0, used as they are, or text, numbered 0, 1, .. in the order
 * of {@link String#compareTo}.
 */
final class Csv {
  private static final int MOST_CLASSES = 65_536;
  private static final int LONGEST_QUOTE = 40;

  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?");

  /** Markers of a missing number: an error, but they do not make a line a header. */
  private static final Pattern MISSING =
      Pattern.compile("(?i)[+-]?(nan|inf|infinity)|na|n/a|null|[?]?");

  private final CsvRows rows;
  private final List<float[]> features = new ArrayList<>();
  private final List<String> labels = new ArrayList<>();
  private final TreeMap<String, String> names = new TreeMap<>();
  private int columns;
  private int labelColumn;
  private boolean namedLabels;

  private Csv(CsvRows rows) {
    this.rows = rows;
  }

  /** Rows with the names of their classes. */
  record Labelled(Dataset data, List<String> classes) {}

  /**
   * Reads a file. Features are kept as bytes if all are integers from 0 to 255, else as floats; the
   * values are the same.
   *
   * @param label the name of the column of labels, or its number from 1; null is the last
   * @throws DataException if it is not as described above
   */
  static Labelled read(Path path, @Nullable String label) {
    try (InputStream in = Files.newInputStream(path)) {
      Csv csv = new Csv(new CsvRows(path.toString(), in));
      csv.readRows(label);
      return csv.labelled();
    } catch (IOException e) {
      throw DataException.reading(path, e);
    }
  }

  /**
   * Reads a file without labels: every column is a feature, and the first line is a header if it
   * has text.
   *
   * @throws DataException if it is not as described above
   */
  static Datasets.Unlabelled readFeatures(Path path) {
    try (InputStream in = Files.newInputStream(path)) {
      Csv csv = new Csv(new CsvRows(path.toString(), in));
      csv.readRows();
      return new Datasets.Unlabelled(csv.values(), csv.columns);
    } catch (IOException e) {
      throw DataException.reading(path, e);
    }
  }

  private void readRows() throws IOException {
    CsvRows.Row row = rows.next();
    if (row == null) {
      throw rows.wrongEnd("expected a row");
    }
    columns = row.fields().size();
    labelColumn = columns; // none
    CsvRows.Row first = row;
    if (IntStream.range(0, columns).anyMatch(i -> isText(first, i))) {
      row = rows.next();
    }
    for (; row != null; row = rows.next()) {
      add(row);
    }
    if (features.isEmpty()) {
      throw rows.wrongEnd("expected a row below the header");
    }
  }

  private void readRows(@Nullable String label) throws IOException {
    CsvRows.Row first = rows.next();
    if (first == null) {
      throw rows.wrongEnd("expected a row");
    }
    columns = first.fields().size();
    if (columns < 2) {
      throw rows.wrong(first, 0, "expected at least two columns, a feature and a label");
    }
    boolean header = findLabels(first, label);
    for (int i = 0; i < columns; i++) {
      header |= i != labelColumn && isText(first, i);
    }
    CsvRows.Row second = rows.next();
    header |=
        isText(first, labelColumn)
            && second != null
            && second.fields().size() > labelColumn
            && !isText(second, labelColumn);
    if (!header) {
      add(first);
    }
    for (CsvRows.Row row = second; row != null; row = rows.next()) {
      add(row);
    }
    if (features.isEmpty()) {
      throw rows.wrongEnd("expected a row below the header");
    }
  }

  /** Finds the label column; returns whether it was given by name. */
  private boolean findLabels(CsvRows.Row first, @Nullable String label) {
    if (label == null) {
      labelColumn = columns - 1;
      return false;
    }
    boolean number = label.matches("[0-9]{1,9}");
    labelColumn = number ? Integer.parseInt(label) - 1 : first.fields().indexOf(label);
    if (labelColumn < 0
        || labelColumn >= columns
        || (!number && first.fields().lastIndexOf(label) > labelColumn)) {
      throw rows.wrong(
          first,
          0,
          "expected one column %s among %d: %s"
              .formatted(quote(label), columns, quote(String.join(",", first.fields()))));
    }
    return !number;
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
    float[] values = new float[width()];
    for (int i = 0; i < columns; i++) {
      if (i != labelColumn) {
        values[i < labelColumn ? i : i - 1] = number(row, i);
      }
    }
    features.add(values);
    if (labelColumn < columns) {
      labels.add(names.computeIfAbsent(label(row), text -> text));
    }
  }

  private int width() {
    return labelColumn < columns ? columns - 1 : columns;
  }

  private float number(CsvRows.Row row, int column) {
    String text = row.fields().get(column);
    float value = Float.NaN;
    if (DECIMAL.matcher(text).matches()) { // parseFloat also accepts 1f and 0x1p3
      value = Float.parseFloat(text);
    }
    if (!Float.isFinite(value)) {
      throw rows.wrong(row, column, "expected a finite binary32 number, not " + quote(text));
    }
    return value;
  }

  private String label(CsvRows.Row row) {
    boolean named = isText(row, labelColumn);
    if (labels.isEmpty()) {
      namedLabels = named;
    }
    String text = row.fields().get(labelColumn);
    if (named != namedLabels) {
      throw rows.wrong(
          row,
          labelColumn,
          "expected a label that is a %s as those before, not %s"
              .formatted(namedLabels ? "text" : "number", quote(text)));
    }
    if (named) {
      return text;
    }
    float value = number(row, labelColumn);
    if (value != (int) value || value < 0 || value >= MOST_CLASSES) {
      throw rows.wrong(
          row,
          labelColumn,
          "label must be a whole number 0 to %d, not %s".formatted(MOST_CLASSES - 1, quote(text)));
    }
    return Integer.toString((int) value);
  }

  private Labelled labelled() {
    List<String> classes;
    int[] numbers;
    if (namedLabels) {
      classes = List.copyOf(names.keySet());
      numbers = labels.stream().mapToInt(l -> Collections.binarySearch(classes, l)).toArray();
    } else {
      numbers = labels.stream().mapToInt(Integer::parseInt).toArray();
      classes =
          IntStream.rangeClosed(0, IntStream.of(numbers).max().getAsInt())
              .mapToObj(Integer::toString)
              .toList();
    }
    return new Labelled(new Dataset(values(), numbers, width(), classes.size()), classes);
  }

  private Dataset.Values values() {
    int width = width();
    boolean bytes = features.stream().allMatch(Csv::areBytes);
    byte[] pixels = new byte[bytes ? features.size() * width : 0];
    float[] numbers = new float[bytes ? 0 : features.size() * width];
    for (int row = 0; row < features.size(); row++) {
      for (int i = 0; i < width; i++) {
        float value = features.get(row)[i];
        if (bytes) {
          pixels[row * width + i] = (byte) (int) value;
        } else {
          numbers[row * width + i] = value;
        }
      }
    }
    return bytes ? new Dataset.Bytes(pixels, 1) : new Dataset.Floats(numbers);
  }

  private static boolean areBytes(float[] values) {
    for (float value : values) {
      if (value != Byte.toUnsignedInt((byte) (int) value)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isText(CsvRows.Row row, int column) {
    String text = row.fields().get(column);
    return !DECIMAL.matcher(text).matches() && !MISSING.matcher(text).matches();
  }

  private static String quote(String text) {
    return '"'
        + (text.length() > LONGEST_QUOTE ? text.substring(0, LONGEST_QUOTE) + ".." : text)
        + '"';
  }
}
