package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.data.Datasets;
import org.thalweg.data.LibsvmOptions;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.Description;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.ModelFile;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;

/** The commands on sparse rows in LIBSVM files. */
class LibsvmCommandsTest {
  private static final int ROWS = 60;

  @TempDir private Path folder;

  private Path rows;
  private Path fromZero;
  private Path csv;

  /** The same table of four features as LIBSVM files with indices from 1 and from 0, and as CSV. */
  @BeforeEach
  void write() throws IOException {
    StringBuilder one = new StringBuilder();
    StringBuilder zero = new StringBuilder();
    StringBuilder dense = new StringBuilder();
    for (int i = 0; i < ROWS; i++) {
      int label = i % 3 - 1;
      double x = 2 * label + i % 7 / 8.0;
      one.append("%d 1:%s%s%n".formatted(label, x, i % 5 == 0 ? " 4:1.5" : ""));
      zero.append("%d 0:%s%s%n".formatted(label, x, i % 5 == 0 ? " 3:1.5" : ""));
      dense.append("%s,0,0,%s,%d%n".formatted(x, i % 5 == 0 ? "1.5" : "0", label));
    }
    rows = Files.writeString(folder.resolve("rows.svm"), one);
    fromZero = Files.writeString(folder.resolve("zero.libsvm"), zero);
    csv = Files.writeString(folder.resolve("rows.csv"), dense);
  }

  private static MainTest.Outcome run(Object... words) {
    return MainTest.run(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
  }

  private static MainTest.Outcome right(Object... words) {
    MainTest.Outcome outcome = run(words);
    assertEquals(0, outcome.code(), outcome.err());
    return outcome;
  }

  private Path model(String name, int features, Scaling scaling, boolean zeroBased)
      throws IOException {
    Path file = folder.resolve(name);
    try (JavaDevice device = new JavaDevice(1);
        LinearClassifier model = new LinearClassifier(device, ElementType.F32, features, 3)) {
      List<String> classes = List.of("-1", "0", "1");
      var loss = new SoftmaxCrossEntropy();
      ModelFile.save(
          model, file, new Description(classes, null, scaling, loss, null, zeroBased), false);
    }
    return file;
  }

  /** Wrong usage: what follows the verb, and words of the message. */
  @Test
  void whatDoesNotGoWithSparseRowsIsRefused() throws IOException {
    Path model = model("m.safetensors", 4, Scaling.of(1), false);
    Map<String, String> wrong = new LinkedHashMap<>();
    wrong.put("train x.svm --standardise", "--standardise: the rows of x.svm are sparse");
    wrong.put("train x.svm --centre --method lbfgs", "--centre: the rows of x.svm are sparse");
    wrong.put("compare x.svm --centre", "--centre: the rows of x.svm are sparse");
    wrong.put("probe x.svm --standardise", "--standardise: the rows of x.svm are sparse");
    for (String option :
        List.of(
            "--label=1",
            "--header=yes",
            "--separator=;",
            "--decimal=comma",
            "--ignore=1",
            "--categories=1",
            "--missing=row",
            "--weights=1")) {
      String name = option.replaceFirst("=.*", "");
      wrong.put("train x.svm.gz " + option, "x.svm.gz takes no " + name + ": only CSV files do");
    }
    wrong.put("train x.svm --labels y.txt", "--labels y.txt: x.svm has labels");
    wrong.put("train x.svm --data-dir y", "x.svm takes no folder");
    wrong.put("train x.csv --zero-based", "x.csv takes no --zero-based: only LIBSVM files do");
    wrong.put("train digits --zero-based", "digits takes no --zero-based");
    wrong.put("eval " + model + " x.svm --zero-based", "--zero-based has no effect: the model");
    wrong.put("eval " + model + " x.svm --many-classes", "--many-classes has no effect: the model");
    wrong.forEach(
        (words, message) -> {
          MainTest.Outcome outcome = run((Object[]) words.split(" "));
          assertEquals(2, outcome.code(), words + ": " + outcome.err());
          assertTrue(outcome.err().startsWith("thalweg: " + message), outcome.err());
        });
  }

  /** Files that cannot be used, and words of the message. */
  @Test
  void mistakesInFilesAreSaid() throws IOException {
    Path wide = Files.writeString(folder.resolve("wide.svm"), "1 2:1 5:3\n");
    Path strange = Files.writeString(folder.resolve("strange.svm"), "7 2:1\n");
    Path one = model("one.safetensors", 4, Scaling.of(1), false);
    Path zero = model("zero.safetensors", 4, Scaling.of(1), true);
    Path centred =
        model("centred.safetensors", 4, new Scaling(1, new double[] {1, 2, 3, 4}, null), false);
    String beyond = "wide.svm: line 1, column 7: index 5";
    Map<String, Object[]> mistakes = new LinkedHashMap<>();
    mistakes.put(
        beyond + ", and " + rows + " has 4 features", new Object[] {"train", rows, "--test", wide});
    mistakes.put(
        beyond + " (from 0), and " + fromZero + " has 4 features",
        new Object[] {"train", fromZero, "--zero-based", "--test", wide});
    mistakes.put(
        "strange.svm has a class \"7\", and ", new Object[] {"train", rows, "--test", strange});
    mistakes.put(
        "line 1, column 4: index 0, and indices begin at 1; if those of this file begin at 0, say"
            + " --zero-based",
        new Object[] {"train", fromZero});
    mistakes.put(beyond + ", and the model has 4 features", new Object[] {"predict", one, wide});
    mistakes.put(
        beyond + " (from 0), and the model has 4 features", new Object[] {"predict", zero, wide});
    mistakes.put("line 1, column 4: index 0, and", new Object[] {"eval", one, fromZero});
    mistakes.put("which centres the features", new Object[] {"predict", centred, rows});
    mistakes.put("which centres the features,", new Object[] {"eval", centred, rows});
    mistakes.put("data, not a model", new Object[] {"predict", rows, rows});
    mistakes.forEach(
        (message, words) -> {
          MainTest.Outcome outcome = run(words);
          assertEquals(1, outcome.code(), message + ": " + outcome.err());
          assertTrue(outcome.err().contains(message), outcome.err());
        });
    assertFalse(Files.exists(Path.of("runs", "rows-1")));
  }

  @Test
  void whatWasReadIsSaidInOneBlock() {
    LibsvmOptions options = new LibsvmOptions(true, 0, "", false);
    Datasets.Loaded loaded =
        Datasets.sparse(fromZero.toString(), options, ElementType.F32, Datasets.FIFTH);
    assertEquals(
        """
        columns     4 features; 69 stored, 28.8 %; indices begin at 0
        classes     3: -1 (20), 0 (20), 1 (20)
        """,
        DataReport.lines(loaded, Integer.MAX_VALUE));
    Map<String, Object> json = DataReport.json("zero.libsvm", loaded);
    String expected =
        "{features=4, stored=69, zero_based=true, training_rows=48, test_rows=12,"
            + " classes={-1=20, 0=20, 1=20}}";
    assertEquals(expected, String.valueOf(json.get("dataset")));
    Datasets.Loaded dense = Datasets.load(csv.toString(), null, null);
    assertFalse(DataReport.json("rows.csv", dense).toString().contains("stored"));
  }

  /** Only models whose indices begin at 0 say so; the others' files are what they were. */
  @Test
  void modelsRememberWhereIndicesBegin() throws IOException {
    for (boolean zeroBased : new boolean[] {false, true}) {
      Path file = model(zeroBased + ".safetensors", 4, Scaling.of(1), zeroBased);
      assertEquals(zeroBased, ModelFile.describe(file).zeroBased());
      String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
      assertEquals(zeroBased, bytes.contains("\"zero_based\":\"true\""));
    }
  }

  private JsonObject last(Object... words) {
    Object[] all = Stream.concat(Stream.of(words), Stream.of("--device=java", "--json")).toArray();
    String last = right(all).out().lines().reduce((a, b) -> b).orElseThrow();
    return JsonParser.parseString(last).getAsJsonObject();
  }

  /** From both files the same model, which needs nothing said to read its file. */
  @ParameterizedTest
  @ValueSource(strings = {"minibatch", "lbfgs", "newton-cg"})
  void aModelIsTrainedScoredAndUsed(String method) throws IOException {
    String by = "--method=" + method;
    Path one = folder.resolve("one");
    Path zero = folder.resolve("zero");
    Path dense = folder.resolve("dense");
    var weights = last("train", rows, by, "--out", one).get("weights_crc32");
    assertEquals(
        weights, last("train", fromZero, "--zero-based", by, "--out", zero).get("weights_crc32"));
    last("train", csv, by, "--out", dense);
    double expected = last("eval", dense, csv).get("loss").getAsDouble();
    assertEquals(expected, last("eval", one, rows).get("loss").getAsDouble(), 1e-5);
    assertEquals(expected, last("eval", zero, fromZero).get("loss").getAsDouble(), 1e-5);
    var predicted = right("predict", zero, fromZero, "--device=java");
    assertEquals(ROWS, predicted.out().lines().count());
    assertTrue(
        predicted.err().contains("zero.libsvm: sparse rows; 4 features; 60 rows"), predicted.err());
    Path some = Files.writeString(folder.resolve("some.svm"), "-1 1:-2\n1 2:0\n");
    assertEquals(2, last("eval", one, some, "--part=all").get("rows").getAsInt());
    assertEquals(
        2,
        last("train", rows, "--test", some, by, "--out", folder.resolve("t"))
            .getAsJsonObject("dataset")
            .get("test_rows")
            .getAsInt());
  }
}
