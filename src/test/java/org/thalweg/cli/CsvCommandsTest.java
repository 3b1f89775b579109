package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.data.Datasets;

/** CSV files as people have them, with every command that reads them. */
class CsvCommandsTest {
  @TempDir Path folder;

  private static MainTest.Outcome run(Object... words) {
    return MainTest.run(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
  }

  private static MainTest.Outcome right(Object... words) {
    MainTest.Outcome outcome = run(words);
    assertEquals(0, outcome.code(), outcome.err());
    return outcome;
  }

  private static JsonObject last(MainTest.Outcome outcome) {
    String line = outcome.out().lines().reduce((a, b) -> b).orElseThrow();
    return JsonParser.parseString(line).getAsJsonObject();
  }

  /** Thirty rows, whose features tell the labels apart; each label in turn. */
  private Path labelled(String header, List<String> labels) throws IOException {
    StringBuilder text = new StringBuilder(header);
    for (int i = 0; i < 30; i++) {
      int label = i % labels.size();
      text.append("%d,%d,%s\n".formatted(i * i % 7 + 20 * label, i % 4, labels.get(label)));
    }
    return Files.writeString(folder.resolve("data.csv"), text);
  }

  /** Labels as they are written, and the classes in their order. */
  static Stream<Arguments> spellings() {
    return Stream.of(
        Arguments.of(List.of("0", "1"), List.of("0", "1")),
        Arguments.of(List.of("5", "3", "4"), List.of("3", "4", "5")),
        Arguments.of(List.of("20000", "20001"), List.of("20000", "20001")),
        Arguments.of(List.of("2000000000", "7"), List.of("7", "2000000000")),
        Arguments.of(List.of("1", "-1"), List.of("-1", "1")),
        Arguments.of(List.of("10", "9", "+9"), List.of("+9", "9", "10")),
        Arguments.of(List.of("7", "07", "007"), List.of("007", "07", "7")),
        Arguments.of(List.of("1.5", "1e1", "2"), List.of("1.5", "2", "1e1")),
        Arguments.of(List.of("10", "9", "9a"), List.of("10", "9", "9a")),
        Arguments.of(List.of("no", "\"NA\"", "DE"), List.of("DE", "NA", "no")),
        Arguments.of(List.of("NA", "DE"), List.of("DE", "NA")),
        Arguments.of(List.of("nan", "inf", "x"), List.of("inf", "nan", "x")),
        Arguments.of(List.of("\"NA\"", "1"), List.of("1", "NA")),
        Arguments.of(List.of("?", "Größe"), List.of("?", "Größe")),
        Arguments.of(List.of("true", "false"), List.of("false", "true")));
  }

  @ParameterizedTest
  @MethodSource("spellings")
  void classesAreTheLabelsThatOccur(List<String> labels, List<String> classes) throws Exception {
    Path csv = labelled("a,b,kind\n", labels);
    for (String type : List.of("f32", "f64")) {
      Path out = folder.resolve("run-" + type);
      List<Object> train = List.of("train", csv, "--device=java", "--json", "--type", type);
      List<Object> words = new ArrayList<>(train);
      words.addAll(List.of("--lr", "0.1", "--epochs", "60", "--out", out));
      JsonObject done = last(right(words.toArray()));
      JsonObject dataset = done.getAsJsonObject("dataset");
      assertEquals(classes, List.copyOf(dataset.getAsJsonObject("classes").keySet()));
      assertEquals("kind", dataset.get("label").getAsString());
      assertTrue(dataset.get("header").getAsBoolean());
      JsonObject eval = last(right("eval", out, csv, "--part=all", "--device=java", "--json"));
      List<String> named = new ArrayList<>();
      for (JsonElement name : eval.getAsJsonArray("classes")) named.add(name.getAsString());
      assertEquals(classes, named);
      assertEquals(classes.size(), eval.getAsJsonArray("confusion").size());
      MainTest.Outcome predicted =
          right("predict", out, csv, "--label", "kind", "--device", "java");
      assertEquals(30, predicted.out().lines().count());
      for (String line : predicted.out().lines().toList()) {
        assertTrue(classes.contains(line.split("  ")[1]), line);
      }
    }
    String[] compare = {"--optimizers=adam", "--epochs=1", "--device=java", "--json", "--out"};
    JsonObject compared =
        last(
            right(
                Stream.concat(
                        Stream.of("compare", csv),
                        Stream.concat(Stream.of(compare), Stream.of(folder.resolve("compared"))))
                    .toArray()));
    JsonObject dataset = compared.getAsJsonObject("dataset");
    assertEquals(classes, List.copyOf(dataset.getAsJsonObject("classes").keySet()));
    right("gradcheck", csv, "--rows=3", "--device=java");
  }

  @Test
  void aSubsetOfTheClassesIsMatchedByNameAndAnotherIsNamed() throws Exception {
    Path out = folder.resolve("run");
    right("train", labelled("", List.of("5", "3", "4")), "--lr=1", "--device=java", "--out", out);
    JsonObject eval =
        last(
            right(
                "eval",
                out,
                labelled("", List.of("4", "3")),
                "--part=all",
                "--device=java",
                "--json"));
    assertEquals("[\"3\",\"4\",\"5\"]", eval.get("classes").toString());
    int[] rows =
        IntStream.range(0, 3).map(i -> sum(eval.getAsJsonArray("confusion").get(i))).toArray();
    assertEquals(List.of(15, 15, 0), Arrays.stream(rows).boxed().toList());
    MainTest.Outcome other =
        run("eval", out, labelled("", List.of("4", "04")), "--part=all", "--device=java");
    assertEquals(1, other.code());
    assertTrue(other.err().contains("has a class \"04\", and " + out), other.err());
    assertTrue(other.err().contains("it has \"3\", \"4\", \"5\""), other.err());
  }

  private static int sum(JsonElement row) {
    int sum = 0;
    for (JsonElement count : row.getAsJsonArray()) sum += count.getAsInt();
    return sum;
  }

  /** A file, options, and words of the warning that it gives; or none. */
  static Stream<Arguments> doubts() {
    String years = "2023,2024,2025\n" + rows("%d,%d,%d\n", i -> new Object[] {i % 7, i % 3, i % 2});
    String named =
        "7,8,kind\n" + rows("%d,%d,%s\n", i -> new Object[] {i % 7, i % 5, i % 2 < 1 ? "a" : "b"});
    return Stream.of(
        Arguments.of(years, List.of(), List.of("line 1 was taken for data", "--header yes")),
        Arguments.of(years, List.of("--header", "yes"), List.of()),
        Arguments.of(years, List.of("--header", "NO"), List.of()),
        Arguments.of(years, List.of("--label", "2025"), List.of()),
        Arguments.of(named, List.of(), List.of("line 1 was taken for data", "--header yes")),
        Arguments.of(
            rows("%d,x\n", i -> new Object[] {i % 5}),
            List.of(),
            List.of("column 2", "all 30 rows have the label \"x\"", "--label")),
        Arguments.of(
            "id,x,y\n" + rows("%d,%d,%d\n", i -> new Object[] {i, i % 5, i % 2}),
            List.of(),
            List.of("column 1 (\"id\") counts the rows")),
        Arguments.of(
            "x,id,y\n" + rows("%d,%d,%d\n", i -> new Object[] {i % 5, 1 + i * 7 % 30, i % 2}),
            List.of(),
            List.of("column 2 (\"id\") counts the rows")),
        Arguments.of(
            rows("%d,%s\n", i -> new Object[] {i % 5, i % 7 * 0.5}),
            List.of("--many-classes"),
            List.of()),
        Arguments.of(
            rows("%d,3,%s\n", i -> new Object[] {i % 5, i % 2}),
            List.of(),
            List.of("column 2 has the same value in all rows", "--ignore")),
        Arguments.of(
            rows("3,%d,3.0,%s\n", i -> new Object[] {i % 5, i % 2}),
            List.of(),
            List.of("column 1 and 1 more have the same value in all rows", "--ignore")),
        Arguments.of(
            rows("3,%d,%s\n", i -> new Object[] {i % 5, i % 2}), List.of("--ignore=1"), List.of()),
        Arguments.of(
            rows("%d,%s,%d\n", i -> new Object[] {i % 5 * 100_000, i % 3 * 0.5, i % 2}),
            List.of(),
            List.of("column 1 reaches 4.00e+05, column 2 1.00")),
        Arguments.of(
            rows("%d,%s\n", i -> new Object[] {i % 5, i % 2 < 1 ? "07" : "7"}),
            List.of(),
            List.of("column 2", "07 and 7 are equal numbers")),
        Arguments.of(
            rows("%d,%s\n", i -> new Object[] {i % 5, i % 2 < 1 ? "NA" : "DE"}),
            List.of(),
            List.of("line 1, column 2: \"NA\" was taken for a class")),
        Arguments.of(
            rows("%d,%s\n", i -> new Object[] {16777216 + i % 2, i % 2}),
            List.of(),
            List.of("line 2, column 1: \"16777217\"", "15 whole numbers", "--type f64")),
        Arguments.of(
            rows("%d,%s\n", i -> new Object[] {16777216 + i % 2, i % 2}),
            List.of("--type", "f64"),
            List.of("column 1 lies far from 0, between 16777216 and 16777217", "--centre")),
        Arguments.of(
            rows("1.00000000%d,%d\n", i -> new Object[] {i % 2, i % 2}),
            List.of(),
            List.of("column 1: its numbers differ, but not in binary32; train with --type f64")),
        Arguments.of(
            "x,kind\n" + rows("%de-47,%d\n", i -> new Object[] {i % 5, i % 2}),
            List.of(),
            List.of("column 1 (\"x\"): its numbers differ, but not in binary32")),
        Arguments.of(
            rows("%de-400,%d\n", i -> new Object[] {i % 5, i % 2}),
            List.of("--type", "f64"),
            List.of("column 1: its numbers differ, but not in binary64")),
        Arguments.of(
            rows("%d,%d\n", i -> new Object[] {i % 5 * 1_000_000, i % 2}),
            List.of(),
            List.of("column 1 reaches 4.00e+06; divide it")),
        Arguments.of(
            rows("%s0,%d\n", i -> new Object[] {i % 3 * 0.5, i % 2}), List.of(), List.of()),
        Arguments.of(
            "1,a\n2,b\n3,a\n4,c\n5,b\n", List.of("--label", "2"), List.of("column 1 counts")));
  }

  private static String rows(String format, java.util.function.IntFunction<Object[]> fields) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 30; i++) text.append(format.formatted(fields.apply(i)));
    return text.toString();
  }

  @ParameterizedTest
  @MethodSource
  void doubts(String text, List<String> options, List<String> words) throws Exception {
    Path csv = Files.writeString(folder.resolve("data.csv"), text);
    for (boolean json : new boolean[] {false, true}) {
      List<Object> train = new ArrayList<>(List.of("train", csv, "--device=java", "--epochs=0"));
      train.addAll(options);
      train.addAll(List.of("--out", folder.resolve("run" + json)));
      if (json) train.add("--json");
      MainTest.Outcome outcome = right(train.toArray());
      List<String> said = new ArrayList<>();
      if (json) {
        assertEquals("", outcome.err());
        last(outcome).getAsJsonArray("warnings").forEach(one -> said.add(one.getAsString()));
      } else {
        outcome.err().lines().forEach(said::add);
        assertTrue(said.stream().allMatch(one -> one.startsWith("thalweg: warning: " + csv)));
      }
      assertEquals(words.isEmpty() ? 0 : 1, said.size(), said::toString);
      words.forEach(word -> assertTrue(said.get(0).contains(word), said + " has " + word));
    }
  }

  /** A class's name does not break lines or reach the terminal as a command to it. */
  @Test
  void namesFitOnTheirLines() throws Exception {
    Path csv = folder.resolve("data.csv");
    Files.writeString(csv, "1,\"a\nb\"\n2,\u001b[31mred\n".repeat(20));
    Path run = folder.resolve("run");
    MainTest.Outcome trained = right("train", csv, "--method=lbfgs", "--device=java", "--out", run);
    assertTrue(trained.out().contains("classes     2: ?[31mred (20), a?b (20)"), trained.out());
    MainTest.Outcome predicted = right("predict", run, csv, "--label=2", "--device=java");
    assertEquals(40, predicted.out().lines().count());
    assertTrue(
        predicted.out().lines().allMatch(line -> line.matches(".*:[0-9]+  (a.b|.\\[31mred)  .*")));
    assertFalse(predicted.out().contains("\u001b"));
  }

  /** What is no CSV file or data set, and what is said about it. */
  @Test
  void whatIsNotReadIsNamedWithAdvice() throws Exception {
    Map<String, String> refused = new TreeMap<>();
    refused.put("", "the name of the data is empty");
    refused.put("digit", "did you mean digits?");
    refused.put("IRIS", "did you mean iris?");
    refused.put("fashion_mnist", "did you mean fashion-mnist?");
    refused.put(folder.toString(), "a folder");
    for (String ending : List.of(".arff", ".parquet", ".xlsx", ".zip", ".cvs", ".DAT", ".h5")) {
      refused.put(folder.resolve("x" + ending).toString(), "x" + ending + ": not read: ");
    }
    Path unknown = Files.writeString(folder.resolve("table"), "1,2\n");
    refused.put(unknown.toString(), "the end of the name does not say");
    refused.put(folder.resolve("train-images.idx3-ubyte").toString(), "--data-dir");
    for (Map.Entry<String, String> one : refused.entrySet()) {
      for (String verb : List.of("train", "gradcheck")) {
        MainTest.Outcome outcome = run(verb, one.getKey(), "--device=java");
        assertEquals(2, outcome.code(), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertTrue(outcome.err().contains(one.getValue()), outcome.err());
        assertTrue(outcome.err().contains(".csv"), outcome.err());
      }
    }
  }

  @Test
  void spellingsOfAFileAreRead() throws Exception {
    String text = "x,y\n" + rows("%d,%d\n", i -> new Object[] {i % 5, i % 2}) + "  \t \n\n";
    var packed = new java.io.ByteArrayOutputStream();
    try (var gzip = new java.util.zip.GZIPOutputStream(packed)) {
      gzip.write(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    Files.writeString(folder.resolve("a.csv"), text);
    Files.writeString(folder.resolve("b.CSV"), text);
    Files.write(folder.resolve("c.csv.gz"), packed.toByteArray());
    Set<Integer> found = new java.util.HashSet<>();
    for (String name : List.of("a.csv", "b.CSV", "c.csv.gz")) {
      Datasets.Loaded loaded = Datasets.load(folder.resolve(name).toString(), null, null);
      assertEquals(24, loaded.split().train().rows(), name);
      found.add(loaded.split().train().crc32());
    }
    assertEquals(1, found.size());
    byte[] cut = Arrays.copyOf(packed.toByteArray(), packed.size() - 12);
    Path broken = Files.write(folder.resolve("d.csv.gz"), cut);
    MainTest.Outcome outcome = run("train", broken, "--device=java");
    assertEquals(1, outcome.code());
    assertTrue(outcome.err().contains(broken + ": it ends too early"), outcome.err());
    assertFalse(outcome.err().contains("java."), outcome.err());
  }

  @Test
  void aFileWithItsLabelsIsPredictedWithoutThem() throws Exception {
    Path out = folder.resolve("run");
    Path csv = labelled("a,b,kind\n", List.of("x", "y"));
    right("train", csv, "--epochs=0", "--device=java", "--out", out);
    MainTest.Outcome outcome = right("predict", out, csv, "--device=java");
    assertEquals(30, outcome.out().lines().count());
    String left =
        "thalweg: %s: line 1 is a header; 2 features; 30 rows; left out: column 3 (\"kind\")"
            .formatted(csv);
    assertEquals(left, outcome.err().strip());
    for (String label : List.of("kind", "3")) {
      assertEquals(outcome, right("predict", out, csv, "--label", label, "--device=java"), label);
    }
    Path wrong = Files.writeString(folder.resolve("wrong.csv"), "c,b,e,f\n1,2,3,4\n");
    assertTrue(
        run("predict", out, wrong, "--device=java")
            .err()
            .contains(
                "line 1: 1 of the 2 columns that the model takes are missing: \"a\"; the columns"
                    + " are \"c\", \"b\", \"e\", \"f\""));
    Path unnamed = Files.writeString(folder.resolve("unnamed.csv"), "1,2,3,4\n");
    assertTrue(
        run("predict", out, unnamed, "--device=java")
            .err()
            .contains(
                "line 1: 4 columns, and the model takes 2, called \"a\", \"b\"; line 1 holds"
                    + " \"1\", \"2\", \"3\", \"4\""));
    assertTrue(run("eval", csv, "digits").err().contains("data, not a model"));
    assertTrue(run("predict", "digits", csv).err().contains("data, not a model"));
  }

  /**
   * 16777216 and 16777217 are one number in binary32, and the software driver has the same bits.
   */
  @Test
  @Tag("driver")
  void binary64KeepsWhatBinary32Rounds() throws Exception {
    String text = rows("%d,%s\n", i -> new Object[] {16777216 + i % 2, i % 2});
    Path csv = Files.writeString(folder.resolve("data.csv"), text);
    for (List<String> method :
        List.of(List.of("--epochs=200", "--lr=0.1"), List.of("--method=newton-cg", "--l2=1e-6"))) {
      List<String> weights = new ArrayList<>();
      for (String device : List.of("java", "sim")) {
        Path out = folder.resolve(device + method.size() + method.get(0));
        List<Object> words = new ArrayList<>(List.of("train", csv, "--type=f64", "--centre"));
        words.addAll(method);
        words.addAll(List.of("--json", "--device", device, "--out", out));
        JsonObject done = last(right(words.toArray()));
        assertEquals(1, done.get("train_accuracy").getAsDouble());
        weights.add(done.get("weights_crc32").getAsString());
        JsonObject eval = last(right("eval", out, csv, "--part=all", "--json", "--device", device));
        assertEquals(1, eval.get("accuracy").getAsDouble());
      }
      assertEquals(weights.get(0), weights.get(1));
    }
  }

  @Test
  void irisIsInTheJarAsInTheFile() throws Exception {
    Datasets.Loaded file = Datasets.load("src/docs/iris.csv", null, "species");
    Datasets.Loaded jar = Datasets.load("iris", null, null);
    assertEquals(file.split().train().crc32(), jar.split().train().crc32());
    assertEquals(file.split().test().crc32(), jar.split().test().crc32());
    assertEquals(List.of("setosa", "versicolor", "virginica"), jar.classes());
    assertEquals(file.columns(), jar.columns());
    Path digits = folder.resolve("digits");
    right("train", "digits", "--device=java", "--out", digits);
    Path three = Path.of("src", "docs", "three.png");
    MainTest.Outcome outcome = right("predict", digits, three, "--device=java");
    assertTrue(outcome.out().startsWith(three + "  3  "), outcome.out());
  }
}
