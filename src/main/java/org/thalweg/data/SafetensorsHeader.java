package org.thalweg.data;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file: its length as 8 little-endian bytes, and JSON. The tensors'
 * bytes follow, one after the other. (Hugging Face, "safetensors", format specification.) It is
 * held to the specification: names are different, the tensors fill the file without gap or overlap,
 * each as many bytes as its shape says.
 *
 * @param metadata free text
 * @param tensors by name, in the header's order
 * @param data where the tensors' bytes begin in the file
 */
public record SafetensorsHeader(
    Map<String, String> metadata, Map<String, Entry> tensors, long data) {
  /** The name in the header of what is no tensor. */
  public static final String METADATA = "__metadata__";

  /** The longest header that the specification allows. */
  private static final long MOST_HEADER = 100_000_000;

  /**
   * What the header says of a tensor.
   *
   * @param dtype {@code "F32"}, {@code "BF16"}, ..: as in the specification
   * @param shape row-major
   * @param begin where its bytes begin, from the end of the header
   * @param end the byte after its last
   */
  public record Entry(String dtype, List<Long> shape, long begin, long end) {}

  /** Keeps the order of both. */
  public SafetensorsHeader {
    metadata = Collections.unmodifiableMap(metadata);
    tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * The JSON of a file.
   *
   * @throws IOException if the file has none; the message, of one line, names it and the place
   */
  public static ByteBuffer read(Path file, FileChannel channel) throws IOException {
    long length = channel.size();
    if (length < 8) {
      throw wrong(file, "byte 0: a safetensors file has at least 8 bytes, not " + length);
    }
    ByteBuffer size = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    fill(file, channel, 0, size);
    long header = size.getLong(0);
    if (header < 0 || header > Math.min(length - 8, MOST_HEADER)) {
      throw wrong(
          file,
          "byte 0: a safetensors file begins with the size of its header, and %d".formatted(length)
              + " bytes have no room for one of %s, at most %d"
                  .formatted(Long.toUnsignedString(header), MOST_HEADER));
    }
    ByteBuffer json = ByteBuffer.allocate((int) header);
    fill(file, channel, 8, json);
    return json.flip();
  }

  /** Fills the buffer from a place of the file on. */
  public static void fill(Path file, FileChannel channel, long at, ByteBuffer bytes)
      throws IOException {
    long from = at;
    while (bytes.hasRemaining()) {
      int n = channel.read(bytes, from);
      if (n < 0) {
        throw error(file, "it became shorter while it was read: it ends at byte " + from);
      }
      from += n;
    }
  }

  /**
   * What the JSON of a file says.
   *
   * @param length of the file in bytes
   * @throws IOException if it is not as specified; the message, of one line, names the file and the
   *     place
   */
  public static SafetensorsHeader parse(Path file, ByteBuffer json, long length)
      throws IOException {
    Parser parser = new Parser(file);
    long data = 8L + json.remaining();
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(json).toString();
      parser.read(new JsonReader(new StringReader(text)));
    } catch (CharacterCodingException e) {
      throw wrong(file, "the header is not UTF-8");
    }
    parser.checkContiguous(length - data);
    return new SafetensorsHeader(parser.metadata, parser.tensors, data);
  }

  /** What is wrong with a file as a whole. */
  public static IOException wrong(Path file, String what) {
    return error(file, "no safetensors file, or a damaged one: " + what);
  }

  /** What is wrong with a file, in one line. */
  public static IOException error(Path file, String what) {
    return new IOException((file + ": " + what).replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?"));
  }

  private static final class Parser {
    private final Path file;
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, Entry> tensors = new LinkedHashMap<>();

    Parser(Path file) {
      this.file = file;
    }

    /**
     * Reads the header token by token, so that nothing is ignored, repeated or nested too deeply.
     */
    private void read(JsonReader json) throws IOException {
      json.setStrictness(Strictness.STRICT);
      try {
        json.beginObject();
        while (json.hasNext()) {
          String name = json.nextName();
          if (name.equals(METADATA)) {
            json.beginObject();
            while (json.hasNext()) {
              String key = json.nextName();
              require(json.peek() == JsonToken.STRING, json, "metadata must be strings");
              require(metadata.put(key, json.nextString()) == null, json, "the name occurs twice");
            }
            json.endObject();
          } else {
            require(tensors.put(name, entry(json)) == null, json, "the name occurs twice");
          }
        }
        json.endObject();
        require(json.peek() == JsonToken.END_DOCUMENT, json, "nothing may follow");
      } catch (EOFException e) {
        throw wrong(file, "header at %s: the JSON breaks off".formatted(json.getPath()));
      } catch (MalformedJsonException | IllegalStateException e) {
        throw wrong(file, "header at %s: not the JSON that is expected".formatted(json.getPath()));
      }
    }

    private void require(boolean condition, JsonReader json, String message) throws IOException {
      if (!condition) {
        throw wrong(file, "header at %s: %s".formatted(json.getPath(), message));
      }
    }

    private Entry entry(JsonReader json) throws IOException {
      String dtype = "";
      List<Long> shape = null;
      List<Long> offsets = null;
      json.beginObject();
      while (json.hasNext()) {
        String key = json.nextName();
        if (key.equals("dtype") && dtype.isEmpty()) {
          dtype = json.nextString();
          require(bytes(dtype) > 0, json, "an unknown dtype: " + dtype);
        } else if (key.equals("shape") && shape == null) {
          shape = integers(json);
        } else if (key.equals("data_offsets") && offsets == null) {
          offsets = integers(json);
          require(offsets.size() == 2, json, "data_offsets are two numbers");
        } else {
          require(false, json, "dtype, shape and data_offsets once each, and nothing else");
        }
      }
      json.endObject();
      if (dtype.isEmpty() || shape == null || offsets == null) {
        throw wrong(
            file, "header at %s: dtype, shape or data_offsets missing".formatted(json.getPath()));
      }
      Entry entry = new Entry(dtype, shape, offsets.get(0), offsets.get(1));
      require(
          entry.end() - entry.begin() == bytes(shape, bytes(dtype)),
          json,
          "%s %s has not the bytes %s".formatted(dtype, shape, offsets));
      return entry;
    }

    /** The size of an element; 0 where there is no such type. */
    private static int bytes(String dtype) {
      return switch (dtype) {
        case "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3" -> 1;
        case "I16", "U16", "F16", "BF16" -> 2;
        case "I32", "U32", "F32" -> 4;
        case "I64", "U64", "F64" -> 8;
        default -> 0;
      };
    }

    /**
     * The size of a tensor. If it overflows, a number by which no two offsets differ; but 0 if a
     * factor is 0.
     */
    private static long bytes(List<Long> shape, int each) {
      try {
        return shape.contains(0L) ? 0 : shape.stream().reduce((long) each, Math::multiplyExact);
      } catch (ArithmeticException e) {
        return Long.MIN_VALUE;
      }
    }

    private List<Long> integers(JsonReader json) throws IOException {
      List<Long> list = new ArrayList<>();
      json.beginArray();
      while (json.hasNext()) {
        require(json.peek() == JsonToken.NUMBER, json, "not a number");
        String number = json.nextString();
        // 2^63 has 19 digits; 18 are more bytes than any disk has.
        require(number.matches("0|[1-9][0-9]{0,17}"), json, "not a size: " + number);
        list.add(Long.parseLong(number));
      }
      json.endArray();
      return Collections.unmodifiableList(list);
    }

    private void checkContiguous(long length) throws IOException {
      List<Map.Entry<String, Entry>> inOrder = new ArrayList<>(tensors.entrySet());
      inOrder.sort(
          Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
              .thenComparingLong(e -> e.getValue().end()));
      long at = 0;
      for (Map.Entry<String, Entry> tensor : inOrder) {
        if (tensor.getValue().begin() != at) {
          throw wrong(
              file,
              "tensor %s begins at %d, the one before it ends at %d"
                  .formatted(tensor.getKey(), tensor.getValue().begin(), at));
        }
        at = tensor.getValue().end();
      }
      if (at != length) {
        throw wrong(file, "the tensors have %d bytes, and %d are there".formatted(at, length));
      }
    }
  }
}
