package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/** Matrices and labels in .npy files. */
class NpyTest {
  private static final int ROWS = 7;
  private static final int FEATURES = 5;

  @TempDir private Path folder;

  private static List<String> types() {
    return List.of(
        "|b1", "|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8");
  }

  /** Random elements of a type, in the order of the file, and what they are in binary64. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Elements(byte[] bytes, double[] values) {
    static Elements of(String type, int n) {
      Random random = new Random(type.hashCode());
      int each = type.charAt(2) - '0';
      ByteBuffer bytes = ByteBuffer.allocate(n * each).order(ByteOrder.LITTLE_ENDIAN);
      double[] values = new double[n];
      for (int i = 0; i < n; i++) {
        long bits = random.nextLong();
        switch (type.charAt(1)) {
          case 'b' -> {
            bytes.put((byte) (bits & 1));
            values[i] = bits & 1;
          }
          case 'f' -> {
            float x = (float) random.nextGaussian();
            if (each == 2) {
              short half = (short) (bits & 0xbbff); // no exponent of 31
              bytes.putShort(half);
              values[i] = Exact.widenHalf(half);
            } else if (each == 4) {
              bytes.putFloat(x);
              values[i] = x;
            } else {
              values[i] = random.nextGaussian();
              bytes.putDouble(values[i]);
            }
          }
          default -> {
            for (int b = 0; b < each; b++) {
              bytes.put((byte) (bits >> (8 * b)));
            }
            long signed = (bits << (64 - 8 * each)) >> (64 - 8 * each);
            BigInteger unsigned = BigInteger.valueOf(signed).mod(BigInteger.TWO.pow(8 * each));
            values[i] = type.charAt(1) == 'u' ? unsigned.doubleValue() : signed;
          }
        }
      }
      return new Elements(bytes.array(), values);
    }
  }

  private Path write(String name, int version, String header, byte[] elements) throws IOException {
    return Files.write(folder.resolve(name), Samples.npy(version, header, elements));
  }

  @ParameterizedTest
  @MethodSource("types")
  void everyTypeAndOrder(String type) throws IOException {
    Elements elements = Elements.of(type, ROWS * FEATURES);
    for (int version = 1; version <= 3; version++) {
      for (boolean fortran : new boolean[] {false, true}) {
        String header = Samples.npyHeader(type, fortran, "(%d, %d)".formatted(ROWS, FEATURES));
        Path file = write(version + "" + fortran + ".npy", version, header, elements.bytes);
        for (ElementType use : List.of(ElementType.F32, ElementType.F64)) {
          MappedRows rows = MappedRows.open(List.of(file), use);
          double[] expected = new double[ROWS * FEATURES];
          for (int i = 0; i < expected.length; i++) {
            int from = fortran ? i % FEATURES * ROWS + i / FEATURES : i;
            boolean narrow = rows.type() == ElementType.F32;
            expected[i] = narrow ? (float) elements.values[from] : elements.values[from];
          }
          assertArrayEquals(expected, read(rows), type + " " + fortran);
          assertArrayEquals(
              expected, IntStream.range(0, expected.length).mapToDouble(rows::value).toArray());
          boolean wide = type.matches("<(f8|[ui][48])");
          boolean bytes = type.matches("[|][bu]1");
          ElementType kept =
              bytes
                  ? ElementType.U8
                  : wide ? use : type.equals("<f2") ? ElementType.F16 : ElementType.F32;
          assertEquals(kept, rows.type(), type);
          int[] some = {6, 0, 3, 3};
          double[] selected =
              IntStream.of(some)
                  .flatMap(row -> IntStream.range(row * FEATURES, (row + 1) * FEATURES))
                  .mapToDouble(i -> expected[i])
                  .toArray();
          assertArrayEquals(selected, read(rows.select(some, FEATURES)));
          int[] again = {3, 1};
          assertArrayEquals(
              read(rows.select(new int[] {3, 0}, FEATURES)),
              read(rows.select(some, FEATURES).select(again, FEATURES)));
        }
      }
    }
  }

  private static double[] read(MappedRows rows) {
    int n = (int) rows.count();
    ByteBuffer to = ByteBuffer.allocate(n * rows.type().bytes()).order(ByteOrder.LITTLE_ENDIAN);
    rows.put(to);
    assertEquals(0, to.remaining());
    to.flip();
    double[] read = new double[n];
    for (int i = 0; i < n; i++) {
      read[i] =
          switch (rows.type()) {
            case U8 -> Byte.toUnsignedInt(to.get());
            case F16 -> Exact.widenHalf(to.getShort());
            case F32 -> to.getFloat();
            case F64 -> to.getDouble();
            default -> throw new AssertionError(rows.type());
          };
    }
    return read;
  }

  /** Of parts one below the other. */
  @Test
  void partsAreOneMatrix() throws IOException {
    Elements elements = Elements.of("<f4", 6 * 2);
    for (int i = 0; i < 3; i++) {
      byte[] two = Arrays.copyOfRange(elements.bytes, i * 16, (i + 1) * 16);
      write("part_" + i + ".npy", 1, Samples.npyHeader("<f4", i == 1, "(2, 2)"), two);
    }
    write("other.npy", 1, Samples.npyHeader("<f4", false, "(2, 2)"), new byte[16]);
    Path labels = Files.writeString(folder.resolve("y.txt"), "a\nb\na\nb\na\nb\n");
    Datasets.Loaded loaded =
        Datasets.matrix(
            folder.resolve("part_*.npy").toString(),
            labels,
            null,
            Datasets.Header.AUTO,
            ElementType.F32,
            Datasets.FIFTH);
    double[] expected = elements.values.clone();
    expected[5] = elements.values[6]; // the second part is by columns
    expected[6] = elements.values[5];
    double[] found = new double[12];
    Dataset.Split split = loaded.split();
    int[] at =
        new Dataset(new Dataset.Bytes(new byte[] {0, 1, 2, 3, 4, 5}, 1), new int[6], 1, 1)
                    .split(0.2, 0)
                    .train()
                    .values()
                instanceof Dataset.Bytes rows
            ? IntStream.range(0, rows.pixels().length).map(i -> rows.pixels()[i]).toArray()
            : new int[0];
    for (int i = 0; i < at.length; i++) {
      for (int j = 0; j < 2; j++) {
        assertEquals(expected[at[i] * 2 + j], split.train().values().value(i * 2L + j));
        found[at[i] * 2 + j]++;
      }
    }
    assertEquals(5, at.length);
    assertEquals(10, Arrays.stream(found).sum());
  }

  @Test
  void everyHalfIsWidenedExactly() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      int exponent = bits >> 10 & 31;
      int fraction = bits & 1023;
      double size =
          exponent == 31
              ? fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN
              : exponent == 0
                  ? fraction * Math.pow(2, -24)
                  : (1024 + fraction) * Math.pow(2, exponent - 25);
      double expected = bits >> 15 == 1 ? -size : size;
      assertEquals(expected, Exact.widenHalf((short) bits), "bits " + bits);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2), } # 16 # big-endian",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), } # 16 # objects are never read",
        "{'descr': '|x', 'fortran_order': False, 'shape': (2, 2), } # 32 # type '|x' are not read",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2), } # 32 # type '<c8'",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2), } # 16 # records",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } # 16 # 24 bytes",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), } # 20 # the file has",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2), } # 16 # must say",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), } # 16"
            + " # too",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 1), } # 16 # too",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), } # 0 # there must be rows",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 0), } # 0 # there must be rows",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), } # 16 # reshape(-1, 1)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 2), } # 16 # reshape(len(x), -1)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), } # 4 # no matrix",
        "{'descr': '<U2', 'fortran_order': False, 'shape': (1, 2), } # 16 # text is no feature",
        "{'descr': '<f4', 'fortran_order': __import__('os'), 'shape': (2, 2), } # 16 # must say",
        "{'descr': '<f4', 'fortran_order': False, } # 16 # must say",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'more': 1, } # 16 # must say",
        "nothing # 16 # dictionary",
      })
  void badHeadersAreRefused(String header, int bytes, String message) throws IOException {
    Path file = write("bad.npy", 1, header + "\n", new byte[bytes]);
    DataException e =
        assertThrows(
            DataException.class, () -> MappedRows.open(List.of(file), ElementType.F32).count());
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertTrue(e.getMessage().startsWith(file + ""), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 7, 9, 50, 127, 128, 140})
  void filesThatEndEarlyAreRefused(int length) throws IOException {
    byte[] whole = Samples.npy(1, Samples.npyHeader("<f4", false, "(2, 2)"), new byte[16]);
    assertEquals(144, whole.length);
    Path file = Files.write(folder.resolve("cut.npy"), Arrays.copyOf(whole, length));
    DataException e = assertThrows(DataException.class, () -> Npy.read(file));
    assertTrue(e.getMessage().startsWith(file + ": byte "), e.getMessage());
  }

  /** Rows and columns count from 1. */
  @ParameterizedTest
  @CsvSource({
    "<f2, 2, 7c00, Infinity",
    "<f4, 4, ff800000, -Infinity",
    "<f4, 4, 7fc00000, NaN",
    "<f8, 8, 7ff8000000000000, NaN",
    "<f8, 8, 7fe0000000000000, 8.98846567431158E307"
  })
  void whatIsNotFiniteIsRefusedWithItsPlace(String type, int each, String bits, String text)
      throws IOException {
    ByteBuffer elements = ByteBuffer.allocate(6 * each).order(ByteOrder.LITTLE_ENDIAN);
    long number = Long.parseUnsignedLong(bits, 16);
    for (int i = 0; i < each; i++) {
      elements.put(4 * each + i, (byte) (number >> (8 * i)));
    }
    Path file = write("x.npy", 1, Samples.npyHeader(type, false, "(3, 2)"), elements.array());
    MappedRows rows = MappedRows.open(List.of(file), ElementType.F32);
    DataException e = assertThrows(DataException.class, () -> read(rows));
    assertEquals(
        "%s: row 3, column 1: expected a finite binary%d number, not %s"
            .formatted(file, Math.min(8 * each, 32), text),
        e.getMessage());
  }

  private static Stream<List<Object>> labels() {
    return Stream.of(
        List.of("y.npy", Samples.npyHeader("<i8", false, "(3,)"), longs(7, -1, 7), "-1,7", "101"),
        List.of("y.npy", Samples.npyHeader("<i8", false, "(3, 1)"), longs(10, 9, 9), "9,10", "100"),
        List.of("y.npy", Samples.npyHeader("|u1", false, "(3,)"), text("\2\1\2"), "1,2", "101"),
        List.of("y.npy", Samples.npyHeader("|b1", false, "(3,)"), text("\1\0\1"), "0,1", "101"),
        List.of(
            "y.npy",
            Samples.npyHeader("|S3", false, "(3,)"),
            text("b\0\0a\0\0cat"),
            "a,b,cat",
            "102"),
        List.of("y.npy", Samples.npyHeader("<U2", false, "(3,)"), wide("é\0ab\0\0", 6), "", ""),
        List.of("y.txt", "", text("dog\ncat\r\ndog\n\n"), "cat,dog", "101"),
        List.of("y.csv", "", text("id,class\n1,x\n2,y\n3,x\n"), "x,y", "010"),
        List.of("y.csv", "", text("1,x\n2,y\n3,x\n"), "x,y", "010"));
  }

  private static byte[] longs(long... numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.stream(numbers).forEach(bytes::putLong);
    return bytes.array();
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] wide(String text, int n) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * n).order(ByteOrder.LITTLE_ENDIAN);
    text.codePoints().forEach(bytes::putInt);
    return bytes.array();
  }

  @ParameterizedTest
  @MethodSource("labels")
  void labelsAreRead(List<Object> one) throws IOException {
    String name = (String) one.get(0);
    byte[] bytes = (byte[]) one.get(2);
    Path file =
        name.endsWith(".npy")
            ? write(name, 1, (String) one.get(1), bytes)
            : Files.write(folder.resolve(name), bytes);
    if (((String) one.get(3)).isEmpty()) {
      DataException e =
          assertThrows(
              DataException.class, () -> Labels.read(file, null, Datasets.Header.AUTO, 3, "x.npy"));
      assertEquals(file + ": row 3: the label is empty", e.getMessage());
      return;
    }
    Labels labels = Labels.read(file, null, Datasets.Header.AUTO, 3, "x.npy");
    assertEquals(one.get(3), String.join(",", labels.classes()));
    String each = IntStream.of(labels.of()).mapToObj(String::valueOf).reduce("", String::concat);
    assertEquals(one.get(4), each);
    for (int rows : new int[] {2, 5}) {
      DataException e =
          assertThrows(
              DataException.class,
              () -> Labels.read(file, null, Datasets.Header.NO, rows, "x.npy"));
      assertTrue(e.getMessage().matches(".*: [34] labels, and x.npy has . rows"), e.getMessage());
    }
  }

  @Test
  void fractionsAreNoLabels() throws IOException {
    ByteBuffer halves = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    halves.putFloat(1).putFloat(0.5f);
    Path file = write("y.npy", 1, Samples.npyHeader("<f4", false, "(2,)"), halves.array());
    DataException e =
        assertThrows(
            DataException.class, () -> Labels.read(file, null, Datasets.Header.AUTO, 2, "x.npy"));
    assertEquals(file + ": row 2: a label must be a whole number or text, not 0.5", e.getMessage());
  }
}
