package org.thalweg.data;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Where the elements of an array lie in a file, little-endian.
 *
 * @param path the file
 * @param name of the array, for messages
 * @param kind of the elements: b, u, i, f, S or U, as NumPy has it, or B for bfloat16
 * @param bytes of an element
 * @param fortran whether the first index runs fastest
 * @param shape of the array
 * @param start of the elements in the file
 * @param temporary whether the file is deleted once it has been opened
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
record Elements(
    Path path,
    String name,
    char kind,
    int bytes,
    boolean fortran,
    long[] shape,
    long start,
    boolean temporary) {
  /** Opens the file. What is mapped from it stays there when it is closed and deleted. */
  FileChannel open() throws IOException {
    return temporary
        ? FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE)
        : FileChannel.open(path, StandardOpenOption.READ);
  }

  /** Bytes of all elements. */
  long size() {
    return Arrays.stream(shape).reduce(bytes, (a, b) -> a * b);
  }

  /** As NumPy writes it: {@code (60000, 784)}. */
  String shapeText() {
    return Arrays.toString(shape)
        .replace('[', '(')
        .replace(shape.length == 1 ? "]" : "\0", ",)")
        .replace(']', ')');
  }

  /** As NumPy writes it: {@code float16}. */
  String typeText() {
    return switch (kind) {
      case 'b' -> "bool";
      case 'u' -> "uint" + 8 * bytes;
      case 'i' -> "int" + 8 * bytes;
      case 'f' -> "float" + 8 * bytes;
      case 'B' -> "bfloat16";
      default -> "text";
    };
  }
}
