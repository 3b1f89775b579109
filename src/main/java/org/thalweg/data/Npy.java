package org.thalweg.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The header of an .npy file, versions 1 to 3: the bytes {@code \x93NUMPY}, two bytes of version,
 * the length of the header (two little-endian bytes, from version 2 on four), and the header, which
 * is a Python dictionary of three entries. The elements follow. (NumPy, numpy.lib.format.) No
 * Python is evaluated: a header that does not have exactly these entries is refused.
 */
final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int MOST_HEADER = 1 << 16;

  private static final Pattern ENTRY =
      Pattern.compile(
          "\\G\\s*'(descr|fortran_order|shape)'\\s*:\\s*"
              + "('[^']*'|True|False|\\([0-9L, ]*\\)|\\[[^]]*\\])\\s*(,|(?=\\}))");
  private static final Pattern TYPE = Pattern.compile("'([<>|=])([a-zA-Z])([0-9]{0,9})'");
  private static final Pattern NUMBERS =
      Pattern.compile("\\(\\s*((?:[0-9]+L?\\s*,\\s*)*(?:[0-9]+L?)?)\\s*\\)");

  private Npy() {}

  /**
   * Reads the header of a file and checks that the file has as many bytes as it says.
   *
   * @throws DataException if it is no .npy file, or one of elements that are not read
   */
  static Elements read(Path path) {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      return read(path, path.toString(), (at, to) -> file.read(to, at), 0, file.size());
    } catch (IOException e) {
      throw DataException.reading(path, e);
    }
  }

  /** Bytes from a place on, as many as there are up to those that the buffer has left. */
  interface Source {
    int read(long at, ByteBuffer to) throws IOException;
  }

  /**
   * The same of an .npy file that lies in another.
   *
   * @param name for messages, which count bytes from 0
   * @param file its bytes, those of the header at least
   * @param start where it begins in the file {@code path}
   * @param length how many bytes it has
   */
  static Elements read(Path path, String name, Source file, long start, long length)
      throws IOException {
    ByteBuffer first = bytes(file, 0, MAGIC.length + 2, name);
    byte[] magic = new byte[MAGIC.length];
    first.get(magic);
    if (!Arrays.equals(magic, MAGIC)) {
      throw wrong(name, 0, "an .npy file begins with \\x93NUMPY");
    }
    int version = first.get();
    if (version < 1 || version > 3) {
      throw wrong(name, MAGIC.length, "version must be 1 to 3, not " + version);
    }
    int at = MAGIC.length + 2;
    int field = version == 1 ? Short.BYTES : Integer.BYTES;
    ByteBuffer size = bytes(file, at, field, name);
    long header =
        version == 1
            ? Short.toUnsignedLong(size.getShort())
            : Integer.toUnsignedLong(size.getInt());
    if (header > MOST_HEADER) {
      throw wrong(name, at, "a header of %d bytes is too long".formatted(header));
    }
    at += field;
    String text = StandardCharsets.UTF_8.decode(bytes(file, at, (int) header, name)).toString();
    Elements elements = parse(path, name, text, at, start + at + header);
    long before = elements.start() - start;
    long expected = before + elements.size();
    if (length != expected) {
      throw wrong(
          name,
          Math.min(length, expected),
          "%s of %s take %d bytes after the header, and the file has %d"
              .formatted(
                  elements.shapeText(), elements.typeText(), elements.size(), length - before));
    }
    return elements;
  }

  private static Elements parse(Path path, String name, String header, int at, long start) {
    String text = header.strip();
    if (!text.startsWith("{") || !text.endsWith("}")) {
      throw wrong(name, at, "the header must be a dictionary, not " + Csv.quote(text));
    }
    String type = null;
    String order = null;
    String shape = null;
    Matcher entry = ENTRY.matcher(text).region(1, text.length());
    int end = 1;
    while (entry.find()) {
      String value = entry.group(2);
      switch (entry.group(1)) {
        case "descr" -> type = value;
        case "fortran_order" -> order = value;
        case "shape" -> shape = value;
        default -> throw new AssertionError(entry.group(1));
      }
      end = entry.end();
    }
    boolean complete = text.substring(end).strip().equals("}");
    if (!complete || type == null || order == null || shape == null) {
      throw wrong(
          name, at, "the header must say descr, fortran_order and shape, not " + Csv.quote(text));
    }
    if (type.startsWith("[")) {
      throw wrong(name, at, "records are not read: save one field of them as an array");
    }
    Matcher of = TYPE.matcher(type);
    if (!of.matches()) {
      throw wrong(name, at, "no element type is called " + type);
    }
    char kind = of.group(2).charAt(0);
    int bytes = Integer.parseInt("0" + of.group(3)) * (kind == 'U' ? Integer.BYTES : 1);
    if (of.group(1).equals(">")) {
      throw wrong(
          name,
          at,
          "big-endian elements (%s) are not read: save x.astype('<%s')"
              .formatted(type, type.substring(2, type.length() - 1)));
    }
    boolean read =
        switch (kind) {
          case 'b' -> bytes == 1;
          case 'u', 'i' -> bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
          case 'f' -> bytes == 2 || bytes == 4 || bytes == 8;
          case 'S', 'U' -> bytes > 0 && bytes <= MOST_HEADER;
          default -> false;
        };
    if (!read) {
      throw wrong(
          name,
          at,
          kind == 'O'
              ? "Python objects are never read: save x.astype('<f4'), or labels as numbers or text"
              : "elements of type %s are not read: save x.astype('<f4')".formatted(type));
    }
    if (!order.equals("True") && !order.equals("False")) {
      throw wrong(name, at, "fortran_order must be True or False, not " + order);
    }
    return new Elements(
        path, name, kind, bytes, order.equals("True"), shape(name, shape, bytes, at), start, false);
  }

  private static long[] shape(String name, String text, int bytes, int at) {
    Matcher numbers = NUMBERS.matcher(text);
    if (!numbers.matches()) {
      throw wrong(name, at, "shape must be a tuple of numbers, not " + Csv.quote(text));
    }
    try {
      long[] shape =
          Arrays.stream(numbers.group(1).split(","))
              .map(number -> number.strip().replace("L", ""))
              .filter(number -> !number.isEmpty())
              .mapToLong(Long::parseLong)
              .toArray();
      long size = bytes;
      for (long n : shape) {
        size = Math.multiplyExact(size, n);
      }
      return shape;
    } catch (ArithmeticException | NumberFormatException e) {
      throw wrong(name, at, "an array of shape %s has too many elements".formatted(text));
    }
  }

  private static ByteBuffer bytes(Source file, long at, int n, String name) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      int got = file.read(at + bytes.position(), bytes);
      if (got < 0) {
        throw wrong(name, at + bytes.position(), "the file ends in the header of an .npy file");
      }
    }
    return bytes.flip();
  }

  static DataException wrong(String name, long at, String problem) {
    return new DataException("%s: byte %d: %s".formatted(name, at, problem));
  }
}
