package org.thalweg.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.thalweg.data.CsvOptions.DecimalMark;

/**
 * What the first lines of a CSV file say of it: what separates fields, whether numbers have a
 * decimal comma, and whether the first line is a header.
 */
final class CsvSample {
  private static final int BYTES = 1 << 16;
  private static final int MOST_ROWS = 100;

  private static final List<Character> SEPARATORS = List.of(',', ';', '\t', '|');

  private static final Pattern POINT = Pattern.compile("[+-]?[0-9]*[.][0-9]+([eE][+-]?[0-9]+)?");
  private static final Pattern COMMA = Pattern.compile("[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?");

  /** A number with a decimal comma, or a whole one whose digits are in groups of three. */
  private static final Pattern THOUSANDS = Pattern.compile("[+-]?[1-9][0-9]{0,2},[0-9]{3}");

  private final String name;
  private final byte[] head;
  private final InputStream rest;
  private final List<CsvRows.Row> rows;
  private final char separator;
  private final DecimalText numbers;

  /**
   * Reads the first lines.
   *
   * @param name of the file, for messages and, by its end, for what separates fields
   * @param narrow whether numbers are binary32
   */
  CsvSample(String name, InputStream in, CsvOptions options, boolean narrow) throws IOException {
    this.name = name;
    head = in.readNBytes(BYTES);
    rest = in;
    boolean tabs = name.toLowerCase(Locale.ROOT).matches("(?s).*[.](tsv|tab)([.]gz)?");
    separator = Objects.requireNonNullElseGet(options.separator(), () -> tabs ? '\t' : separator());
    rows = rows(separator);
    numbers = new DecimalText(narrow, decimal(options.decimal()));
  }

  /** All rows of the file, from the first. */
  CsvRows open() throws IOException {
    return new CsvRows(
        name, new SequenceInputStream(new ByteArrayInputStream(head), rest), separator);
  }

  /** Reads its numbers. */
  DecimalText numbers() {
    return numbers;
  }

  /** Rows from the beginning; where one is wrong, those before it. */
  private List<CsvRows.Row> rows(char between) {
    List<CsvRows.Row> found = new ArrayList<>();
    try {
      CsvRows all = new CsvRows(name, new ByteArrayInputStream(head), between);
      while (found.size() < MOST_ROWS && all.advance()) {
        found.add(all.row());
      }
      if (found.size() > 1 && found.size() < MOST_ROWS && head.length == BYTES) {
        found.remove(found.size() - 1); // which may go on
      }
    } catch (DataException | IOException wrong) {
      return found; // whoever reads the file will see it
    }
    return found;
  }

  /**
   * That which gives most rows as many fields as the first, and of several that do, most fields
   * that are numbers.
   */
  private char separator() {
    char best = ',';
    double most = -1;
    for (char one : SEPARATORS) {
      List<CsvRows.Row> read = rows(one);
      int width = read.isEmpty() ? 0 : read.get(0).fields().size();
      if (width > 1) {
        long alike = read.stream().filter(row -> row.fields().size() == width).count();
        long all = read.stream().mapToLong(row -> row.fields().size()).sum();
        long found =
            read.stream()
                .flatMap(row -> row.fields().stream())
                .filter(
                    field -> Csv.DECIMAL.matcher(field).matches() || COMMA.matcher(field).matches())
                .count();
        double value = alike + (double) found / all;
        if (value > most) {
          best = one;
          most = value;
        }
      }
    }
    return best;
  }

  private char decimal(DecimalMark asked) {
    if (asked != DecimalMark.AUTO) {
      return asked == DecimalMark.COMMA ? ',' : '.';
    }
    boolean sure = false;
    String doubtful = null;
    for (CsvRows.Row row : rows) {
      for (int i = 0; i < row.fields().size(); i++) {
        String field = row.fields().get(i);
        if (POINT.matcher(field).matches()) {
          return '.';
        }
        if (COMMA.matcher(field).matches()) {
          boolean thousands = THOUSANDS.matcher(field).matches();
          sure |= !thousands;
          if (thousands && doubtful == null) {
            doubtful =
                ("%s: line %d, column %d: %s has a decimal comma, or a comma between thousands:"
                        + " say --decimal comma, or write the number without it")
                    .formatted(name, row.line(), i + 1, Csv.quote(field));
          }
        }
      }
    }
    if (!sure && doubtful != null) {
      throw new DataException(doubtful);
    }
    return sure ? ',' : '.';
  }

  /**
   * Whether the first line has a text where all below it have numbers; or texts alone, none of
   * which is below it too.
   */
  boolean hasHeader() {
    List<String> first = rows.isEmpty() ? List.of() : rows.get(0).fields();
    boolean texts = !first.isEmpty();
    for (int i = 0; i < first.size(); i++) {
      Set<String> below = below(i);
      boolean text = isText(first.get(i));
      if (text && !below.isEmpty() && below.stream().noneMatch(this::isText)) {
        return true;
      }
      texts &= (text || first.get(i).isEmpty()) && !below.contains(first.get(i));
    }
    return texts;
  }

  /** The different values of a column below the first line, but those that mark missing ones. */
  private Set<String> below(int column) {
    Set<String> values = new HashSet<>();
    IntStream.range(1, rows.size())
        .mapToObj(i -> rows.get(i).fields())
        .filter(fields -> column < fields.size())
        .map(fields -> fields.get(column))
        .filter(field -> !Csv.MISSING.matcher(field).matches())
        .forEach(values::add);
    return values;
  }

  private boolean isText(String field) {
    return Double.isNaN(numbers.parse(field)) && !Csv.MISSING.matcher(field).matches();
  }
}
