package org.thalweg.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a CSV file in UTF-8 (RFC 4180): fields are separated by commas, or another character,
 * and quoted if they contain it, a line break or a (doubled) quote; lines end in LF or CRLF. A byte
 * order mark, blanks around a field and blank lines are skipped.
 *
 * <p>A row is read to where it lies in a buffer, and its fields are ranges of bytes there until the
 * next is read: most fields are numbers, and never become text.
 */
final class CsvRows {
  private static final int LONGEST_FIELD = 1 << 16;
  private static final int LONGEST_ROW = 1 << 28;
  private static final byte[] MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  /**
   * The character that a decoder substitutes for malformed input, this one or an earlier program's.
   */
  private static final char REPLACED = '\ufffd';

  private static final int END = -1;
  private static final long LINE_FEEDS = EightBytes.all('\n');

  private final String name;
  private final InputStream in;
  private final byte separator;
  private final long separators; // eight of them
  private byte[] buffer = new byte[1 << 16];
  private int start; // of the row
  private int at; // of the next byte
  private int end; // of what was read; a line feed stands there, so that every field ends
  private int line = 1;
  private int rowLine = 1;

  // Of each field, its first byte and that behind its last one, from the start of the row.
  private int[] from = new int[16];
  private int[] to = new int[16];
  private int fields;
  private final BitSet quoted = new BitSet();

  CsvRows(String name, InputStream in) throws IOException {
    this(name, in, ',');
  }

  /**
   * Opens a file.
   *
   * @param name for messages
   * @param separator of fields: an ASCII character
   */
  CsvRows(String name, InputStream in, char separator) throws IOException {
    this.name = name;
    this.in = in;
    this.separator = (byte) separator;
    separators = EightBytes.all(separator);
    end = in.readNBytes(buffer, 0, MARK.length);
    at = end == MARK.length && Arrays.equals(Arrays.copyOf(buffer, end), MARK) ? end : 0;
    buffer[end] = '\n';
  }

  /**
   * A row.
   *
   * @param line on which it begins, from 1
   * @param quoted the columns, from 0, of fields that were in quotes
   */
  record Row(int line, List<String> fields, List<Integer> quoted) {}

  /** The next row; null at the end of the file. */
  @Nullable Row next() throws IOException {
    return advance() ? row() : null;
  }

  /** The current row. */
  Row row() {
    List<String> texts = new ArrayList<>(fields);
    for (int i = 0; i < fields; i++) {
      texts.add(text(i));
    }
    return new Row(rowLine, texts, quoted.stream().boxed().toList());
  }

  /** The bytes in which the current row lies. */
  byte[] bytes() {
    return buffer;
  }

  /** Where a field begins in {@link #bytes}. */
  int from(int column) {
    return start + from[column];
  }

  /** Behind the end of a field in {@link #bytes}. */
  int to(int column) {
    return start + to[column];
  }

  /** How many fields the current row has. */
  int fields() {
    return fields;
  }

  /** Whether a field of the current row was in quotes. */
  boolean isQuoted(int column) {
    return quoted.get(column);
  }

  /** A field of the current row, without blanks around it. */
  String text(int column) {
    String text =
        new String(buffer, from(column), to[column] - from[column], StandardCharsets.UTF_8);
    if (text.indexOf(REPLACED) >= 0) {
      throw wrong(column, "not UTF-8");
    }
    return text.strip();
  }

  /** The line on which the current row begins, from 1. */
  int line() {
    return rowLine;
  }

  char separator() {
    return (char) separator;
  }

  /** Goes to the next row that is not blank; false at the end of the file. */
  boolean advance() throws IOException {
    do {
      if (!nextLine()) {
        return false;
      }
    } while (fields == 1 && !isQuoted(0) && text(0).isEmpty());
    return true;
  }

  private boolean nextLine() throws IOException {
    start = at;
    fields = 0;
    quoted.clear();
    int c = read();
    while (c == '\n' || c == '\r') {
      start = at;
      c = read();
    }
    if (c == END) {
      return false;
    }
    at--;
    rowLine = line;
    do {
      if (fields == from.length) {
        from = Arrays.copyOf(from, 2 * fields);
        to = Arrays.copyOf(to, 2 * fields);
      }
      from[fields] = at - start;
      boolean more = at < end || fill();
      c = more && buffer[at] == '"' ? quoted() : plain();
      fields++;
    } while (c == separator);
    return true;
  }

  /** Reads a field up to what ends it, and returns that. */
  private int plain() throws IOException {
    int i = ending(at);
    while (i >= end) {
      at = i; // the line feed behind what was read
      if (!fill()) {
        setEnd(at);
        return END;
      }
      i = ending(at);
    }
    byte c = buffer[i];
    at = i + 1;
    line += c == '\n' ? 1 : 0;
    setEnd(i);
    return c;
  }

  /** The place of the next separator or line feed. */
  private int ending(int from) {
    byte[] bytes = buffer;
    int i = from;
    for (; i <= bytes.length - Long.BYTES; i += Long.BYTES) {
      int before = EightBytes.before(EightBytes.get(bytes, i), separators, LINE_FEEDS);
      if (before < Long.BYTES) {
        return i + before;
      }
    }
    while (bytes[i] != separator && bytes[i] != '\n') {
      i++;
    }
    return i;
  }

  /** Sets the field's end, and skips blanks around it. */
  private void setEnd(int last) {
    int first = start + from[fields];
    int behind = last;
    while (first < behind && isBlank(buffer[behind - 1])) {
      behind--;
    }
    while (first < behind && isBlank(buffer[first])) {
      first++;
    }
    from[fields] = first - start;
    to[fields] = behind - start;
    if (behind - first > LONGEST_FIELD) {
      throw tooLong();
    }
  }

  private static boolean isBlank(byte c) {
    return c <= ' ' && (c == ' ' || c == '\t' || c == '\r');
  }

  /** Reads a field up to its closing quote, and returns what ends it. */
  private int quoted() throws IOException {
    quoted.set(fields);
    at++;
    int write = from[fields]; // doubled quotes take one byte, so it stays behind what is read
    while (true) {
      int c = read();
      if (c == '"') {
        c = read();
        if (c == '\r') {
          c = read();
        }
        if (c == separator || c == '\n' || c == END) {
          to[fields] = write;
          return c;
        }
        if (c != '"') {
          throw wrong(
              fields,
              "expected %s or the end of the line after a quote"
                  .formatted(separator == ',' ? "a comma" : named((char) separator)));
        }
      } else if (c == END) {
        throw wrong(fields, "expected a closing quote before the end of the file");
      }
      if (write - from[fields] == LONGEST_FIELD) {
        throw tooLong();
      }
      buffer[start + write++] = (byte) c;
    }
  }

  /** A separator as messages and options name it. */
  static String named(char separator) {
    return separator == '\t' ? "tab" : "\"" + separator + "\"";
  }

  private DataException tooLong() {
    return wrong(fields, "a field of more than " + LONGEST_FIELD + " bytes");
  }

  private int read() throws IOException {
    if (at == end && !fill()) {
      return END;
    }
    int c = Byte.toUnsignedInt(buffer[at++]);
    line += c == '\n' ? 1 : 0;
    return c;
  }

  /** Reads more behind what is there of the row; false at the end of the file. */
  private boolean fill() throws IOException {
    if (start > 0) {
      System.arraycopy(buffer, start, buffer, 0, end - start);
      at -= start;
      end -= start;
      start = 0;
    }
    if (fields < from.length && at - from[fields] > 2 * LONGEST_FIELD) {
      throw tooLong(); // before all of it is read
    }
    if (end == buffer.length - 1) {
      if (end > LONGEST_ROW) {
        throw wrong(fields, "a line of more than " + LONGEST_ROW + " bytes");
      }
      buffer = Arrays.copyOf(buffer, 2 * buffer.length);
    }
    int got = Math.max(0, in.read(buffer, end, buffer.length - 1 - end));
    end += got;
    buffer[end] = '\n';
    return got > 0;
  }

  /**
   * An error in a field.
   *
   * @param column from 0; the message counts from 1
   */
  DataException wrong(Row row, int column, String problem) {
    return new DataException(
        "%s: line %d, column %d: %s".formatted(name, row.line, column + 1, problem));
  }

  /** An error in a field of the current row. */
  DataException wrong(int column, String problem) {
    return new DataException(
        "%s: line %d, column %d: %s".formatted(name, rowLine, column + 1, problem));
  }

  /** An error in a line. */
  DataException wrong(Row row, String problem) {
    return new DataException("%s: line %d: %s".formatted(name, row.line, problem));
  }

  /** An error in a column. */
  DataException wrong(String problem) {
    return new DataException(name + ": " + problem);
  }

  /** An error at the end of the file. */
  DataException wrongEnd(String problem) {
    return new DataException(
        "%s: line %d: %s, not the end of the file".formatted(name, line, problem));
  }
}
