package org.thalweg.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The labels of rows, from a file of their own: an array of whole numbers or of text, a CSV file
 * with a column of labels, or a text file with a label on each line.
 *
 * @param of each row, the number of its class
 * @param classes the labels that occur, in the order of their numbers, or if one is no number of
 *     their texts
 */
@SuppressWarnings("ArrayRecordComponent") // large, and handed on, never compared
record Labels(int[] of, List<String> classes) {
  private static final int PIECE = 1 << 20;

  /**
   * Reads a file.
   *
   * @param column of a CSV file, its name or its number from 1; null is the last
   * @param header whether the first line of a CSV file is one; AUTO takes it for one if the column
   *     is given by name, or if there is one line more than rows
   * @param rows that have labels
   * @param owner whose rows they are, for messages
   * @throws DataException if it is not as described above, or has not a label for each row
   */
  static Labels read(
      Path path, @Nullable String column, Datasets.Header header, int rows, String owner) {
    String lower = path.toString().toLowerCase(Locale.ROOT);
    Reading reading = new Reading(path, rows, owner);
    if (ArrayFiles.is(lower)) {
      reading.array();
    } else {
      try (InputStream in = ByteFile.unpacked(path)) {
        reading.lines(
            new CsvRows(path.toString(), in),
            column,
            header,
            lower.matches("(?s).*[.]csv([.]gz)?"));
      } catch (IOException e) {
        throw DataException.reading(path, e);
      }
    }
    return reading.labels();
  }

  /** A file that is being read. */
  private static final class Reading {
    private final Path path;
    private final String owner;
    private final int rows;
    private final int[] of; // the number of each label in names; there may be a header
    private final Map<String, Integer> names = new LinkedHashMap<>();
    private long found;
    private int header; // lines of it

    Reading(Path path, int rows, String owner) {
      this.path = path;
      this.owner = owner;
      this.rows = rows;
      of = new int[Math.addExact(rows, 1)];
    }

    void add(String label) {
      if (found < of.length) {
        of[(int) found] = names.computeIfAbsent(label, name -> names.size());
      }
      found++;
    }

    Labels labels() {
      if (found - header != rows) {
        throw new DataException(
            "%s: %d labels, and %s has %d rows".formatted(path, found - header, owner, rows));
      }
      List<String> all = List.copyOf(names.keySet());
      BitSet occur = new BitSet();
      IntStream.of(of).skip(header).limit(rows).forEach(occur::set);
      List<String> present = occur.stream().mapToObj(all::get).toList();
      boolean text = !present.stream().allMatch(one -> Csv.DECIMAL.matcher(one).matches());
      List<String> classes = Csv.ordered(present, text);
      Map<String, Integer> numbers = new HashMap<>();
      classes.forEach(one -> numbers.put(one, numbers.size()));
      int[] to = all.stream().mapToInt(one -> numbers.getOrDefault(one, -1)).toArray();
      int[] each = IntStream.of(of).skip(header).limit(rows).map(i -> to[i]).toArray();
      return new Labels(each, classes);
    }

    void array() {
      Elements array = ArrayFiles.find(path, 1, this::check);
      int piece = Math.max(1, PIECE / array.bytes()) * array.bytes();
      ByteBuffer bytes = ByteBuffer.allocate(piece).order(ByteOrder.LITTLE_ENDIAN);
      try (FileChannel file = array.open()) {
        file.position(array.start());
        while (found < rows) {
          bytes.clear().limit((int) Math.min(piece, (rows - found) * array.bytes()));
          while (bytes.hasRemaining()) {
            if (file.read(bytes) < 0) {
              throw new DataException(path + ": the file has become shorter");
            }
          }
          for (int at = 0; at < bytes.limit(); at += array.bytes()) {
            add(text(array, bytes, at));
          }
        }
      } catch (IOException e) {
        throw DataException.reading(path, e);
      }
    }

    private void check(Elements array) {
      long[] shape = array.shape();
      if (shape.length == 0 || shape.length > 2 || (shape.length == 2 && shape[1] != 1)) {
        throw new DataException(
            "%s: an array of shape %s is no row of labels".formatted(path, array.shapeText()));
      }
      if (shape[0] != rows) {
        throw new DataException(
            "%s: %d labels, and %s has %d rows".formatted(path, shape[0], owner, rows));
      }
    }

    private String text(Elements array, ByteBuffer bytes, int at) {
      if (array.kind() == 'S' || array.kind() == 'U') {
        String text = characters(array, bytes, at);
        if (text.isEmpty()) {
          throw new DataException("%s: row %d: the label is empty".formatted(path, found + 1));
        }
        return text;
      }
      if (array.kind() == 'i' && array.bytes() == Long.BYTES) {
        return Long.toString(bytes.getLong(at));
      }
      if (array.kind() == 'u' && array.bytes() == Long.BYTES) {
        return Long.toUnsignedString(bytes.getLong(at));
      }
      double label = MappedRows.number(array, bytes, at);
      if (label != Math.rint(label) || Math.abs(label) > 1L << 53) {
        throw new DataException(
            "%s: row %d: a label must be a whole number or text, not %s"
                .formatted(path, found + 1, label));
      }
      return Long.toString((long) label);
    }

    /** Text of a fixed length, of which zeros at the end are no part. */
    private static String characters(Elements array, ByteBuffer bytes, int at) {
      int each = array.kind() == 'U' ? Integer.BYTES : 1;
      StringBuilder text = new StringBuilder();
      int last = 0;
      byte[] raw = new byte[array.bytes()];
      bytes.get(at, raw);
      if (each == 1) {
        return new String(raw, StandardCharsets.UTF_8).replaceFirst("\0+$", "");
      }
      for (int i = 0; i < array.bytes(); i += each) {
        int point = bytes.getInt(at + i);
        text.appendCodePoint(Character.isValidCodePoint(point) ? point : 0xfffd);
        last = point == 0 ? last : text.length();
      }
      text.setLength(last);
      return text.toString();
    }

    void lines(CsvRows lines, @Nullable String column, Datasets.Header asked, boolean csv)
        throws IOException {
      CsvRows.Row first = lines.next();
      if (first == null) {
        throw lines.wrongEnd("expected a label");
      }
      int columns = first.fields().size();
      int at = columns - 1;
      boolean named = false;
      if (column != null) {
        at = Csv.column(lines, first, column, asked);
        named = !Csv.isNumber(column, columns);
      }
      for (CsvRows.Row row = first; row != null; row = lines.next()) {
        if (row.fields().size() != columns) {
          throw lines.wrong(
              row,
              "a row of %d columns, not %d as in the first%s"
                  .formatted(
                      row.fields().size(), columns, csv ? "" : ": put quotes around the label"));
        }
        String label = row.fields().get(at);
        if (label.isEmpty()) {
          throw lines.wrong(row, at, "the label is missing");
        }
        add(label);
      }
      boolean guessed = asked == Datasets.Header.AUTO && csv && found == rows + 1L;
      header = asked == Datasets.Header.YES || named || guessed ? 1 : 0;
    }
  }
}
