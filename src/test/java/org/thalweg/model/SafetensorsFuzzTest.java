package org.thalweg.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.thalweg.data.SafetensorsHeader;

/**
 * Whatever bytes are read as safetensors: tensors that can be read, or an error of one line that
 * names the file.
 */
class SafetensorsFuzzTest {
  private static final String HEADER =
      "{\"__metadata__\":{\"a\":\"b\",\"c\":\"\\u00e9\"},"
          + "\"x\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
          + "\"empty\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[8,8]},"
          + "\"y\":{\"data_offsets\":[8,12],\"shape\":[2],\"dtype\":\"BF16\"}}";
  private static final int DATA = 12;

  /** Fragments that mutations put into a header. */
  private static final List<String> WORDS =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          "0",
          "-1",
          "1e3",
          "8.0",
          "999999999999999999",
          "9223372036854775807",
          "18446744073709551616",
          "null",
          "true",
          "NaN",
          "\\n",
          "\\ud800",
          "'x'",
          "#",
          "/**/",
          ";",
          "=>",
          "[[[[",
          "{\"a\":",
          "F64",
          "BOOL",
          "F7",
          " ",
          "\n",
          "\0",
          "\"shape\":[1]",
          "\"dtype\":\"U8\"",
          "\"__metadata__\":{}",
          "\"x\":{}");

  private static Path file;

  @BeforeContainer
  static void create() throws IOException {
    file = Files.createTempFile("fuzz", ".safetensors");
  }

  @AfterContainer
  static void delete() throws IOException {
    Files.delete(file);
  }

  private static byte[] contents(long length, byte[] header, int data) {
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + data);
    bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(header);
    return bytes.array();
  }

  private static byte[] contents(String header, int data) {
    byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
    return contents(bytes.length, bytes, data);
  }

  /** Reads everything; returns the error, or the empty string. */
  private static String read(byte[] bytes) throws IOException {
    Files.write(file, bytes);
    try (Safetensors tensors = new Safetensors(file)) {
      long[] sum = new long[1];
      for (String name : tensors.tensors().keySet()) {
        tensors.read(name, (at, piece) -> sum[0] += piece.remaining());
      }
      int header = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
      assertEquals(bytes.length - 8 - header, sum[0]);
      return "";
    } catch (IOException e) {
      assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
      assertFalse(e.getMessage().matches("(?s).*[\\p{Cntrl}\\u2028\\u2029].*"), e.getMessage());
      return e.getMessage();
    }
  }

  @Property(tries = 500, shrinking = ShrinkingMode.OFF)
  void bytes(@ForAll byte[] bytes) throws Exception {
    read(bytes);
    read(contents(bytes.length, bytes, 0));
    read(contents("{" + new String(bytes, StandardCharsets.ISO_8859_1), DATA));
  }

  @Property(tries = 2000, shrinking = ShrinkingMode.OFF)
  void mutations(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    StringBuilder header = new StringBuilder(HEADER);
    for (int n = 1 + random.nextInt(3); n > 0; n--) {
      int at = random.nextInt(header.length());
      int end = Math.min(header.length(), at + random.nextInt(random.nextBoolean() ? 3 : 30));
      header.replace(at, end, random.nextBoolean() ? "" : WORDS.get(random.nextInt(WORDS.size())));
    }
    byte[] bytes = contents(header.toString(), DATA + random.nextInt(2) * (random.nextInt(5) - 2));
    if (random.nextInt(4) == 0) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    read(random.nextInt(4) > 0 ? bytes : Arrays.copyOf(bytes, random.nextInt(bytes.length)));
  }

  @Example
  void whatIsSpecifiedIsRead() throws Exception {
    assertEquals("", read(contents(HEADER, DATA)));
    try (Safetensors tensors = new Safetensors(file)) {
      assertEquals("{a=b, c=é}", tensors.metadata().toString());
      assertEquals(List.of("x", "empty", "y"), new ArrayList<>(tensors.tensors().keySet()));
      assertEquals(
          new SafetensorsHeader.Entry("BF16", List.of(2L), 8, 12), tensors.tensors().get("y"));
      assertThrows(IOException.class, () -> tensors.read("z", (at, piece) -> {}));
    }
    assertEquals("", read(contents("{}", 0)));
    assertEquals("", read(contents("{\"__metadata__\":{}}  ", 0)));
  }

  /** Each error names what is wrong, and where in the header. */
  @Example
  void whatIsNotIsRefused() throws Exception {
    String tensor = "{\"x\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}";
    String[][] cases = {
      {tensor.formatted("F32", "[3]", "[0,8]"), "header at $.x: F32 [3] has not the bytes [0, 8]"},
      {tensor.formatted("F32", "[2]", "[8,0]"), "has not the bytes"},
      {
        tensor.formatted("F32", "[2]", "[4,12]"),
        "tensor x begins at 4, the one before it ends at 0"
      },
      {tensor.formatted("F32", "[2]", "[0,8,8]"), "two numbers"},
      {tensor.formatted("F32", "[-2]", "[0,8]"), "$.x.shape[1]: not a size: -2"},
      {tensor.formatted("F32", "[2.0]", "[0,8]"), "not a size: 2.0"},
      {tensor.formatted("F32", "[\"2\"]", "[0,8]"), "not a number"},
      {tensor.formatted("F32", "[4611686018427387904,4]", "[0,8]"), "not a size"},
      {tensor.formatted("F32", "[999999999999999999,99]", "[0,8]"), "has not the bytes"},
      {tensor.formatted("F32", "[999999999999999999,99]", "[1,0]"), "has not the bytes"},
      {tensor.formatted("F99", "[2]", "[0,8]"), "unknown dtype: F99"},
      {tensor.formatted("U8", "[9]", "[0,9]"), "the tensors have 9 bytes, and 8 are there"},
      {tensor.formatted("U8", "[7]", "[0,7]"), "the tensors have 7 bytes, and 8 are there"},
      {"{\"x\":{\"dtype\":\"U8\",\"shape\":[8]}}", "missing"},
      {"{\"x\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", "once each"},
      {"{\"x\":{\"type\":\"U8\"}}", "once each"},
      {"{\"__metadata__\":{\"a\":1}}", "must be strings"},
      {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "twice"},
      {"{} {}", "not the JSON"},
      {"{", "breaks off"},
      {"", "breaks off"},
      {"[]", "not the JSON"},
      {"{'x':{}}", "not the JSON"},
      {"{\"a\u0001\":{}}", "not the JSON"},
    };
    for (String[] one : cases) {
      String error = read(contents(one[0], 8));
      assertTrue(error.contains(one[1]), one[0] + ": " + error);
    }
    String two =
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[0,5]},"
            + "\"%s\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}";
    assertTrue(read(contents(two.formatted("y"), 8)).contains("tensor y begins at 4"));
    assertTrue(read(contents(two.formatted("x"), 8)).contains("twice"));
    byte[] latin1 = "{\"\u00e9\":1}".getBytes(StandardCharsets.ISO_8859_1);
    assertTrue(read(contents(latin1.length, latin1, 0)).contains("not UTF-8"));
    for (long length : new long[] {-1, Long.MIN_VALUE, 3, 1L << 32, Long.MAX_VALUE}) {
      assertTrue(read(contents(length, new byte[] {'{', '}'}, 0)).contains("room"), "" + length);
    }
  }
}
