package org.thalweg.model;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.zip.CRC32;
import org.thalweg.data.SafetensorsHeader;
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
  /** A multiple of every element's size. */
  static final int PIECE = 1 << 20;

  static final String METADATA = SafetensorsHeader.METADATA;
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

  private final Path file;
  private final FileChannel channel;
  private final SafetensorsHeader header;
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
      ByteBuffer json = SafetensorsHeader.read(file, channel);
      checked = check(StandardCharsets.ISO_8859_1.decode(json.duplicate()), length);
      header = SafetensorsHeader.parse(file, json, length);
      if (!checked && header.metadata().keySet().stream().anyMatch(Safetensors::isLikeChecksum)) {
        throw SafetensorsHeader.wrong(file, "its checksum cannot be read");
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

  private IOException error(String what) {
    return SafetensorsHeader.error(file, what);
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

  private void fill(long at, ByteBuffer bytes) throws IOException {
    SafetensorsHeader.fill(file, channel, at, bytes);
  }

  /** Whether the file has a checksum, which then is right. */
  public boolean checked() {
    return checked;
  }

  /** The free text in the header. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /** The tensors by name, in the header's order. */
  public Map<String, SafetensorsHeader.Entry> tensors() {
    return header.tensors();
  }

  /**
   * Reads a tensor piece by piece, in order.
   *
   * @param piece is handed each
   */
  public void read(String name, Piece piece) throws IOException {
    SafetensorsHeader.Entry entry = tensors().get(name);
    if (entry == null) {
      throw error("there is no tensor " + name);
    }
    long end = entry.end() - entry.begin();
    ByteBuffer bytes = buffer(end);
    for (long at = 0; at < end; at += PIECE) {
      bytes.clear().limit((int) Math.min(PIECE, end - at));
      fill(header.data() + entry.begin() + at, bytes);
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
    SafetensorsHeader.Entry entry = tensors().get(name);
    double[] values =
        new double[entry == null ? 0 : Math.toIntExact((entry.end() - entry.begin()) / 8)];
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
