package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.numeric.ElementType;

class ArrayFilesTest {
  /** Written by NumPy 2.4: x of float16 [3, 2], y of int64 [3]. */
  private static final Path RESOURCES = Path.of("src/test/resources/data");

  private static final double[] X = {1, 2.5, -3, 0.25, 7, -0.5};
  private static final byte[] ROWS =
      Samples.npy(1, Samples.npyHeader("|u1", false, "(2, 3)"), new byte[] {1, 2, 3, 4, 5, 6});
  private static final byte[] LABELS =
      Samples.npy(1, Samples.npyHeader("|u1", false, "(2,)"), new byte[] {0, 1});

  @TempDir private Path folder;

  private static double[] values(String name, ElementType use) {
    MappedRows rows = MappedRows.open(List.of(Path.of(name)), use);
    return IntStream.range(0, (int) rows.count()).mapToDouble(rows::value).toArray();
  }

  private static DataException refused(String name) {
    return assertThrows(DataException.class, () -> values(name, ElementType.F32));
  }

  private String write(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes).toString();
  }

  @ParameterizedTest
  @ValueSource(strings = {"stored", "compressed"})
  void whatNumPyWritesIsRead(String name) {
    Path file = RESOURCES.resolve(name + ".npz");
    MappedRows rows = MappedRows.open(List.of(file), ElementType.F32);
    assertEquals(ElementType.F16, rows.type());
    assertArrayEquals(X, values(file.toString(), ElementType.F32));
    assertArrayEquals(X, values(file + "#x", ElementType.F64));
    Labels labels = Labels.read(file, null, Datasets.Header.AUTO, 3, "x");
    assertArrayEquals(new int[] {1, 0, 1}, labels.of());
    assertEquals(
        file
            + "#y: an array of shape (3,) is no matrix of rows and features: save x.reshape(-1, 1)",
        refused(file + "#y").getMessage());
  }

  @Test
  void namesChoose() throws IOException {
    String both = write("both.NPZ", Samples.zip(0, "a.npy", ROWS, "b.npy", ROWS));
    assertEquals(6, values(both + "#b", ElementType.F32).length);
    assertEquals(
        both + ": which of its arrays is not clear: name one, as both.NPZ#a; it has \"a\", \"b\"",
        refused(both).getMessage());
    assertEquals(
        both + ": no array is called \"c\"; it has \"a\", \"b\"",
        refused(both + "#c").getMessage());
    String one = write("one.npy", ROWS);
    assertTrue(refused(one + "#x").getMessage().endsWith("has one array: leave #x out"));
    byte[] objects = Samples.npy(1, Samples.npyHeader("|O", false, "(2, 3)"), new byte[48]);
    String mixed = write("mixed.npz", Samples.zip(8, "o.npy", objects, "x.npy", ROWS));
    assertEquals(6, values(mixed, ElementType.F32).length);
    assertTrue(refused(mixed + "#o").getMessage().contains("objects are never read"));
  }

  /** Of a file without one of its last bytes, and with any byte changed: a sentence, or numbers. */
  @ParameterizedTest
  @ValueSource(strings = {"stored.npz", "compressed.npz"})
  void damagedArchivesAreRefusedInASentence(String name) throws IOException {
    byte[] file = Files.readAllBytes(RESOURCES.resolve(name));
    for (int n = 0; n < file.length; n++) {
      String cut = write("cut.npz", Arrays.copyOf(file, n)) + "#x";
      assertTrue(refused(cut).getMessage().startsWith(folder.toString()), cut + " " + n);
    }
    int read = 0;
    for (int at = 0; at < file.length; at++) {
      for (int bit : new int[] {1, 0x80}) {
        byte[] changed = file.clone();
        changed[at] ^= (byte) bit;
        String path = write("changed.npz", changed) + "#x";
        try {
          values(path, ElementType.F32);
          read++;
        } catch (DataException e) {
          assertTrue(e.getMessage().startsWith(folder.toString()), e.getMessage());
        }
      }
    }
    assertTrue(read > 0 && read < 2 * file.length, "" + read);
    try (Stream<Path> left = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      assertEquals(
          List.of(), left.filter(p -> p.toString().matches(".*thalweg[0-9]+.npy")).toList());
    }
  }

  @Test
  void archivesWithOtherContentsAreRefused() throws IOException {
    byte[] inner = Samples.zip(0, "x.npy", ROWS);
    assertTrue(
        refused(write("nested.npz", Samples.zip(0, "x.npz", inner)))
            .getMessage()
            .contains("no array"));
    assertTrue(
        refused(write("twice.npz", Samples.zip(0, "x.npy", ROWS, "x.npy", ROWS)))
            .getMessage()
            .contains("a second array is called \"x\""));
    assertTrue(
        refused(write("method.npz", Samples.zip(12, "x.npy", ROWS)))
            .getMessage()
            .contains("packed by a method that is not read"));
  }

  /** A few bytes that claim to be a petabyte of zeros. */
  @Test
  void anArchiveThatWouldFillTheDiskIsRefused() throws IOException {
    String header = Samples.npyHeader("|u1", false, "(%d, 1024)".formatted(1L << 40));
    byte[] array = Samples.npy(1, header, new byte[1000]);
    long claimed = array.length - 1000 + (1L << 50);
    String bomb = write("bomb.npz", Samples.zipThatClaims(8, claimed, "x.npy", array));
    String message = refused(bomb).getMessage();
    assertTrue(message.startsWith(bomb + "#x: " + claimed + " bytes when unpacked, and "), message);
  }

  @ParameterizedTest
  @CsvSource({
    "BOOL, 1, U8", "U8, 1, U8", "I8, 1, F32", "U16, 2, F32", "I16, 2, F32", "F16, 2, F16",
    "BF16, 2, BF16", "U32, 4, F64", "I32, 4, F64", "F32, 4, F32", "U64, 8, F64", "I64, 8, F64",
    "F64, 8, F64"
  })
  void tensorsOfEveryType(String dtype, int bytes, ElementType kept) throws IOException {
    double[] expected = {0, 1, 1, 0, 1, 0};
    ByteBuffer numbers = ByteBuffer.allocate(6 * bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : expected) {
      switch (dtype) {
        case "F16" -> numbers.putShort((short) (value == 1 ? 0x3c00 : 0));
        case "BF16" -> numbers.putShort((short) (value == 1 ? 0x3f80 : 0));
        case "F32" -> numbers.putFloat((float) value);
        case "F64" -> numbers.putDouble(value);
        default -> {
          numbers.put((byte) value);
          numbers.position(numbers.position() + bytes - 1);
        }
      }
    }
    // The tensor before it has an odd number of bytes.
    String file = write("x.safetensors", safetensors(dtype, "[2,3]", numbers.array()));
    MappedRows rows = MappedRows.open(List.of(Path.of(file)), ElementType.F64);
    assertEquals(kept, rows.type());
    assertArrayEquals(expected, values(file, ElementType.F64));
    assertArrayEquals(expected, values(file + "#x", ElementType.F32));
    ByteBuffer put = ByteBuffer.allocate(6 * kept.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    rows.put(put);
    assertEquals(0, put.remaining());
    assertTrue(refused(file + "#y").getMessage().contains("no array is called \"y\""));
  }

  private static byte[] safetensors(String dtype, String shape, byte[] numbers) {
    String json =
        "{\"odd\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"x\":{\"dtype\":\"%s\","
                .formatted(dtype)
            + "\"shape\":%s,\"data_offsets\":[3,%d]}}".formatted(shape, 3 + numbers.length);
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + 3 + numbers.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .put(new byte[3])
        .put(numbers)
        .array();
  }

  @Test
  void wrongSafetensorsAreRefused() throws IOException {
    byte[] right = safetensors("F32", "[2,3]", new byte[24]);
    List<byte[]> wrong = new ArrayList<>();
    for (int n = 0; n < right.length; n += 5) wrong.add(Arrays.copyOf(right, n));
    wrong.add(safetensors("F8_E4M3", "[2,3]", new byte[6]));
    wrong.add(safetensors("F32", "[-2,3]", new byte[24]));
    wrong.add(safetensors("F32", "[99999999999,99999999999]", new byte[24]));
    wrong.add(safetensors("F32", "[2,4]", new byte[24]));
    for (byte[] bytes : wrong) {
      String file = write("x.safetensors", bytes);
      assertTrue(refused(file).getMessage().startsWith(file), file);
    }
    String nan =
        write("x.safetensors", safetensors("BF16", "[2,1]", new byte[] {0, 0, (byte) 0x80, 0x7f}));
    MappedRows rows = MappedRows.open(List.of(Path.of(nan)), ElementType.F32);
    var e =
        assertThrows(
            DataException.class,
            () -> rows.put(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN)));
    assertEquals(
        nan + "#x: row 2, column 1: expected a finite bf16 number, not Infinity", e.getMessage());
  }

  @Test
  void labelsOfAnArchiveMayBeNamed() throws IOException {
    String file = write("all.npz", Samples.zip(8, "x.npy", ROWS, "y.npy", LABELS));
    for (String name : List.of(file, file + "#y")) {
      Labels labels = Labels.read(Path.of(name), null, Datasets.Header.AUTO, 2, "x");
      assertArrayEquals(new int[] {0, 1}, labels.of());
    }
  }
}
