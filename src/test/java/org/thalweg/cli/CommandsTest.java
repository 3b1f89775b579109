package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.data.Samples;
import org.thalweg.model.Checksums;

/** Train, evaluate, predict: what is printed, and what lies in the folders. */
class CommandsTest {
  @TempDir Path folder;
  private Path mnist;
  private Path cifar;
  private Path csv;

  @BeforeEach
  void data() throws IOException {
    mnist = Samples.write(folder.resolve("mnist"), Samples.idx());
    cifar = Samples.write(folder.resolve("cifar"), Samples.cifar());
    csv = folder.resolve("flowers.v2.csv");
    String rows =
        IntStream.range(0, 40)
            .mapToObj(
                i -> "%d,%s,%s\n".formatted(i % 7, i * 0.25, i % 2 == 0 ? "odd \"one\"" : "ü"))
            .collect(Collectors.joining());
    Files.writeString(csv, "a,b,kind\n" + rows);
  }

  private static MainTest.Outcome run(Object... words) {
    return MainTest.run(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
  }

  private static List<JsonObject> json(Object... words) {
    MainTest.Outcome outcome = run(words);
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals("", outcome.err());
    return outcome.out().lines().map(l -> JsonParser.parseString(l).getAsJsonObject()).toList();
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** Fails in one line that names each of the words, and leaves nothing. */
  private void assertFails(MainTest.Outcome outcome, Object... words) throws IOException {
    assertEquals(1, outcome.code(), outcome.err());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
    for (Object word : words) {
      assertTrue(outcome.err().contains(word.toString()), outcome.err() + " names " + word);
    }
    assertFalse(outcome.err().contains("Exception"), outcome.err());
    assertFalse(Files.exists(folder.resolve("new")), outcome.err());
  }

  @ParameterizedTest
  @CsvSource({
    "digits, softmax",
    "digits, hinge",
    "mnist, squared-hinge",
    "cifar10, softmax",
    "csv, softmax"
  })
  void whatIsTrainedCanBeEvaluatedAndUsed(String data, String loss) throws Exception {
    String name = data.equals("csv") ? csv.toString() : data;
    List<Object> place =
        data.equals("mnist")
            ? List.of("--data-dir", mnist)
            : data.equals("cifar10") ? List.of("--data-dir", cifar) : List.of();
    for (List<String> centre : List.of(List.<String>of(), List.of("--centre"))) {
      Path out = folder.resolve("run" + centre.size());
      List<Object> train = new ArrayList<>(List.of("train", name, "--device", "java", "--json"));
      train.addAll(place);
      train.addAll(centre);
      train.addAll(List.of("--model", loss, "--epochs", 3, "--out", out));
      List<JsonObject> lines = json(train.toArray());
      JsonObject done = lines.get(lines.size() - 1);
      assertEquals(
          List.of("curve.png", "metrics.csv", "model.safetensors", "templates.png"), files(out));

      List<Object> eval = new ArrayList<>(List.of("eval", out, name, "--device", "java", "--json"));
      eval.addAll(place);
      for (String part : List.of("test", "train")) {
        List<Object> one = new ArrayList<>(eval);
        one.addAll(List.of("--part", part));
        JsonObject result = json(one.toArray()).get(0);
        assertEquals(
            done.get(part + "_accuracy").getAsDouble(), result.get("accuracy").getAsDouble(), data);
        assertEquals(done.get(part + "_loss"), result.get("loss"), data);
      }
      eval.addAll(List.of("--part", "all", "--out", folder.resolve("eval" + centre.size())));
      json(eval.toArray());
      assertEquals(List.of("confusion.png"), files(folder.resolve("eval" + centre.size())));
    }
  }

  /** The rows of the file that it was trained on, without their labels, and as text. */
  @Test
  void predictsRowsAsEvalDoes() throws Exception {
    Path out = folder.resolve("run");
    run("train", csv, "--device", "java", "--out", out, "--centre", "--lr", "0.1");
    Path rows = folder.resolve("rows.csv");
    List<String> lines = Files.readAllLines(csv);
    Files.write(rows, lines.stream().map(l -> l.substring(0, l.lastIndexOf(','))).toList());
    MainTest.Outcome outcome = run("predict", out, rows, "--device", "java");
    assertEquals(0, outcome.code(), outcome.err());
    List<String> printed = outcome.out().lines().toList();
    assertEquals(40, printed.size());
    int right = 0;
    for (int i = 0; i < 40; i++) {
      String line = printed.get(i);
      assertTrue(
          line.matches("\\Q" + rows + "\\E:" + (i + 1) + "  (odd \"one\"|ü)  [01]\\.[0-9]{4}"),
          line);
      right += line.contains(i % 2 == 0 ? "odd" : "ü") ? 1 : 0;
    }
    JsonObject eval = json("eval", out, csv, "--part", "all", "--device", "java", "--json").get(0);
    assertEquals(right, Math.round(40 * eval.get("accuracy").getAsDouble()));
  }

  /**
   * A picture of another size and colour, the same in black on white, and a shape of three
   * channels.
   */
  @Test
  void predictsPictures() throws Exception {
    Path out = folder.resolve("run");
    run("train", "digits", "--device", "java", "--out", out);
    BufferedImage one = new BufferedImage(64, 64, BufferedImage.TYPE_INT_ARGB);
    for (int y = 0; y < 64; y++) {
      for (int x = 0; x < 64; x++) {
        boolean ink = x >= 26 && x < 40;
        one.setRGB(x, y, ink ? 0xff1f1f1f : y < 32 ? 0xfffefefe : 0); // transparent is white
      }
    }
    Path picture = folder.resolve("one.png");
    ImageIO.write(one, "png", picture.toFile());
    MainTest.Outcome outcome = run("predict", out, "--invert", picture, "--device", "java");
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.out().startsWith(picture + "  1  "), outcome.out());
    assertFalse(run("predict", out, picture, "--device=java").out().equals(outcome.out()));

    Path colours = folder.resolve("colours");
    run(
        "train",
        "cifar10",
        "--data-dir",
        cifar,
        "--device",
        "java",
        "--out",
        colours,
        "--model",
        "hinge");
    MainTest.Outcome scored = run("predict", colours, picture, "--device", "java");
    assertTrue(
        scored.out().matches("\\Q" + picture + "\\E  [a-z]+  score -?[0-9.]+\\R"), scored.out());
  }

  static Stream<Arguments> badData() {
    UnaryOperator<byte[]> truncated = bytes -> Arrays.copyOf(bytes, bytes.length - 1);
    UnaryOperator<byte[]> longer = bytes -> Arrays.copyOf(bytes, bytes.length + 1);
    UnaryOperator<byte[]> empty = bytes -> new byte[0];
    String images = "train-images-idx3-ubyte";
    String labels = "t10k-labels-idx1-ubyte";
    return Stream.of(
        Arguments.of("mnist", images, truncated, "byte"),
        Arguments.of("mnist", images, longer, "byte"),
        Arguments.of("mnist", images, empty, "byte 0"),
        Arguments.of("mnist", images, set(3, 1), "byte 0"),
        Arguments.of("mnist", images, set(7, 4), "byte"),
        Arguments.of("mnist", images, set(8, 127), "byte"),
        Arguments.of("mnist", labels, set(7, 1), "byte 4"),
        Arguments.of("mnist", labels, set(9, 10), "byte 9"),
        Arguments.of("cifar10", "data_batch_3.bin", truncated, "byte"),
        Arguments.of("cifar10", "data_batch_3.bin", empty, "byte"),
        Arguments.of("cifar10", "test_batch.bin", set(0, 200), "byte 0"),
        csv("", "line 1"),
        csv("a,b\n", "line 2"),
        csv("1\n", "line 1"),
        csv("1,2,0\r\n3,4\r\n", "line 2"),
        csv("1,2,0\r\n3,NaN,1\r\n", "line 2"),
        csv("1,2,0\n3,4,\n", "line 2"),
        csv("1,2,0\n3,4,NA\n", "line 2"),
        csv("1,2,0\n3,\"4,1\n", "line 2"),
        csv("1,2,a\n", "one row"),
        Arguments.of("csv", "", set(2, 0xff), "line 1"));
  }

  private static UnaryOperator<byte[]> set(int at, int value) {
    return bytes -> {
      byte[] changed = bytes.clone();
      changed[at] = (byte) value;
      return changed;
    };
  }

  private static Arguments csv(String text, String place) {
    UnaryOperator<byte[]> replaced = bytes -> text.getBytes(StandardCharsets.UTF_8);
    return Arguments.of("csv", "", replaced, place);
  }

  @ParameterizedTest
  @MethodSource
  void badData(String data, String file, UnaryOperator<byte[]> spoil, String place)
      throws IOException {
    Path bad = data.equals("csv") ? csv : (data.equals("mnist") ? mnist : cifar).resolve(file);
    Files.write(bad, spoil.apply(Files.readAllBytes(bad)));
    List<Object> words = new ArrayList<>(List.of("train"));
    words.addAll(data.equals("csv") ? List.of(csv) : List.of(data, "--data-dir", bad.getParent()));
    words.addAll(List.of("--device", "java", "--out", folder.resolve("new").resolve("run")));
    assertFails(run(words.toArray()), bad, place);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mnist", "cifar10", "fashion-mnist"})
  void missingData(String data) throws IOException {
    Path nowhere = folder.resolve("nowhere");
    Path out = folder.resolve("new");
    assertFails(run("train", data, "--data-dir", nowhere, "--out", out), nowhere);
    assertFails(run("train", nowhere + ".csv", "--out", out), nowhere + ".csv: no such file");
  }

  static Stream<Arguments> badModels() {
    UnaryOperator<byte[]> truncated = bytes -> Arrays.copyOf(bytes, bytes.length - 1);
    UnaryOperator<byte[]> empty = bytes -> new byte[0];
    UnaryOperator<byte[]> png = bytes -> new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0};
    UnaryOperator<byte[]> other = bytes -> safetensors("{}", 0);
    UnaryOperator<byte[]> flat =
        bytes ->
            safetensors(
                "{\"weight\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
                    + "\"bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}}",
                24);
    UnaryOperator<byte[]> integers =
        bytes ->
            safetensors(
                "{\"weight\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]},"
                    + "\"bias\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[16,24]}}",
                24);
    return Stream.of(
        Arguments.of(truncated, "damaged: its checksum is"),
        Arguments.of(empty, "no safetensors file"),
        Arguments.of(png, "no safetensors file"),
        Arguments.of(set(7, 1), "no safetensors file"), // a huge header
        Arguments.of(set(20, 0xff), "damaged: its checksum is"),
        Arguments.of(set(300, 1), "damaged: its checksum is"),
        Arguments.of(other, "weight"),
        Arguments.of(flat, "[4]"),
        Arguments.of(integers, "I32"),
        Arguments.of(metadata("\\\"9\\\"]", "\\\"9\\\"}"), "classes"),
        Arguments.of(metadata(",\\\"9\\\"]", ",     ]"), "classes"),
        Arguments.of(metadata("[8,8,1]", "[8,9,1]"), "shape"),
        Arguments.of(metadata("[8,8,1]", "[8,8,0]"), "shape"),
        Arguments.of(metadata("0.0625", "0.0six"), "scale"),
        Arguments.of(metadata("softmax", "softmix"), "loss"));
  }

  private static UnaryOperator<byte[]> metadata(String from, String to) {
    return bytes -> {
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      assertTrue(text.contains(from), "the header has " + from);
      return Checksums.renewed(text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1));
    };
  }

  private static byte[] safetensors(String header, int data) {
    byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + bytes.length + data)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putLong(bytes.length)
        .put(bytes)
        .array();
  }

  @ParameterizedTest
  @MethodSource
  void badModels(UnaryOperator<byte[]> spoil, String place) throws IOException {
    run("train", "digits", "--epochs", 0, "--device", "java", "--out", folder.resolve("run"));
    Path model = folder.resolve("run").resolve("model.safetensors");
    Files.write(model, spoil.apply(Files.readAllBytes(model)));
    Path out = folder.resolve("new");
    assertFails(run("eval", model, "digits", "--device=java", "--out", out), model, place);
    assertFails(run("predict", model, csv, "--device", "java"), model, place);
  }

  @Test
  void filesThatDoNotGoWithAModel() throws IOException {
    Path digits = folder.resolve("digits");
    Path flowers = folder.resolve("flowers");
    run("train", "digits", "--epochs", 0, "--device", "java", "--out", digits);
    run("train", csv, "--epochs", 0, "--device", "java", "--out", flowers);
    Path out = folder.resolve("new");
    Path text = Files.writeString(folder.resolve("text.png"), "no picture");
    Path none = folder.resolve("none");
    assertFails(run("eval", digits, csv, "--device=java", "--out", out), csv, digits, "class");
    assertFails(run("eval", none, "digits", "--device=java", "--out", out), none, "no such file");
    Path pairs = Files.writeString(folder.resolve("pairs.csv"), "1,2\n3,4\n");
    assertFails(
        run("predict", digits, csv, "--device=java"), csv, digits, "4 features", "64", "--label");
    assertFails(run("predict", digits, pairs, "--device=java"), pairs, digits, "2 features", "64");
    assertFails(run("predict", digits, none, "--device=java"), none, "no such file");
    assertFails(run("predict", digits, text, "--device=java"), text, "byte 0");
    assertFails(run("predict", digits, folder, "--device=java"), folder, "a folder");
    assertFails(run("predict", flowers, text, "--device=java"), text, flowers, "2 features");
    assertFails(run("train", "--resume", digits, "--device=java"), "checkpoint.safetensors");
  }

  /** Trains in a process of its own, in the folder of this test. */
  private Process child(Object... words) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(part -> Path.of(part).toAbsolutePath().toString())
            .collect(Collectors.joining(File.pathSeparator));
    command.addAll(List.of("-cp", classPath, Main.class.getName()));
    Arrays.stream(words).map(Object::toString).forEach(command::add);
    return new ProcessBuilder(command).directory(folder.toFile()).start();
  }

  private static MainTest.Outcome ended(Process process) throws Exception {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    return new MainTest.Outcome(process.exitValue(), out, err);
  }

  /**
   * A file gives its name without folder and ending; a number is taken once; what fails leaves not
   * even runs.
   */
  @Test
  void foldersAreNumbered() throws Exception {
    Path runs = folder.resolve("runs");
    assertEquals(
        1, ended(child("train", csv, "--lr", "1e38", "--optimizer=sgd", "--device=java")).code());
    assertFalse(Files.exists(runs));
    for (int n = 1; n <= 2; n++) {
      MainTest.Outcome outcome = ended(child("train", csv, "--epochs=0", "--device=java"));
      assertEquals(0, outcome.code(), outcome.err());
      assertTrue(outcome.out().contains(Path.of("runs", "flowers.v2-" + n).toString()));
    }
    assertEquals(List.of("flowers.v2-1", "flowers.v2-2"), files(runs));
    assertEquals(
        1, ended(child("train", csv, "--lr", "1e38", "--optimizer=sgd", "--device=java")).code());
    assertEquals(List.of("flowers.v2-1", "flowers.v2-2"), files(runs));
  }

  @Test
  @Tag("driver")
  void theSameWeightsOnTheSoftwareDriver() throws Exception {
    Object[] train = {
      "train", csv, "--centre", "--clip-norm=1", "--epochs=2", "--json", "--device"
    };
    TreeMap<String, String> crc = new TreeMap<>();
    for (String device : List.of("java", "sim")) {
      Object[] words = Arrays.copyOf(train, train.length + 1);
      words[train.length] = device;
      MainTest.Outcome outcome = ended(child(words));
      assertEquals(0, outcome.code(), outcome.err());
      String last = outcome.out().lines().reduce((a, b) -> b).orElseThrow();
      JsonObject done = JsonParser.parseString(last).getAsJsonObject();
      crc.put(device, done.get("weights_crc32").getAsString());
      assertTrue(done.get("device").getAsString().startsWith(device));
    }
    assertEquals(crc.get("java"), crc.get("sim"));
  }

  @Test
  void aRunThatHasFinishedCanBeResumed() throws Exception {
    Path out = folder.resolve("run");
    run("train", csv, "--device=java", "--epochs=3", "--checkpoint-every=7s", "--out", out);
    Map<String, byte[]> before = contents(out);
    assertTrue(before.containsKey("checkpoint.safetensors"));
    MainTest.Outcome again = run("train", "--resume", out, "--device", "java");
    assertEquals(0, again.code(), again.err());
    Map<String, byte[]> after = contents(out);
    assertEquals(before.keySet(), after.keySet());
    before.forEach((name, bytes) -> assertTrue(Arrays.equals(bytes, after.get(name)), name));
  }

  private static Map<String, byte[]> contents(Path folder) throws IOException {
    Map<String, byte[]> contents = new TreeMap<>();
    for (String file : files(folder)) {
      contents.put(file, Files.readAllBytes(folder.resolve(file)));
    }
    return contents;
  }

  @Test
  void weightDecayIsExplained() {
    MainTest.Outcome outcome = run("train", "--optimizer", "help");
    assertEquals(0, outcome.code());
    assertTrue(outcome.out().contains("--weight-decay X every rule"), outcome.out());
    assertTrue(outcome.out().lines().allMatch(line -> line.length() <= 100), outcome.out());
  }
}
