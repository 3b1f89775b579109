package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.data.Samples;

/** The commands on matrices of NumPy. */
class NpyCommandsTest {
  private static final int ROWS = 60;

  @TempDir private Path folder;

  private Path rows;
  private Path labels;

  /** The same table as .npy files and as CSV. */
  @BeforeEach
  void write() throws IOException {
    ByteBuffer numbers = ByteBuffer.allocate(ROWS * 2 * 4).order(ByteOrder.LITTLE_ENDIAN);
    byte[] classes = new byte[ROWS];
    StringBuilder csv = new StringBuilder();
    for (int i = 0; i < ROWS; i++) {
      int label = i % 3;
      float x = i * i % 7 + 20 * label + 0.5f;
      numbers.putFloat(x).putFloat(i % 4);
      classes[i] = (byte) label;
      csv.append("%s,%d,%d%n".formatted(x, i % 4, label));
    }
    rows = npy("rows.npy", "<f4", "(60, 2)", numbers.array());
    labels = npy("labels.npy", "|u1", "(60,)", classes);
    for (int i = 0; i < 3; i++) {
      byte[] part = Arrays.copyOfRange(numbers.array(), i * 160, (i + 1) * 160);
      npy("part-" + i + ".npy", "<f4", "(20, 2)", part);
    }
    Files.writeString(folder.resolve("table.csv"), csv);
  }

  private Path npy(String name, String type, String shape, byte[] elements) throws IOException {
    byte[] file = Samples.npy(1, Samples.npyHeader(type, false, shape), elements);
    return Files.write(folder.resolve(name), file);
  }

  private static MainTest.Outcome run(Object... words) {
    return MainTest.run(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
  }

  private static MainTest.Outcome right(Object... words) {
    MainTest.Outcome outcome = run(words);
    assertEquals(0, outcome.code(), outcome.err());
    return outcome;
  }

  private String weights(String out, Object... words) {
    Object[] all = Arrays.copyOf(words, words.length + 5);
    all[words.length] = "--json";
    all[words.length + 1] = "--epochs=3";
    all[words.length + 2] = "--batch=7";
    all[words.length + 3] = "--out";
    all[words.length + 4] = folder.resolve(out);
    String last = right(all).out().lines().reduce((a, b) -> b).orElseThrow();
    return JsonParser.parseString(last).getAsJsonObject().get("weights_crc32").getAsString();
  }

  @Test
  void oneTableHasOneChecksum() throws IOException {
    Object parts = folder.resolve("part-*.npy");
    String expected = weights("csv", "train", folder.resolve("table.csv"), "--device=java");
    assertEquals(expected, weights("a", "train", rows, "--labels", labels, "--device=java"));
    assertEquals(expected, weights("b", "train", parts, "--labels", labels, "--device=java"));
    for (int method : new int[] {0, 8}) {
      Path archive = folder.resolve("all" + method + ".npz");
      byte[] x = Files.readAllBytes(rows);
      byte[] y = Files.readAllBytes(labels);
      Files.write(archive, Samples.zip(method, "x.npy", x, "y.npy", y, "more.npy", x));
      String array = archive + "#x";
      assertEquals(
          expected, weights("n" + method, "train", array, "--labels", archive, "--device=java"));
    }
  }

  /** The rows of --test are scored, by the names of their classes; all others are trained on. */
  @Test
  void theTestRowsMayBeOfAnotherFile() throws IOException {
    Path test = folder.resolve("test.csv");
    Files.writeString(test, "40.5,1,2%n0.5,0,0%n".formatted());
    Path train = folder.resolve("table.csv");
    String[] words = {"--device=java", "--epochs=3", "--json", "--out"};
    var out =
        right(
                "train",
                train,
                "--test",
                test,
                words[0],
                words[1],
                words[2],
                words[3],
                "" + folder.resolve("o"))
            .out();
    String said = out.lines().reduce((a, b) -> b).orElseThrow();
    var dataset = JsonParser.parseString(said).getAsJsonObject();
    assertEquals(60, dataset.getAsJsonObject("dataset").get("training_rows").getAsInt(), said);
    assertEquals(2, dataset.getAsJsonObject("dataset").get("test_rows").getAsInt(), said);
    Path strange = folder.resolve("strange.csv");
    Files.writeString(strange, "1,2,7\n");
    MainTest.Outcome wrong = run("train", train, "--test", strange);
    assertEquals(1, wrong.code());
    assertTrue(wrong.err().contains("strange.csv has a class \"7\", and "), wrong.err());
    Path wide = folder.resolve("wide.csv");
    Files.writeString(wide, "1,2,3,0\n");
    assertTrue(run("train", train, "--test", wide).err().contains("wide.csv"));
    assertTrue(
        run("train", rows, "--labels", labels, "--test", rows).err().contains("by --test-labels"));
  }

  @Test
  void eachClassHasItsShareOfASplit() {
    Path train = folder.resolve("table.csv");
    String[][] given = {{"--split=0.5"}, {"--split=0.1", "--split-seed=3"}};
    int[] test = {30, 6};
    for (int i = 0; i < given.length; i++) {
      Object[] words = {
        "train", train, "--epochs=0", "--json", "--device=java", "--out", folder.resolve("s" + i)
      };
      Object[] all = Arrays.copyOf(words, words.length + given[i].length);
      System.arraycopy(given[i], 0, all, words.length, given[i].length);
      String first = right(all).out().lines().findFirst().orElseThrow();
      var dataset = JsonParser.parseString(first).getAsJsonObject().getAsJsonObject("dataset");
      assertEquals(test[i], dataset.get("test_rows").getAsInt());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "digits --split 0.5",
        "digits --test x.csv",
        "table.csv --split 1",
        "table.csv --split-seed 1",
        "table.csv --test x.csv --split 0.5",
        "table.csv --test-labels x.npy",
        "table.csv --test x.npy",
        "digits --centre --standardise"
      })
  void whatHasNoEffectIsRefused(String words) {
    MainTest.Outcome wrong = run((Object[]) ("train " + words).split(" "));
    assertEquals(2, wrong.code(), wrong.err());
    assertTrue(wrong.err().startsWith("thalweg: "), wrong.err());
  }

  @Test
  @Tag("driver")
  void theSoftwareDriverGivesTheSameBits() {
    String expected = weights("a", "train", rows, "--labels", labels, "--device=java");
    assertEquals(expected, weights("b", "train", rows, "--labels", labels, "--device=sim"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"minibatch", "lbfgs", "newton", "newton-cg"})
  void aModelIsTrainedScoredAndUsed(String method) {
    Path run = folder.resolve("run");
    String by = "--method=" + method;
    MainTest.Outcome trained =
        right("train", rows, "--labels", labels, by, "--device=java", "--out", run);
    assertTrue(trained.out().contains("columns     2 features\n"), trained.out());
    assertTrue(trained.out().contains("classes     3: 0 (20), 1 (20), 2 (20)\n"), trained.out());
    MainTest.Outcome score =
        right("eval", run, rows, "--labels", labels, "--part=all", "--json", "--device=java");
    var json = JsonParser.parseString(score.out()).getAsJsonObject();
    assertEquals(ROWS, json.get("rows").getAsInt());
    MainTest.Outcome predicted = right("predict", run, rows, "--device=java");
    assertEquals(ROWS, predicted.out().lines().count());
    long correct =
        Arrays.stream(predicted.out().split("\n"))
            .filter(
                line -> {
                  String[] words = line.substring(line.lastIndexOf(':') + 1).split(" +");
                  return Integer.parseInt(words[1]) == (Integer.parseInt(words[0]) - 1) % 3;
                })
            .count();
    assertEquals((double) correct / ROWS, json.get("accuracy").getAsDouble(), 1e-12);
  }

  /** Of a run that is resumed in another folder, too. */
  @Test
  void aRunIsResumed() throws IOException {
    String expected = weights("whole", "train", rows, "--labels", labels, "--device=java");
    Path part = folder.resolve("part");
    right(
        "train",
        rows,
        "--labels",
        labels,
        "--device=java",
        "--epochs=2",
        "--batch=7",
        "--out",
        part,
        "--checkpoint-every=1");
    Path moved = Files.move(labels, folder.resolve("moved.npy"));
    MainTest.Outcome missing = run("train", "--resume", part, "--epochs=3");
    assertEquals(1, missing.code());
    assertTrue(missing.err().contains("labels.npy"), missing.err());
    MainTest.Outcome resumed =
        right("train", "--resume", part, "--epochs=3", "--labels", moved, "--json");
    assertTrue(resumed.out().contains(expected), resumed.out());
  }

  @Test
  void mistakesAreSaid() throws IOException {
    Path wide = npy("wide.npy", "<f4", "(40, 3)", new byte[480]);
    Path run = folder.resolve("run");
    right("train", rows, "--labels", labels, "--device=java", "--epochs=1", "--out", run);
    Map<String, Object[]> mistakes = new LinkedHashMap<>();
    mistakes.put("name the file with them by --labels", new Object[] {"train", rows});
    mistakes.put("--label names a column", new Object[] {"train", "digits", "--labels", labels});
    mistakes.put(
        "takes no folder", new Object[] {"train", rows, "--labels", labels, "--data-dir", folder});
    mistakes.put("60 labels, and", new Object[] {"train", wide, "--labels", labels});
    mistakes.put(
        "no file has such a name",
        new Object[] {"train", folder.resolve("none*.npy"), "--labels", labels});
    mistakes.put("is no matrix", new Object[] {"train", labels, "--labels", labels});
    mistakes.put("has 3 features, and", new Object[] {"predict", run, wide});
    mistakes.put("data, not a model", new Object[] {"predict", rows, rows});
    for (Map.Entry<String, Object[]> one : mistakes.entrySet()) {
      MainTest.Outcome outcome = run(one.getValue());
      assertTrue(outcome.code() > 0, one.getKey());
      assertTrue(outcome.err().contains(one.getKey()), outcome.err());
      assertEquals(1, outcome.err().lines().filter(line -> line.startsWith("thalweg")).count());
    }
    assertFalse(Files.exists(Path.of("runs", "rows-1")));
  }

  /** NaN is found when it is read; nothing is left behind. */
  @Test
  void whatIsNotFiniteLeavesNothing() throws IOException {
    byte[] file = Files.readAllBytes(rows);
    file[file.length - 1] = 0x7f;
    file[file.length - 2] = (byte) 0xc0;
    Files.write(rows, file);
    Path run = folder.resolve("run");
    for (String method : new String[] {"minibatch", "lbfgs"}) {
      MainTest.Outcome outcome =
          run("train", rows, "--labels", labels, "--device=java", "--out", run, "--method", method);
      assertEquals(1, outcome.code(), outcome.err());
      assertTrue(outcome.err().contains("rows.npy: row 60, column 2: expected"), outcome.err());
      assertFalse(Files.exists(run));
    }
  }
}
