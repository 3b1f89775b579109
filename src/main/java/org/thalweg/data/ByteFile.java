package org.thalweg.data;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.thalweg.numeric.Reason;

/**
 * A binary file, compressed by gzip or not, that is read from the first byte to the last. Every
 * error names the file and the offset of the byte, counted from 0 in the uncompressed data.
 */
final class ByteFile extends FilterInputStream {
  private static final int BUFFER = 1 << 16;
  private static final int GZIP_0 = 0x1f;
  private static final int GZIP_1 = 0x8b;

  private final String name;
  private long at;

  private ByteFile(String name, InputStream in) {
    super(in);
    this.name = name;
  }

  /** How the contents of a file are read. */
  interface Format<T> {
    T read(ByteFile file) throws IOException;
  }

  /**
   * Reads a whole file. Compression is recognised by the first two bytes, not by the name.
   *
   * @throws DataException if it cannot be read, or has bytes after the end of the format
   */
  static <T> T read(Path path, Format<T> format) {
    try (InputStream plain = new BufferedInputStream(Files.newInputStream(path), BUFFER)) {
      boolean packed = isPacked(plain);
      ByteFile file = new ByteFile(packed ? path + ", unpacked" : path.toString(), plain);
      try {
        if (packed) {
          file.in = new GZIPInputStream(plain, BUFFER);
        }
        T contents = format.read(file);
        if (file.read() >= 0) {
          throw file.wrong("expected the end of the file");
        }
        return contents;
      } catch (IOException e) {
        throw file.wrong(Reason.of(e));
      }
    } catch (IOException e) {
      throw DataException.reading(path, e);
    }
  }

  /** Opens a file, compressed by gzip or not. */
  static InputStream unpacked(Path path) throws IOException {
    return unpacked(Files.newInputStream(path));
  }

  private static InputStream unpacked(InputStream raw) throws IOException {
    InputStream plain = new BufferedInputStream(raw, BUFFER);
    try {
      return isPacked(plain) ? new GZIPInputStream(plain, BUFFER) : plain;
    } catch (IOException e) {
      plain.close();
      throw e;
    }
  }

  /** How a text is read. */
  interface Text<T> {
    T read(InputStream in) throws IOException;
  }

  /**
   * Reads a text, compressed by gzip or not.
   *
   * @param name of the file, or - for standard input
   * @throws DataException if it cannot be read
   */
  static <T> T text(String name, Text<T> text) {
    try (InputStream in = name.equals("-") ? unpacked(System.in) : unpacked(Path.of(name))) {
      return text.read(in);
    } catch (IOException e) {
      throw DataException.reading(Path.of(name), e);
    }
  }

  private static boolean isPacked(InputStream plain) throws IOException {
    plain.mark(2);
    boolean packed = plain.read() == GZIP_0 && plain.read() == GZIP_1;
    plain.reset();
    return packed;
  }

  /**
   * The file of that name in a folder, of that name with .gz, or, as some programs unpack MNIST,
   * with a dot for its second hyphen.
   *
   * @param source how to get it, for the error message where it is missing
   */
  static Path find(Path folder, String name, String source) {
    String dotted = name.replace("-idx", ".idx");
    for (String file : List.of(name, name + ".gz", dotted, dotted + ".gz")) {
      if (Files.exists(folder.resolve(file))) {
        return folder.resolve(file);
      }
    }
    throw DataException.missing(folder.resolve(name), source);
  }

  @Override
  public int read() throws IOException {
    int value = in.read();
    at += value < 0 ? 0 : 1;
    return value;
  }

  @Override
  public int read(byte[] bytes, int from, int n) throws IOException {
    int got = in.read(bytes, from, n);
    at += Math.max(0, got);
    return got;
  }

  /** The next {@code n} bytes. Memory use grows with the bytes read, not with {@code n}. */
  byte[] bytes(int n, String what) throws IOException {
    byte[] bytes = readNBytes(n);
    if (bytes.length < n) {
      throw wrong("the file ends after %d of %d bytes of %s".formatted(bytes.length, n, what));
    }
    return bytes;
  }

  /** The next four bytes, a big-endian number of at least 1. */
  int count(String what) throws IOException {
    long start = at;
    int count = ByteBuffer.wrap(bytes(Integer.BYTES, what)).getInt();
    if (count < 1) {
      throw wrong(
          start,
          "%s must be 1 to %d, not %s"
              .formatted(what, Integer.MAX_VALUE, Integer.toUnsignedString(count)));
    }
    return count;
  }

  /** Checks a label that was read at an offset. */
  int label(long at, byte label, int classes) {
    int value = Byte.toUnsignedInt(label);
    if (value >= classes) {
      throw wrong(at, "label must be 0 to %d, not %d".formatted(classes - 1, value));
    }
    return value;
  }

  /** An error at the current offset. */
  DataException wrong(String problem) {
    return wrong(at, problem);
  }

  DataException wrong(long at, String problem) {
    return new DataException("%s: byte %d: %s".formatted(name, at, problem));
  }
}
