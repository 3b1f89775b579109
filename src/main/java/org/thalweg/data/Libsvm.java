package org.thalweg.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;

/**
 * A LIBSVM or svmlight file: a row on each line, {@code label index:value index:value ..}, of which
 * features that are 0 are left out. Indices ascend. Fields are separated by blanks or tabs, and
 * what follows a # is skipped, as are a byte order mark and lines without a field.
 *
 * <p>A label is a number; its class is named as {@link Decimal} writes it, a whole one without an
 * exponent: "+1" and "1.0" are "1". The classes are those that occur, in the order of their
 * numbers.
 *
 * <p>Errors name the line and, as a compiler does, the column of the line where the field begins.
 */
final class Libsvm {
  /** The most features of a row. */
  static final int MOST_FEATURES = 1 << 27;

  /** Whole labels up to it are held exactly. */
  private static final double LARGEST_LABEL = 0x1p53;

  private static final byte[] MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
  private static final char REPLACED = '\ufffd'; // what a decoder makes of malformed input
  private static final int BUFFER = 1 << 16;
  private static final int END = -1;

  private final String name;
  private final InputStream in;
  private final LibsvmOptions options;
  private final boolean narrow;
  private final DecimalText decimal; // of values
  private final DecimalText wide = new DecimalText(false, '.'); // of labels

  private final byte[] buffer = new byte[BUFFER];
  private long before; // bytes of the file before those in the buffer
  private int from; // of the current field
  private int at; // of the next byte, behind the current field
  private int end; // of what was read
  private long line = 1;
  private long lineStart;

  private int[] starts = new int[1 << 8];
  private int[] labels = new int[1 << 8];
  private int[] columns = new int[1 << 12];
  private final NumberPieces numbers;
  private int rows;
  private int stored;
  private int width; // the largest index, from 1
  private final Map<Double, Integer> codes = new HashMap<>(); // of labels, as they come
  private double lastLabel = Double.NaN;
  private int lastCode;

  private Libsvm(String name, InputStream in, LibsvmOptions options, ElementType type)
      throws IOException {
    this.name = name;
    this.in = in;
    this.options = options;
    narrow = type == ElementType.F32;
    decimal = new DecimalText(narrow, '.');
    numbers = new NumberPieces(narrow);
    end = in.readNBytes(buffer, 0, MARK.length);
    at = end == MARK.length && Arrays.equals(Arrays.copyOf(buffer, end), MARK) ? end : 0;
    lineStart = at;
  }

  /**
   * Reads a file, compressed by gzip or not.
   *
   * @param type of the values, to which each is rounded once: F32 or F64
   * @throws DataException if it is not as described above
   */
  static Labelled read(String name, LibsvmOptions options, ElementType type) {
    return ByteFile.text(
        name,
        in -> {
          Libsvm file = new Libsvm(name, in, options, type);
          file.readRows();
          return file.labelled();
        });
  }

  /**
   * Rows and their labels.
   *
   * @param of each row, the number of its class
   */
  @SuppressWarnings("ArrayRecordComponent") // large, and handed on, never compared
  record Labelled(SparseRows rows, int[] of, List<String> classes) {}

  private void readRows() throws IOException {
    do {
      if (nextField()) {
        addRow();
      }
    } while (nextLine());
    if (rows == 0 || Math.max(width, options.features()) == 0) {
      throw new DataException(
          "%s: line %d: expected a %s, not the end of the file"
              .formatted(name, line, rows == 0 ? "row" : "feature in one of the rows"));
    }
  }

  private void addRow() throws IOException {
    if (rows == Dataset.MOST_VALUES) {
      throw wrong("more than %d rows".formatted(rows));
    }
    if (rows + 1 == starts.length) {
      starts = Arrays.copyOf(starts, longer(starts.length));
      labels = Arrays.copyOf(labels, starts.length);
    }
    labels[rows] = label();
    int last = -1;
    while (nextField()) {
      last = addFeature(last);
    }
    starts[++rows] = stored;
  }

  private static int longer(int length) {
    return (int) Math.min(Dataset.MOST_VALUES, 2L * length);
  }

  /** The number of the label's class, in the order in which they come. */
  private int label() {
    double label = wide.parse(buffer, from, at) + 0.0; // -0 is 0
    if (!(Math.abs(label) <= LARGEST_LABEL)) {
      String text = text();
      if (text.indexOf(':') >= 0) {
        throw wrong("expected a label before " + Csv.quote(text));
      }
      boolean several = text.matches("[-+.eE0-9]+(,[-+.eE0-9]+)+");
      throw wrong(
          "expected %s, not %s"
              .formatted(
                  several ? "one label" : "a label, a number of at most 2^53 in size",
                  Csv.quote(text)));
    }
    if (label != lastLabel) {
      lastLabel = label;
      lastCode = codes.computeIfAbsent(label, one -> codes.size());
    }
    return lastCode;
  }

  /**
   * Adds the feature in the current field.
   *
   * @param last that of the field before, from 0; -1 if there is none
   * @return which it is, from 0
   */
  private int addFeature(int last) {
    int i = from;
    long index = 0;
    for (; i < at && buffer[i] >= '0' && buffer[i] <= '9'; i++) {
      index = Math.min(10 * index + buffer[i] - '0', Integer.MAX_VALUE);
    }
    if (i == from || i == at || buffer[i] != ':') {
      String text = text();
      throw wrong(
          text.startsWith("qid:")
              ? "%s: groups of a ranking are not read".formatted(Csv.quote(text))
              : "expected an index and a value, as in 3:0.5, not %s".formatted(Csv.quote(text)));
    }
    int column = column(index, last);
    double value = decimal.parse(buffer, i + 1, at);
    if (!Double.isFinite(value)) {
      throw wrong(
          "expected a finite %s number behind the index, not %s"
              .formatted(narrow ? "binary32" : "binary64", Csv.quote(text())));
    }
    width = Math.max(width, column + 1);
    if (value != 0) {
      if (stored == Dataset.MOST_VALUES) {
        throw wrong("more than %d features that are not 0, all together".formatted(stored));
      }
      if (stored == columns.length) {
        columns = Arrays.copyOf(columns, longer(columns.length));
      }
      columns[stored++] = column;
      numbers.add(value);
    }
    return column;
  }

  /** The feature, from 0, of an index. */
  private int column(long index, int last) {
    int first = options.zeroBased() ? 0 : 1;
    if (index < first) {
      throw wrong(
          "index 0, and indices begin at 1; if those of this file begin at 0, say --zero-based");
    }
    long column = index - first;
    int features = options.features();
    if (features > 0 && column >= features) {
      throw wrong(
          "index %s%s, and %s has %d features"
              .formatted(digits(), first == 0 ? " (from 0)" : "", options.owner(), features));
    }
    if (column >= MOST_FEATURES) {
      throw wrong(
          "index %s is too large: there are at most %d features"
              .formatted(digits(), MOST_FEATURES));
    }
    if (column <= last) {
      throw wrong(
          column == last
              ? "index %d is there twice".formatted(index)
              : "index %d behind %d: indices must ascend".formatted(index, last + first));
    }
    return (int) column;
  }

  /** The index in the current field. */
  private String digits() {
    String text = text();
    return text.substring(0, text.indexOf(':'));
  }

  private Labelled labelled() {
    double[] order = codes.keySet().stream().mapToDouble(one -> one).sorted().toArray();
    if (options.features() == 0 && !options.manyClasses()) {
      boolean whole = Arrays.stream(order).allMatch(one -> one == Math.rint(one));
      String doubt = Csv.noClasses(order.length, rows, !whole);
      if (doubt != null) {
        throw new DataException(
            "%s: the labels have %s; if they are classes, insist with --many-classes"
                .formatted(name, doubt));
      }
    }
    int[] places = new int[order.length];
    codes.forEach((label, code) -> places[code] = Arrays.binarySearch(order, label));
    int[] of = IntStream.range(0, rows).map(row -> places[labels[row]]).toArray();
    List<String> classes = Arrays.stream(order).mapToObj(Libsvm::className).toList();
    Dataset.Values values =
        narrow
            ? new Dataset.Floats(numbers.toFloats(stored))
            : new Dataset.Doubles(numbers.toDoubles(stored));
    int features = options.features() == 0 ? width : options.features();
    return new Labelled(
        new SparseRows(
            Arrays.copyOf(starts, rows + 1), Arrays.copyOf(columns, stored), values, features),
        of,
        classes);
  }

  private static String className(double label) {
    return label == Math.rint(label) ? Long.toString((long) label) : Decimal.text(label);
  }

  /** Goes to the next field of the line; false at its end. */
  private boolean nextField() throws IOException {
    int c = next();
    while (c == ' ' || c == '\t' || c == '\r') {
      at++;
      c = next();
    }
    if (c == '#') {
      while (c != '\n' && c != END) {
        at++;
        c = next();
      }
    }
    if (c == '\n' || c == END) {
      return false;
    }
    while (at < end || fill(from)) {
      byte one = buffer[at];
      if (one == ' ' || one == '\t' || one == '\n' || one == '\r' || one == '#') {
        return true;
      }
      at++;
    }
    return true;
  }

  /** Goes from the end of a line to the next; false at the end of the file. */
  private boolean nextLine() throws IOException {
    if (next() == END) {
      return false;
    }
    at++;
    line++;
    lineStart = before + at;
    return true;
  }

  /** The next byte, at which a field may begin; -1 at the end of the file. */
  private int next() throws IOException {
    boolean more = at < end || fill(at);
    from = at;
    return more ? Byte.toUnsignedInt(buffer[at]) : END;
  }

  /** Reads more behind what is kept; false at the end of the file. */
  private boolean fill(int kept) throws IOException {
    if (kept == 0 && end == BUFFER) {
      throw wrong("a field of more than %d bytes".formatted(BUFFER));
    }
    System.arraycopy(buffer, kept, buffer, 0, end - kept);
    before += kept;
    at -= kept;
    end -= kept;
    from = 0;
    int got = in.read(buffer, end, BUFFER - end);
    end += Math.max(0, got);
    return got > 0;
  }

  /** The current field. */
  private String text() {
    String text = new String(buffer, from, at - from, StandardCharsets.UTF_8);
    if (text.indexOf(REPLACED) >= 0) {
      throw wrong("not UTF-8");
    }
    return text;
  }

  /** An error in the current field. */
  private DataException wrong(String problem) {
    return new DataException(
        "%s: line %d, column %d: %s".formatted(name, line, before + from - lineStart + 1, problem));
  }
}
