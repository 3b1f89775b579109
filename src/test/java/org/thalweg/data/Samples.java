package org.thalweg.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.thalweg.numeric.ElementType;

/** Small data sets, written as their formats say. */
public final class Samples {
  static final int CIFAR_ROW = 3073;

  private Samples() {}

  /**
   * Five training and two test images of 2 x 3; pixel i of an image j is 40 * j + i, its label 2 *
   * j.
   */
  public static Map<String, byte[]> idx() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("train-images-idx3-ubyte", idxImages(5));
    files.put("train-labels-idx1-ubyte", idxLabels(5));
    files.put("t10k-images-idx3-ubyte", idxImages(2));
    files.put("t10k-labels-idx1-ubyte", idxLabels(2));
    return files;
  }

  private static byte[] idxImages(int count) {
    ByteBuffer file = ByteBuffer.allocate(16 + count * 6);
    file.putInt(0x0803).putInt(count).putInt(2).putInt(3);
    for (int j = 0; j < count; j++) for (int i = 0; i < 6; i++) file.put((byte) (40 * j + i));
    return file.array();
  }

  private static byte[] idxLabels(int count) {
    ByteBuffer file = ByteBuffer.allocate(8 + count);
    file.putInt(0x0801).putInt(count);
    for (int j = 0; j < count; j++) file.put((byte) (2 * j));
    return file.array();
  }

  /** An .npy file. */
  public static byte[] npy(int version, String header, byte[] elements) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(12 + text.length + elements.length);
    file.order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) 0x93)
        .put("NUMPY".getBytes(StandardCharsets.UTF_8));
    file.put((byte) version).put((byte) 0);
    if (version == 1) {
      file.putShort((short) text.length);
    } else {
      file.putInt(text.length);
    }
    file.put(text).put(elements);
    return Arrays.copyOf(file.array(), file.position());
  }

  /** An archive of files, by name and contents in turn, that are stored (0) or compressed (8). */
  public static byte[] zip(int method, Object... files) {
    return zipThatClaims(method, -1, files);
  }

  /**
   * The same.
   *
   * @param claimed the size that it says each file has; -1 for its own
   */
  static byte[] zipThatClaims(int method, long claimed, Object... files) {
    ByteBuffer zip = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer directory = ByteBuffer.allocate(1 << 12).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < files.length; i += 2) {
      byte[] name = ((String) files[i]).getBytes(StandardCharsets.UTF_8);
      byte[] contents = (byte[]) files[i + 1];
      byte[] packed = method == 8 ? deflated(contents) : contents;
      CRC32 crc = new CRC32();
      crc.update(contents);
      long size = claimed < 0 ? contents.length : claimed;
      int local = zip.position();
      zip.putInt(0x04034b50).putShort((short) 45).putShort((short) 0).putShort((short) method);
      zip.putInt(0).putInt((int) crc.getValue()).putInt(packed.length).putInt((int) size);
      zip.putShort((short) name.length).putShort((short) 0).put(name).put(packed);
      directory.putInt(0x02014b50).putShort((short) 45).putShort((short) 45).putShort((short) 0);
      directory.putShort((short) method).putInt(0).putInt((int) crc.getValue());
      directory.putInt(packed.length).putInt(-1).putShort((short) name.length);
      directory.putShort((short) 12).putShort((short) 0).putShort((short) 0).putShort((short) 0);
      directory.putInt(0).putInt(local).put(name);
      directory.putShort((short) 1).putShort((short) 8).putLong(size); // the ZIP64 field
    }
    int begin = zip.position();
    zip.put(directory.flip()).putInt(0x06054b50).putInt(0);
    zip.putShort((short) (files.length / 2)).putShort((short) (files.length / 2));
    zip.putInt(directory.limit()).putInt(begin).putShort((short) 0);
    return Arrays.copyOf(zip.array(), zip.position());
  }

  private static byte[] deflated(byte[] bytes) {
    Deflater deflater = new Deflater(9, true);
    deflater.setInput(bytes);
    deflater.finish();
    byte[] room = new byte[2 * bytes.length + 64];
    int n = deflater.deflate(room);
    deflater.end();
    return Arrays.copyOf(room, n);
  }

  /** The header of an array, as NumPy writes it. */
  public static String npyHeader(String type, boolean fortran, String shape) {
    String text =
        "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }"
            .formatted(type, fortran ? "True" : "False", shape);
    return text + " ".repeat(63 - (text.length() + 10) % 64) + "\n";
  }

  /** Ten rows of three features, and their labels. */
  static Map<String, byte[]> npy(String type) {
    int each = type.charAt(2) - '0';
    byte[] numbers = new byte[30 * each];
    for (int i = 0; i < 30; i++) numbers[i * each] = (byte) i;
    byte[] labels = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0};
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("rows.npy", npy(1, npyHeader(type, false, "(10, 3)"), numbers));
    files.put("labels.npy", npy(2, npyHeader("|i1", false, "(10,)"), labels));
    return files;
  }

  /** The same rows and labels in one archive, stored (0) or compressed (8). */
  static Map<String, byte[]> npz(int method, String type) {
    Object[] files =
        npy(type).entrySet().stream()
            .flatMap(file -> Stream.of(file.getKey(), file.getValue()))
            .toArray();
    return Map.of("rows.npz", zip(method, files));
  }

  /** The same rows, and labels of 32 bits, as two tensors; each number has so many bytes. */
  static Map<String, byte[]> tensors(String type, int each) {
    String header =
        ("{\"rows\":{\"dtype\":\"%s\",\"shape\":[10,3],\"data_offsets\":[0,%d]},"
                + "\"labels\":{\"dtype\":\"I32\",\"shape\":[10],\"data_offsets\":[%d,%d]}} ")
            .formatted(type, 30 * each, 30 * each, 30 * each + 40);
    ByteBuffer file = ByteBuffer.allocate(8 + header.length() + 30 * each + 40);
    file.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length());
    file.put(header.getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < 30; i++) file.put(file.position() + i * each, (byte) i);
    for (int i = 0; i < 10; i++) file.put(file.capacity() - 40 + 4 * i, (byte) (i % 3));
    return Map.of("rows.safetensors", file.array());
  }

  /** Two rows a file; row j of file f has the label f + j and the bytes 7 * i + f + j. */
  public static Map<String, byte[]> cifar() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int f = 0; f < 6; f++) {
      byte[] rows = new byte[2 * CIFAR_ROW];
      for (int j = 0; j < 2; j++) {
        rows[j * CIFAR_ROW] = (byte) (f + j);
        for (int i = 0; i < CIFAR_ROW - 1; i++) {
          rows[j * CIFAR_ROW + 1 + i] = (byte) (7 * i + f + j);
        }
      }
      files.put(f < 5 ? "data_batch_" + (f + 1) + ".bin" : "test_batch.bin", rows);
    }
    return files;
  }

  static List<Map<String, byte[]>> csvs() {
    List<Map<String, byte[]>> files = new ArrayList<>();
    for (String text :
        List.of(
            "x,y,class\n1,2.5,0\n-3,4e-3,1\n0,.5,3\n",
            "x;y;class\n1,5;a;0\n-3,25;b;1\n7;a;3\n7;b;1\n",
            "a\tb\tNA\t0\nb\tc\t3\t1\na\tc\t4\t1\n",
            "255,0,7,2\r\n1,2,3,0\r\n4,5,6,1\r\n",
            "\ufeff\"a, \"\"b\"\"\",\"ç\",l\n1.5,2,\"cat\"\n3,4,\"d\nog\"\n")) {
      files.add(Map.of("data.csv", text.getBytes(StandardCharsets.UTF_8)));
    }
    return files;
  }

  static List<Map<String, byte[]>> svms() {
    List<Map<String, byte[]>> files = new ArrayList<>();
    for (String text :
        List.of(
            "-1 1:0.5 7:2\n+1 2:-3e2\n-1\n1 3:0\n",
            "# x\r\n0 1:1 2:1 # y\r\n\r\n2 5:.25\r\n2.5\t6:1\r\n")) {
      files.add(Map.of("data.svm", text.getBytes(StandardCharsets.UTF_8)));
    }
    return files;
  }

  static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  /** The features of dense rows that are not 0, in their type, or in F32. */
  public static SparseRows sparse(Dataset dense) {
    int features = dense.features();
    int[] places =
        IntStream.range(0, dense.rows() * features)
            .filter(i -> dense.values().value(i) != 0)
            .toArray();
    int[] starts = new int[dense.rows() + 1];
    for (int place : places) starts[place / features + 1]++;
    Arrays.parallelPrefix(starts, Integer::sum);
    double[] numbers = IntStream.of(places).mapToDouble(dense.values()::value).toArray();
    ElementType type = dense.values().type() == ElementType.F64 ? ElementType.F64 : ElementType.F32;
    return new SparseRows(
        starts,
        IntStream.of(places).map(place -> place % features).toArray(),
        Dataset.Values.of(type, numbers),
        features);
  }

  public static Path write(Path folder, Map<String, byte[]> files) throws IOException {
    Files.createDirectories(folder);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
    return folder;
  }
}
