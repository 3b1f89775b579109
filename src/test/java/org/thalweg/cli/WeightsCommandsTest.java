package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights of rows and of classes through the verbs that train. */
class WeightsCommandsTest {
  private static final Pattern WEIGHTS = Pattern.compile("weights +crc32 ([0-9a-f]{8})");

  @TempDir Path folder;

  private static MainTest.Outcome run(Object... words) {
    return MainTest.run(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
  }

  private String crc(Object... words) {
    Path out = folder.resolve("run" + System.nanoTime());
    MainTest.Outcome outcome =
        run(Stream.concat(Stream.of(words), Stream.of("--out", out)).toArray());
    assertEquals(0, outcome.code(), outcome.err());
    Matcher said = WEIGHTS.matcher(outcome.out());
    assertTrue(said.find(), outcome.out());
    return said.group(1);
  }

  /** Sixty rows of three classes, with a column of weights in their midst. */
  private Path table(String name, IntUnaryOperator weight) throws IOException {
    List<String> lines =
        IntStream.range(0, 60)
            .mapToObj(
                i ->
                    "%d.5,%d,%d,%s"
                        .formatted(
                            i * 7 % 11,
                            weight.applyAsInt(i),
                            i * i % 13,
                            List.of("a", "b", "c, d").get(i % 3).replaceAll("(.*,.*)", "\"$1\"")))
            .toList();
    return Files.writeString(
        folder.resolve(name), "x,w,y,kind\n" + String.join("\n", lines) + "\n");
  }

  /** A class's weight is that of each of its rows; both together are multiplied. */
  @Test
  @Tag("driver")
  void weightsOfClassesAreThoseOfTheirRows() throws IOException {
    IntUnaryOperator ofClass = i -> i % 3 == 0 ? 3 : i % 3 == 2 ? 2 : 1;
    Path ones = table("ones.csv", i -> 1);
    Path byRow = table("rows.csv", ofClass);
    Path other = table("other.csv", i -> 1 + i % 5);
    Path both = table("both.csv", i -> (1 + i % 5) * ofClass.applyAsInt(i));
    String listed = "a=3,\"c, d=2\"";
    for (List<String> how :
        List.of(
            List.of("--batch=16", "--epochs=3", "--device=java"),
            List.of("--batch=16", "--epochs=3", "--device=sim"),
            List.of("--method=lbfgs", "--device=java"),
            List.of("--method=newton-cg", "--device=java"))) {
      Object[] rest = how.toArray();
      String expected = crc(with(rest, "train", byRow, "--weights=w"));
      assertEquals(
          expected, crc(with(rest, "train", ones, "--weights=w", "--class-weights", listed)));
      assertEquals(
          crc(with(rest, "train", both, "--weights=2")),
          crc(with(rest, "train", other, "--weights=w", "--class-weights", listed)));
      assertNotEquals(expected, crc(with(rest, "train", ones, "--weights=w")));
      assertEquals(
          crc(with(rest, "train", ones, "--ignore=w")),
          crc(with(rest, "train", ones, "--weights=w")));
    }
  }

  private static Object[] with(Object[] rest, Object... words) {
    return Stream.concat(Stream.of(words), Stream.of(rest)).toArray();
  }

  /** The column is no feature, of the model neither, and said to be what it is. */
  @Test
  void theColumnIsNoFeature() throws IOException {
    Path data = table("data.csv", i -> 1 + i % 5);
    Path out = folder.resolve("run");
    MainTest.Outcome trained =
        run("train", data, "--weights", "w", "--device=java", "--epochs=2", "--out", out);
    assertTrue(trained.out().contains("weights: column 2 (\"w\")"), trained.out());
    assertTrue(trained.out().contains("2 numbers: x, y"), trained.out());
    Object[] again = {"train", data, "--weights=w", "--device=java", "--epochs=1", "--json"};
    MainTest.Outcome json = run(with(new Object[] {"--out", folder.resolve("json")}, again));
    assertTrue(json.out().contains("\"weights_column\":2"), json.out());
    for (String verb : List.of("eval", "predict")) {
      assertEquals(0, run(verb, out, data, "--device=java").code());
    }
    assertEquals(0, run("gradcheck", data, "--weights=w", "--device=java").code());
    assertEquals(
        0,
        run("compare", data, "--weights=w", "--device=java", "--epochs=1", "--rates=0.1").code());
    assertEquals(
        0,
        run(
                "probe",
                data,
                "--weights=w",
                "--device=java",
                "--c=1",
                "--out",
                folder.resolve("probe"))
            .code());
  }

  /** A run that goes on has the weights that it had. */
  @Test
  void theyAreKeptForResuming() throws IOException {
    Path data = table("data.csv", i -> 1 + i % 5);
    Object[] train = {
      "train", data, "--weights=w", "--class-weights=balanced", "--device=java", "--epochs"
    };
    String expected = crc(with(new Object[] {4}, train));
    Path out = folder.resolve("run");
    Object[] half = {2, "--checkpoint-every=1", "--out", out};
    assertEquals(0, run(with(half, train)).code());
    MainTest.Outcome resumed = run("train", "--resume", out, "--epochs=4");
    assertEquals(0, resumed.code(), resumed.err());
    assertTrue(resumed.out().contains(expected), resumed.out());
  }

  /** By scikit-learn's rule: all rows over the classes and the rows of this one. */
  @Test
  void balanced() {
    Object[] train = {"train", "digits", "--device=java", "--epochs=1"};
    String plain = crc(train);
    assertNotEquals(plain, crc(with(new Object[] {"--class-weights=balanced"}, train)));
    assertEquals(plain, crc(with(new Object[] {"--class-weights=3=1"}, train)));
    assertNotEquals(plain, crc(with(new Object[] {"--class-weights=3=2"}, train)));
  }

  @Test
  void whatIsRefused() throws IOException {
    Path data = table("data.csv", i -> i == 40 ? -1 : 1);
    Path zeros = table("zeros.csv", i -> 0);
    Map<String, List<Object>> wrong = new LinkedHashMap<>();
    wrong.put("line 42, column 2: expected a weight", List.of(data, "--weights=w"));
    wrong.put("column 2 (\"w\") holds no weight above 0", List.of(zeros, "--weights=w"));
    wrong.put(
        "column 4 (\"kind\") cannot hold the weights",
        List.of(zeros, "--weights=kind", "--label=kind"));
    wrong.put("no column is called \"ww\"", List.of(zeros, "--weights=ww"));
    wrong.put("did you mean c, d?", List.of(zeros, "--ignore=w", "--class-weights", "\"c,d=2\""));
    wrong.put("expected a class and its weight, as a=2", List.of(zeros, "--class-weights=a"));
    wrong.put("not \"-1\"", List.of(zeros, "--class-weights=a=-1"));
    wrong.put("not \"NaN\"", List.of(zeros, "--class-weights=a=NaN"));
    wrong.put("a is there twice", List.of(zeros, "--class-weights=a=1,a=2"));
    wrong.put(
        "--class-weights a=0,b=0,\"c, d=0\": weights add up to 0",
        List.of(zeros, "--class-weights=a=0,b=0,\"c, d=0\""));
    wrong.put("--weights", List.of("digits", "--weights=3"));
    wrong.forEach(
        (message, words) -> {
          Path out = folder.resolve("none");
          MainTest.Outcome outcome =
              run(with(words.toArray(), "train", "--device=java", "--out", out));
          assertNotEquals(0, outcome.code(), message);
          assertTrue(outcome.err().contains(message), message + ": " + outcome.err());
          assertTrue(Files.notExists(out), message);
        });
  }
}
