package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.data.CsvOptions;
import org.thalweg.data.Datasets;
import org.thalweg.data.Schema;
import org.thalweg.model.Description;
import org.thalweg.model.ModelFile;
import org.thalweg.numeric.ElementType;

/** Tables of numbers and texts through train, eval and predict: what a model knows of columns. */
class ColumnsCommandsTest {
  @TempDir Path folder;

  private static final String HEADER = "id,size,colour,code,kind";

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

  /** Fields of forty rows, by column, below their header. */
  private static List<List<String>> table() {
    List<List<String>> rows = new ArrayList<>(List.of(List.of(HEADER.split(","))));
    for (int i = 0; i < 40; i++) {
      rows.add(
          List.of(
              "" + (1000 - i),
              String.format(Locale.ROOT, "%.2f", i * i % 17 * 0.25 + i % 2),
              List.of("red", "green", "\"light, blue\"").get(i % 3),
              "" + List.of(7, 10, 9).get(i / 3 % 3),
              List.of("yes", "no").get(i % 2)));
    }
    return rows;
  }

  private Path write(String name, List<List<String>> rows, String separator, int... columns)
      throws IOException {
    String text =
        rows.stream()
            .map(
                row ->
                    IntStream.of(columns).mapToObj(row::get).collect(Collectors.joining(separator)))
            .collect(Collectors.joining("\n", "", "\n"));
    return Files.writeString(folder.resolve(name), text);
  }

  private Path train(Path data, String name, String... options) {
    Path run = folder.resolve(name);
    List<Object> words = new ArrayList<>(List.of("train", data, "--epochs=5", "--lr=0.1"));
    words.addAll(List.of("--out", run));
    words.addAll(List.of(options));
    if (List.of(options).stream().noneMatch(option -> option.startsWith("--device"))) {
      words.add("--device=java");
    }
    right(words.toArray());
    return run;
  }

  /** What is predicted of each row, without the file's name. */
  private static List<String> predicted(Path run, Object... words) {
    List<Object> all = new ArrayList<>(List.of("predict", run));
    all.addAll(List.of(words));
    all.addAll(List.of("--device=java", "--format=csv"));
    return right(all.toArray())
        .out()
        .lines()
        .map(line -> line.replaceFirst("^[^,]*,", ""))
        .toList();
  }

  @Test
  void columnsAreFoundByNameWhateverTheirOrder() throws Exception {
    List<List<String>> rows = table();
    Path data = write("data.csv", rows, ",", 0, 1, 2, 3, 4);
    Path run = train(data, "run", "--ignore", "id", "--categories", "code");
    Description description = ModelFile.describe(run.resolve("model.safetensors"));
    Schema schema = Objects.requireNonNull(description.schema());
    assertEquals("kind", schema.labelName());
    assertEquals(
        List.of(
            new Schema.Input(1, "size", null, false, null),
            new Schema.Input(2, "colour", List.of("green", "light, blue", "red"), false, null),
            new Schema.Input(3, "code", List.of("10", "7", "9"), false, null)),
        schema.inputs());
    List<String> expected = predicted(run, data);
    assertEquals("row,class,probability of no,probability of yes", expected.get(0));
    assertEquals(41, expected.size());
    for (int i = 1; i <= 40; i++) assertTrue(expected.get(i).startsWith(i + ","));
    assertEquals(expected, predicted(run, write("a.csv", rows, ",", 4, 3, 2, 1, 0)));
    assertEquals(expected, predicted(run, write("b.csv", rows, ",", 2, 1, 3)));
    assertEquals(expected, predicted(run, write("c.tsv", rows, "\t", 3, 1, 2, 0)));
    assertEquals(expected, predicted(run, write("d.txt", rows, ";", 3, 1, 2, 0)));
    // Without a header by place: as in training, without the label, or what is used alone.
    List<List<String>> below = rows.subList(1, 41);
    for (int[] columns : new int[][] {{0, 1, 2, 3, 4}, {0, 1, 2, 3}, {1, 2, 3}}) {
      Path unnamed = write("e" + columns.length + ".csv", below, ",", columns);
      assertEquals(expected, predicted(run, unnamed), unnamed.toString());
    }
    JsonObject all = last(right("eval", run, data, "--part=all", "--json", "--device=java"));
    Path other = write("f.csv", rows, "|", 4, 3, 1, 2);
    JsonObject same = last(right("eval", run, other, "--part=all", "--json", "--device=java"));
    assertEquals(all.get("loss"), same.get("loss"));
    assertEquals(all.get("confusion"), same.get("confusion"));
    Path unnamed = write("g.csv", below, ",", 0, 1, 2, 3, 4);
    JsonObject placed = last(right("eval", run, unnamed, "--part=all", "--json", "--device=java"));
    assertEquals(all.get("loss"), placed.get("loss"));
    // What is unknown or missing is said, with its place.
    for (List<String> wrong :
        List.of(
            List.of(
                "size,colour,code\n1,pink,7\n",
                "line 2, column 2: \"pink\" is none of the categories that the model knows:"
                    + " \"green\", \"light, blue\", \"red\""),
            List.of("size,colour,code\n1,red,\n", "line 2, column 3: expected a text, not \"\""),
            List.of("size,colour,code\n1,red,7\nx,red,7\n", "line 3, column 1: expected a finite"),
            List.of(
                "size,code\n1,7\n", "line 1: 1 of the 3 columns that the model takes are missing"),
            List.of(
                "size,size,colour,code\n1,1,red,7\n", "more than one column is called \"size\""))) {
      Path file = Files.writeString(folder.resolve("wrong.csv"), wrong.get(0));
      MainTest.Outcome outcome = run("predict", run, file, "--device=java");
      assertEquals(1, outcome.code());
      assertEquals("", outcome.out());
      assertTrue(outcome.err().contains(wrong.get(1)), outcome.err());
      assertEquals(1, outcome.err().lines().count(), outcome.err());
    }
    MainTest.Outcome lacking =
        run("eval", run, write("h.csv", rows, ",", 1, 2, 3), "--device=java");
    assertTrue(
        lacking.err().contains("no column is called \"kind\", as the label was in training"),
        lacking.err());
    for (String option :
        List.of("--ignore=id", "--categories=code", "--missing=mean", "--many-classes")) {
      MainTest.Outcome refused = run("eval", run, data, option, "--device=java");
      assertEquals(2, refused.code(), option);
      assertTrue(
          refused.err().contains("has no effect: the model knows its columns"), refused.err());
    }
  }

  @Test
  void theIrisesInTheJarAreFoundByNameToo() throws Exception {
    List<List<String>> rows =
        Files.readAllLines(Path.of("src", "docs", "iris.csv")).stream()
            .map(line -> List.of(line.split(",")))
            .toList();
    Path run = train(write("iris.csv", rows, ",", 4, 3, 2, 1, 0), "run", "--label=species");
    Path file = Path.of("src", "docs", "iris.csv");
    for (Object data : List.of("iris", file)) {
      JsonObject eval = last(right("eval", run, data, "--part=all", "--json", "--device=java"));
      assertEquals(
          last(right(
                  "eval", run, folder.resolve("iris.csv"), "--part=all", "--json", "--device=java"))
              .get("loss"),
          eval.get("loss"));
    }
  }

  @Test
  void theSameRowsGiveTheSameWeightsHoweverTheyAreWritten() throws Exception {
    List<List<String>> rows = table();
    UnaryOperator<String> comma =
        field -> field.matches("[0-9.]+") ? field.replace('.', ',') : field;
    List<List<String>> commas = rows.stream().map(row -> row.stream().map(comma).toList()).toList();
    int[] all = {0, 1, 2, 3, 4};
    List<Path> files =
        List.of(
            write("a.csv", rows, ",", all),
            write("b.csv", rows, ";", all),
            write("c.tsv", rows, "\t", all),
            write("d.data", rows, "|", all),
            write("e.txt", commas, ";", all),
            write("f.tab", commas, "\t", all));
    List<byte[]> weights = new ArrayList<>();
    for (Path file : files) {
      Path run = train(file, "run" + file.getFileName(), "--ignore=id", "--missing=row");
      weights.add(Files.readAllBytes(run.resolve("model.safetensors")));
    }
    for (byte[] one : weights) assertTrue(Arrays.equals(weights.get(0), one));
    Path semicolons = files.get(4);
    for (List<String> options :
        List.of(List.of("--separator=;", "--decimal=comma"), List.of("--separator=semicolon"))) {
      List<String> more = new ArrayList<>(options);
      more.add("--ignore=1");
      Path run = train(semicolons, "given" + options.size(), more.toArray(String[]::new));
      assertEquals(predicted(folder.resolve("runa.csv"), files.get(0)), predicted(run, semicolons));
    }
    MainTest.Outcome wrong = run("train", files.get(1), "--separator=|", "--device=java");
    assertTrue(wrong.err().contains("if they are by \";\", say --separator ';'"), wrong.err());
  }

  @Test
  void missingValuesAreFilledWithTheMeanOfTheTrainingRowsOrLeftOut() throws Exception {
    StringBuilder text = new StringBuilder("x,colour,kind\n");
    for (int i = 0; i < 50; i++) {
      String x = List.of("", "NA", "NaN", "null", "?").get(i / 10);
      text.append(i % 10 == 3 ? x : i % 7).append(',');
      text.append(i % 10 == 4 ? x : List.of("red", "blue").get(i % 2)).append(',');
      text.append(List.of("a", "b").get(i % 2)).append('\n');
    }
    Path data = Files.writeString(folder.resolve("data.csv"), text);
    for (String type : List.of("f32", "f64")) {
      Path run = train(data, "mean-" + type, "--missing=mean", "--type=" + type);
      Datasets.Loaded loaded =
          Datasets.load(
              data.toString(),
              null,
              options(CsvOptions.Missing.MEAN),
              ElementType.valueOf(type.toUpperCase(Locale.ROOT)),
              null,
              Datasets.FIFTH);
      // All training rows, of which those without a value have the mean of the others.
      var rows = loaded.split().train();
      Schema schema =
          Objects.requireNonNull(ModelFile.describe(run.resolve("model.safetensors")).schema());
      double fill = Objects.requireNonNull(schema.inputs().get(0).fill());
      double sum = 0;
      int n = 0;
      for (int row = 0; row < rows.rows(); row++) {
        double x = rows.values().value((long) row * rows.features());
        boolean missing = x != Math.rint(x);
        sum += missing ? 0 : x;
        n += missing ? 0 : 1;
        assertTrue(!missing || x == fill, "row " + row);
      }
      assertTrue(n < rows.rows());
      assertEquals(type.equals("f32") ? (float) (sum / n) : sum / n, fill);
      assertEquals(List.of("blue", "red"), schema.inputs().get(1).categories());
      assertTrue(schema.inputs().get(1).other());
      Path file = Files.writeString(folder.resolve("x.csv"), "x,colour\n?,\n" + fill + ",NA\n");
      List<String> predictions = predicted(run, file);
      assertEquals(predictions.get(1).substring(1), predictions.get(2).substring(1));
      right("eval", run, data, "--device=java");
    }
    MainTest.Outcome error = run("train", data, "--device=java", "--out", folder.resolve("none"));
    assertTrue(error.err().contains("line 5, column 1: expected a finite"), error.err());
    assertFalse(Files.exists(folder.resolve("none")));
    Path left = train(data, "left", "--missing=row");
    JsonObject eval = last(right("eval", left, data, "--part=all", "--device=java", "--json"));
    assertEquals(40, eval.get("rows").getAsInt());
    JsonObject dataset = eval.getAsJsonObject("dataset");
    assertEquals(10, dataset.get("left_out_rows").getAsInt());
    MainTest.Outcome kept = run("predict", left, data, "--device=java");
    assertTrue(kept.err().contains("line 5, column 1"), kept.err());
  }

  private static CsvOptions options(CsvOptions.Missing missing) {
    var any = CsvOptions.DEFAULT;
    return new CsvOptions(
        null, any.header(), null, any.decimal(), List.of(), List.of(), missing, false, null);
  }

  private static MainTest.Outcome piped(Path file, Object... words) throws IOException {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(Files.readAllBytes(file)));
    try {
      return run(words);
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void standardInputIsReadAndCanBeGivenAgain() throws Exception {
    Path data = write("data.csv", table(), ",", 1, 2, 4);
    Path run = folder.resolve("run");
    MainTest.Outcome trained =
        piped(
            data,
            "train",
            "-",
            "--device=java",
            "--epochs=2",
            "--checkpoint-every=1",
            "--out",
            run);
    assertEquals(0, trained.code(), trained.err());
    assertTrue(trained.out().contains("data        -: 32 training rows"), trained.out());
    MainTest.Outcome eval = piped(data, "eval", run, "-", "--device=java");
    assertEquals(
        right("eval", run, data, "--device=java").out().replace(data.toString(), "-"), eval.out());
    assertEquals(
        right("predict", run, data, "--device=java").out().replace(data.toString(), "-"),
        piped(data, "predict", run, "-", "--device=java").out());
    MainTest.Outcome gone = run("train", "--resume", run, "--epochs=3", "--device=java");
    assertEquals(1, gone.code());
    assertTrue(gone.err().contains("came from standard input, which is gone"), gone.err());
    assertEquals(0, run("train", "--resume", run, data, "--epochs=3", "--device=java").code());
    MainTest.Outcome again =
        piped(data, "train", "--resume", run, "-", "--epochs=4", "--device=java");
    assertEquals(0, again.code(), again.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"softmax", "hinge"})
  void predictionsAreWrittenAsTextCsvAndJson(String loss) throws Exception {
    Path data = write("data.csv", table(), ",", 1, 2, 4);
    Path run = train(data, "run", "--model", loss);
    String what = loss.equals("softmax") ? "probabilities" : "scores";
    List<String> csv = predicted(run, data);
    List<String> json =
        right("predict", run, data, data, "--format=json", "--device=java").out().lines().toList();
    assertEquals(80, json.size());
    for (int i = 0; i < 80; i++) {
      JsonObject row = JsonParser.parseString(json.get(i)).getAsJsonObject();
      JsonObject values = row.getAsJsonObject(what);
      assertEquals(
          csv.get(1 + i % 40),
          "%d,%s,%s,%s"
              .formatted(
                  row.get("row").getAsInt(),
                  row.get("class").getAsString(),
                  values.get("no"),
                  values.get("yes")));
    }
    for (String format : List.of("text", "csv", "json")) {
      Path out = folder.resolve("out." + format);
      Object[] words = {"predict", run, data, "--device=java", "--format=" + format};
      MainTest.Outcome shown = right(words);
      Object[] more = Arrays.copyOf(words, words.length + 2);
      more[words.length] = "--out";
      more[words.length + 1] = out;
      assertEquals("", right(more).out());
      assertEquals(shown.out(), Files.readString(out));
      assertEquals(2, run(more).code());
      assertEquals(shown.out(), Files.readString(out));
    }
    Path wrong = Files.writeString(folder.resolve("wrong.csv"), "size,colour\n1,red\n1,pink\n");
    Path none = folder.resolve("none.csv");
    assertEquals(1, run("predict", run, wrong, "--out", none, "--device=java").code());
    try (var files = Files.list(folder)) {
      assertTrue(files.noneMatch(file -> file.toString().contains("none")));
    }
  }

  /** The columns that a table has, and what is said of them, at the widths of two terminals. */
  @Test
  void whatWasTakenForWhatIsSaidInOneBlock() throws Exception {
    Path data = write("data.csv", table(), ";", 0, 1, 2, 3, 4);
    Datasets.Loaded loaded = Datasets.load(data.toString(), null, null);
    assertEquals(
        """
        columns     separated by ";"; line 1 is a header; label: column 5 ("kind")
        features    6, from 3 numbers: id, size, code; 1 column of categories: colour (3: green,\
         light, blue, red)
        classes     2: no (20), yes (20)
        """,
        DataReport.lines(loaded, Integer.MAX_VALUE));
    for (int width : new int[] {60, 100}) {
      String lines = DataReport.lines(loaded, width);
      assertTrue(lines.lines().allMatch(line -> line.length() <= width), lines);
      assertEquals(
          DataReport.lines(loaded, Integer.MAX_VALUE), lines.replaceAll("\n {12}", " "), lines);
    }
  }

  @Test
  @Tag("driver")
  void bothDevicesHaveTheSameBits() throws Exception {
    Path data = write("data.csv", table(), ",", 0, 1, 2, 3, 4);
    List<byte[]> models = new ArrayList<>();
    for (String device : List.of("java", "sim")) {
      Path run = train(data, device, "--ignore=id", "--centre", "--device=" + device);
      models.add(Files.readAllBytes(run.resolve("model.safetensors")));
    }
    assertTrue(Arrays.equals(models.get(0), models.get(1)));
    assertEquals(
        right("predict", folder.resolve("java"), data, "--device=java").out(),
        right("predict", folder.resolve("sim"), data, "--device=sim").out());
  }
}
