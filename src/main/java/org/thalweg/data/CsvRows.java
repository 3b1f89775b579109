package org.thalweg.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a CSV file in UTF-8 (RFC 4180): fields are separated by commas and quoted if they
 * contain a comma, a line break or a (doubled) quote; lines end in LF or CRLF. A byte order mark,
 * blanks around a field and blank lines are skipped.
 */
final class CsvRows {
  private static final int LONGEST_FIELD = 1 << 16;
  private static final byte[] MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  /**
   * The character that a decoder substitutes for malformed input, this one or an earlier program's.
   */
  private static final char REPLACED = '\ufffd';

  private static final int END = -1;

  private final String name;
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private int at;
  private int end;
  private int line = 1;
  private byte[] field = new byte[64];
  private int length;

  CsvRows(String name, InputStream in) throws IOException {
    this.name = name;
    this.in = in;
    end = in.readNBytes(buffer, 0, buffer.length);
    at = Arrays.equals(Arrays.copyOf(buffer, MARK.length), MARK) ? MARK.length : 0;
  }

  /**
   * A row.
   *
   * @param line on which it begins, from 1
   * @param quoted the columns, from 0, of fields that were in quotes
   */
  record Row(int line, List<String> fields, List<Integer> quoted) {
    boolean isBlank() {
      return fields.size() == 1 && fields.get(0).isEmpty() && quoted.isEmpty();
    }
  }

  /** The next row; null at the end of the file. */
  @Nullable Row next() throws IOException {
    Row row = nextLine();
    while (row != null && row.isBlank()) {
      row = nextLine();
    }
    return row;
  }

  private @Nullable Row nextLine() throws IOException {
    int c = read();
    while (c == '\n' || c == '\r') {
      c = read();
    }
    if (c == END) {
      return null;
    }
    Row row = new Row(line, new ArrayList<>(), new ArrayList<>(0));
    while (true) {
      length = 0;
      if (c == '"') {
        row.quoted.add(row.fields.size());
        c = quoted(row);
      } else {
        while (c != ',' && c != '\n' && c != END) {
          append(row, c);
          c = read();
        }
      }
      row.fields.add(decode(row));
      if (c != ',') {
        return row;
      }
      c = read();
    }
  }

  /** Reads up to the closing quote, and returns what ends the field. */
  private int quoted(Row row) throws IOException {
    while (true) {
      int c = read();
      if (c == '"') {
        c = read();
        if (c == '\r') {
          c = read();
        }
        if (c == ',' || c == '\n' || c == END) {
          return c;
        }
        if (c != '"') {
          throw wrong(
              row, row.fields.size(), "expected a comma or the end of the line after a quote");
        }
      } else if (c == END) {
        throw wrong(row, row.fields.size(), "expected a closing quote before the end of the file");
      }
      append(row, c);
    }
  }

  private void append(Row row, int c) {
    if (length == LONGEST_FIELD) {
      throw wrong(row, row.fields.size(), "a field of more than " + LONGEST_FIELD + " bytes");
    }
    if (length == field.length) {
      field = Arrays.copyOf(field, 2 * length);
    }
    field[length++] = (byte) c;
  }

  private String decode(Row row) {
    String text = new String(field, 0, length, StandardCharsets.UTF_8);
    if (text.indexOf(REPLACED) >= 0) {
      throw wrong(row, row.fields.size(), "not UTF-8");
    }
    return text.strip();
  }

  private int read() throws IOException {
    if (at == end) {
      at = 0;
      end = Math.max(0, in.read(buffer));
      if (end == 0) {
        return END;
      }
    }
    int c = Byte.toUnsignedInt(buffer[at++]);
    line += c == '\n' ? 1 : 0;
    return c;
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

  /** An error in a line. */
  DataException wrong(Row row, String problem) {
    return new DataException("%s: line %d: %s".formatted(name, row.line, problem));
  }

  /** An error at the end of the file. */
  DataException wrongEnd(String problem) {
    return new DataException(
        "%s: line %d: %s, not the end of the file".formatted(name, line, problem));
  }
}
