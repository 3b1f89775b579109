package org.thalweg.model;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.zip.CRC32;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * The safetensors format: the length of a JSON header as 8 little-endian bytes, the header, the
 * tensors' bytes one after the other. (Hugging Face, "safetensors", format specification.) A file
 * that is written here has among its metadata, as {@code thalweg.crc32}, the CRC-32 of all its
 * bytes but that number's own 8 hexadecimal digits.
 *
 * <p>An instance is an open file whose checksum, if it has one, is right, and whose header has been
 * held to the specification: names are different, the tensors fill the file without gap or overlap,
 * each as many bytes as its shape says. Tensors are written and read a piece at a time, and nothing
 * is allocated because a file claims to be large.
 */
public final class Safetensors implements Closeable {
  /** The longest header that the specification allows. */
  private static final long MOST_HEADER = 100_000_000;

  /** A multiple of every element's size. */
  static final int PIECE = 1 << 20;

  static final String METADATA = "__metadata__";
  static final String CRC = "thalweg.crc32";

  /** Where the digits of the checksum lie in a file that is written here. */
  static final int DIGITS = 8 + "{'%s':{'%s':'".formatted(METADATA, CRC).length();

  /** In a header, the checksum: it cannot stand in a string, where its quotes are escaped. */
  private static final Pattern CHECKSUM = Pattern.compile('"' + CRC + "\":\"([0-9a-f]{8})\"");

  /** A piece of a tensor's little-endian bytes. */
  @FunctionalInterface
  public interface Piece {
    /**
     * Reads or writes what the buffer has left.
     *
     * @param at how many bytes of the tensor lie before the piece
     * @param bytes a direct buffer, from its position 0 on
     */
    void move(long at, ByteBuffer bytes);
  }

  /**
   * A tensor to be written.
   *
   * @param shape row-major
   * @param data fills a buffer with a piece
   */
  public record Tensor(ElementType type, List<Long> shape, Piece data) {
    /** A tensor of numbers in memory, in F64. */
    public static Tensor of(double[] values, long... shape) {
      return new Tensor(
          ElementType.F64,
          LongStream.of(shape).boxed().toList(),
          (at, piece) -> piece.asDoubleBuffer().put(values, (int) at / 8, piece.remaining() / 8));
    }

    /**
     * A tensor with the elements of an array, each NaN as the canonical one, so that all devices
     * write the same file.
     */
    public static Tensor of(Device device, Array array, long... shape) {
      return new Tensor(
          array.type(),
          LongStream.of(shape).boxed().toList(),
          (at, piece) -> {
            device.download(slice(array, at, piece), piece);
            oneNaN(array.type(), piece);
          });
    }

    long bytes() {
      return shape.stream().reduce((long) type.bytes(), Math::multiplyExact);
    }
  }

  /**
   * What the header says of a tensor.
   *
   * @param dtype {@code "F32"}, {@code "BF16"}, ..: as in the specification
   * @param shape row-major
   * @param begin where its bytes begin, from the end of the header
   * @param end the byte after its last
   */
  public record Entry(String dtype, List<Long> shape, long begin, long end) {}

  private final Path file;
  private final FileChannel channel;
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final Map<String, Entry> tensors = new LinkedHashMap<>();
  private final long data;
  private final boolean checked;

  /**
   * Opens a file, checks it and reads its header.
   *
   * @throws IOException if it is damaged or not as specified; the message, of one line, names the
   *     file and the place
   */
  public Safetensors(Path file) throws IOException {
    this.file = file;
    if (Files.isDirectory(file)) {
      throw new IOException(file + ": a folder, not a file");
    }
    channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      long length = channel.size();
      if (length < 8) {
        throw wrong("byte 0: not a model: a safetensors file has at least 8 bytes, not " + length);
      }
      long header = read(0, 8).getLong();
      if (header < 0 || header > Math.min(length - 8, MOST_HEADER)) {
        throw wrong(
            "byte 0: not a model: a safetensors file begins with the size of its header, and %d"
                    .formatted(length)
                + " bytes have no room for one of %s, at most %d"
                    .formatted(Long.toUnsignedString(header), MOST_HEADER));
      }
      data = 8 + header;
      ByteBuffer json = read(8, (int) header);
      checked = check(StandardCharsets.ISO_8859_1.decode(json.duplicate()), length);
      try {
        String text = StandardCharsets.UTF_8.newDecoder().decode(json).toString();
        parse(new JsonReader(new StringReader(text)));
      } catch (CharacterCodingException e) {
        throw wrong("the header is not UTF-8");
      }
      checkContiguous(length - data);
      if (!checked && metadata.keySet().stream().anyMatch(Safetensors::isLikeChecksum)) {
        throw wrong("its checksum cannot be read");
      }
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Whether a name is that of the checksum, but for one damaged letter at most. */
  private static boolean isLikeChecksum(String name) {
    int n = CRC.length();
    return name.length() == n
        && IntStream.range(0, n).filter(i -> name.charAt(i) != CRC.charAt(i)).count() <= 1;
  }

  /** What is wrong with the file as a whole. */
  private IOException wrong(String what) {
    return error("no safetensors file, or a damaged one: " + what);
  }

  private IOException error(String what) {
    return new IOException((file + ": " + what).replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?"));
  }

  /**
   * Checks the sum over the file.
   *
   * @param header a character for each of its bytes
   * @return whether there is one
   */
  private boolean check(CharSequence header, long length) throws IOException {
    Matcher matcher = CHECKSUM.matcher(header);
    if (!matcher.find()) {
      return false;
    }
    CRC32 crc = new CRC32();
    ByteBuffer bytes = buffer(length);
    long[][] parts = {{0, 8 + matcher.start(1)}, {8 + matcher.end(1), length}};
    for (long[] part : parts) {
      for (long at = part[0]; at < part[1]; at += PIECE) {
        fill(at, bytes.clear().limit((int) Math.min(PIECE, part[1] - at)));
        crc.update(bytes.flip());
      }
    }
    String sum = digits(crc);
    if (!matcher.group(1).equals(sum)) {
      throw error(
          "the file is damaged: its checksum is %s, that of its bytes %s"
              .formatted(matcher.group(1), sum));
    }
    return true;
  }

  static String digits(CRC32 crc) {
    return "%08x".formatted((int) crc.getValue());
  }

  private ByteBuffer read(long at, int n) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
    fill(at, bytes);
    return bytes.flip();
  }

  private void fill(long at, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int n = channel.read(bytes, at);
      if (n < 0) {
        throw error("it became shorter while it was read: it ends at byte " + at);
      }
      at += n;
    }
  }

  /** Reads the header token by token, so that nothing is ignored, repeated or nested too deeply. */
  private void parse(JsonReader json) throws IOException {
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
      throw wrong("header at %s: the JSON breaks off".formatted(json.getPath()));
    } catch (MalformedJsonException | IllegalStateException e) {
      throw wrong("header at %s: not the JSON that is expected".formatted(json.getPath()));
    }
  }

  private void require(boolean condition, JsonReader json, String message) throws IOException {
    if (!condition) {
      throw wrong("header at %s: %s".formatted(json.getPath(), message));
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
      throw wrong("header at %s: dtype, shape or data_offsets missing".formatted(json.getPath()));
    }
    Entry entry = new Entry(dtype, shape, offsets.get(0), offsets.get(1));
    require(
        entry.end - entry.begin == bytes(shape, bytes(dtype)),
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
        Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin)
            .thenComparingLong(e -> e.getValue().end));
    long at = 0;
    for (Map.Entry<String, Entry> tensor : inOrder) {
      if (tensor.getValue().begin != at) {
        throw wrong(
            "tensor %s begins at %d, the one before it ends at %d"
                .formatted(tensor.getKey(), tensor.getValue().begin, at));
      }
      at = tensor.getValue().end;
    }
    if (at != length) {
      throw wrong("the tensors have %d bytes, and %d are there".formatted(at, length));
    }
  }

  /** Whether the file has a checksum, which then is right. */
  public boolean checked() {
    return checked;
  }

  /** The free text in the header. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /** The tensors by name, in the header's order. */
  public Map<String, Entry> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /**
   * Reads a tensor piece by piece, in order.
   *
   * @param piece is handed each
   */
  public void read(String name, Piece piece) throws IOException {
    Entry entry = tensors.get(name);
    if (entry == null) {
      throw error("there is no tensor " + name);
    }
    long end = entry.end - entry.begin;
    ByteBuffer bytes = buffer(end);
    for (long at = 0; at < end; at += PIECE) {
      bytes.clear().limit((int) Math.min(PIECE, end - at));
      fill(data + entry.begin + at, bytes);
      piece.move(at, bytes.flip());
    }
  }

  /** Reads a tensor of the array's type and count into it. */
  public void read(String name, Device device, Array array) throws IOException {
    read(name, into(device, array));
  }

  /** Copies the pieces of a tensor into an array of its type and count. */
  static Piece into(Device device, Array array) {
    return (at, piece) -> device.upload(slice(array, at, piece), piece);
  }

  /** Reads a tensor of F64. */
  public double[] doubles(String name) throws IOException {
    Entry entry = tensors.get(name);
    double[] values =
        new double[entry == null ? 0 : Math.toIntExact((entry.end - entry.begin) / 8)];
    read(name, into(values));
    return values;
  }

  static Piece into(double[] values) {
    return (at, piece) -> piece.asDoubleBuffer().get(values, (int) at / 8, piece.remaining() / 8);
  }

  private static Array slice(Array array, long at, ByteBuffer bytes) {
    int size = array.type().bytes();
    return array.slice(at / size, bytes.remaining() / size);
  }

  private static void oneNaN(ElementType type, ByteBuffer bytes) {
    ByteBuffer numbers = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < numbers.limit(); i += type.bytes()) {
      if (type == ElementType.F32) {
        numbers.putInt(i, Exact.bits(numbers.getFloat(i)));
      } else if (type == ElementType.F64) {
        numbers.putLong(i, Exact.bits(numbers.getDouble(i)));
      }
    }
  }

  static ByteBuffer buffer(long most) {
    return ByteBuffer.allocateDirect((int) Math.min(PIECE, most)).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /**
   * Writes a file: whole, or not at all.
   *
   * @param replace whether an existing file is replaced
   * @throws FileAlreadyExistsException if there is such a file, and it is not to be replaced
   */
  public static void write(
      Path file, Map<String, String> metadata, Map<String, Tensor> tensors, boolean replace)
      throws IOException {
    SafetensorsWriter.write(file, metadata, tensors, replace);
  }
}
