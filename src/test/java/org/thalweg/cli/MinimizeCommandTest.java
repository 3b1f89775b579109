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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.data.Samples;
import org.thalweg.minimize.Minimizers;
import org.thalweg.optim.Optimizers;

/** {@code train --method}: the minimisers on the full batch. */
class MinimizeCommandTest {
  /** The least mean loss plus 1e-3 times the squared weights on the digits, as SciPy finds it. */
  private static final double LEAST = 0.3323934882816668;

  @TempDir Path folder;
  private int runs;
  private Path points;

  /** Two classes that overlap, of a thousandth of the digits' size. */
  @BeforeEach
  void data() throws IOException {
    String rows =
        IntStream.range(0, 40)
            .mapToObj(i -> "%d,%s,%d\n".formatted(i % 7, i * 0.25, i * i % 3 == 0 ? 0 : 1))
            .collect(Collectors.joining());
    points = Files.writeString(folder.resolve("points.csv"), rows);
  }

  private Path out() {
    return folder.resolve("run" + ++runs);
  }

  /** With {@code --out} a folder that {@link #runs} counts. */
  private MainTest.Outcome train(Object data, String... options) {
    List<String> words = new ArrayList<>(List.of("train", data.toString(), "--out=" + out()));
    if (Arrays.stream(options).noneMatch(option -> option.startsWith("--device"))) {
      words.add("--device=java");
    }
    words.addAll(List.of(options));
    return MainTest.run(words.toArray(String[]::new));
  }

  private List<JsonObject> json(Object data, String... options) {
    String[] words = Arrays.copyOf(options, options.length + 1);
    words[options.length] = "--json";
    MainTest.Outcome outcome = train(data, words);
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals("", outcome.err());
    return outcome.out().lines().map(l -> JsonParser.parseString(l).getAsJsonObject()).toList();
  }

  private JsonObject done(Object data, String... options) {
    List<JsonObject> lines = json(data, options);
    return lines.get(lines.size() - 1);
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  @Tag("driver")
  void sameWeightsOnBothDevices() {
    for (String method : Minimizers.names()) {
      boolean newton = method.equals("newton"); // on the digits, 650 products an iteration
      boolean single = method.equals("backtracking") || method.equals("newton-cg");
      List<String> crc = new ArrayList<>();
      for (String device : List.of("java", "sim")) {
        JsonObject done =
            done(
                newton ? points : "digits",
                "--method=" + method,
                "--iterations=2",
                "--centre",
                Minimizers.parse(method).smooth() ? "--l2=1e-4" : "--l1=1e-4",
                single ? "--type=f32" : "--type=f64",
                "--device=" + device);
        crc.add(done.get("weights_crc32").getAsString());
        assertTrue(done.get("device").getAsString().startsWith(device));
        assertEquals(method, done.get("method").getAsString());
      }
      assertEquals(crc.get(0), crc.get(1), method);
    }
  }

  /**
   * The first loss is that of minibatches of all rows; each line of metrics.csv is an iteration.
   */
  @Test
  void startsWhereATrainerDoes() throws IOException {
    String[] start = {"--init=xavier", "--seed=3", "--centre", "--model=squared-hinge"};
    String[] epoch = Arrays.copyOf(start, 7);
    System.arraycopy(new String[] {"--batch=full", "--epochs=1", "--type=f64"}, 0, epoch, 4, 3);
    double loss = json("digits", epoch).get(0).get("loss").getAsDouble();
    String[] full = Arrays.copyOf(start, 6);
    System.arraycopy(
        new String[] {"--method=gradient-descent:lr=1e-3", "--iterations=120"}, 0, full, 4, 2);
    List<JsonObject> lines = json("digits", full);
    assertEquals(loss, lines.get(0).get("objective").getAsDouble(), 1e-12 * loss);
    assertEquals(
        List.of(0, 1, 2, 3, 5, 10, 20, 50, 100, 120),
        lines.stream()
            .filter(line -> line.get("event").getAsString().equals("iteration"))
            .map(line -> line.get("iteration").getAsInt())
            .toList());
    Path last = folder.resolve("run" + runs);
    assertEquals(
        List.of("curve.png", "metrics.csv", "model.safetensors", "templates.png"), files(last));
    List<String> metrics = Files.readAllLines(last.resolve("metrics.csv"));
    assertEquals("iteration,objective,gradient,step", metrics.get(0));
    assertEquals(122, metrics.size());
    JsonObject of100 = lines.get(8);
    assertEquals(
        "100,%s,%s,0.001"
            .formatted(of100.get("objective").getAsDouble(), of100.get("gradient").getAsDouble()),
        metrics.get(101));

    JsonObject done = lines.get(lines.size() - 1);
    MainTest.Outcome eval =
        MainTest.run("eval", last.toString(), "digits", "--device=java", "--json");
    JsonObject result = JsonParser.parseString(eval.out()).getAsJsonObject();
    for (String measure : List.of("loss", "accuracy")) {
      assertEquals(result.get(measure), done.get("test_" + measure), eval.err());
    }
  }

  @Test
  void findsTheLeastLossOfTheDigits() {
    JsonObject done = done("digits", "--l2=0.001", "--method=lbfgs");
    assertEquals(LEAST, done.get("objective").getAsDouble(), 1e-9);
    assertEquals("gradient", done.get("reason").getAsString());
    assertTrue(done.get("gradients").getAsInt() > done.get("iterations").getAsInt());
  }

  @Test
  void everyMethodSaysWhyItStopped() {
    for (String method : Minimizers.names()) {
      boolean random = method.equals("random-search");
      MainTest.Outcome outcome =
          train(points, "--method=" + method, "--l2=1", "--centre", "--iterations=1000");
      assertEquals(0, outcome.code(), outcome.err());
      assertTrue(
          outcome
              .out()
              .matches(
                  "(?s).*\nmethod      "
                      + Minimizers.text(Minimizers.parse(method))
                      + "\n.*\niteration .*\n +0 .*\nstopped     at iteration "
                      + (random
                          ? "1000: the iterations are used up"
                          : "[0-9]+: the gradient is within the tolerance")
                      + "\nevaluations [0-9]+ of the objective alone, [0-9]+ with .*\n"
                      + (random ? "chance      accuracy 0.5000\n" : "")
                      + "training    loss 0\\.[0-9]{6}, accuracy .*"),
          outcome.out());
    }
  }

  /** Of ten classes, draws find something above a tenth, and not much. */
  @Test
  void randomSearchIsNearChance() {
    double sum = 0;
    for (int seed = 1; seed <= 3; seed++) {
      JsonObject done =
          done(
              "digits",
              "--method=random-search",
              "--iterations=200",
              "--type=f32",
              "--seed=" + seed);
      assertEquals(0.1, done.get("chance").getAsDouble());
      assertEquals(200, done.get("values").getAsInt());
      double accuracy = done.get("train_accuracy").getAsDouble();
      assertTrue(accuracy > 0.1 && accuracy < 0.4, done.toString());
      sum += accuracy;
    }
    assertTrue(sum / 3 > 0.12, "on average " + sum / 3);
  }

  /** Where a method can go no further, the model is that of the last good point. */
  @Test
  void theLastGoodPointIsKept() {
    JsonObject start = done(points, "--method=lbfgs", "--iterations=0");
    JsonObject singular = done(points, "--method=newton:damping=0");
    assertEquals("hessian", singular.get("reason").getAsString());
    assertEquals(start.get("weights_crc32"), singular.get("weights_crc32"));
    JsonObject far = done(points, "--method=gradient-descent", "--lr=1e308", "--model=hinge");
    assertEquals("not_finite", far.get("reason").getAsString());
    assertEquals(start.get("weights_crc32"), far.get("weights_crc32"));
  }

  /** In binary32 its rounding is far above the damping of binary64. */
  @Test
  void dampingIsBeyondRounding() {
    for (String type : List.of("f32", "f64")) {
      JsonObject done = done(points, "--method=newton", "--l2=1e-3", "--type=" + type);
      assertEquals("gradient", done.get("reason").getAsString(), type);
    }
  }

  @Test
  void whatFailsIsOneLineAndLeavesNothing() throws IOException {
    String cifar = "--data-dir=" + Samples.write(folder.resolve("cifar"), Samples.cifar());
    assertFails(
        train("cifar10", cifar, "--method=newton"),
        "30730 parameters",
        "3.78 GB", // 4 * 30730^2
        "hours",
        "the limit is 5000");
    assertFails(train("digits", "--method=lbfgs", "--init-scale=2e307"), "start", "finite", "NaN");
  }

  private void assertFails(MainTest.Outcome outcome, String... words) {
    assertEquals(1, outcome.code(), outcome.err());
    assertEquals("", outcome.out());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
    for (String word : words) {
      assertTrue(outcome.err().contains(word), outcome.err() + " names " + word);
    }
    assertFalse(Files.exists(folder.resolve("run" + runs)), outcome.err());
  }

  private Process child(Map<String, String> environment, String... words) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "train",
            "digits",
            "--out=" + out());
    builder.command().addAll(List.of(words));
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** With less and less device memory: the same model, and then a refusal. */
  @Test
  @Tag("driver")
  void aFullBatchThatDoesNotFit() throws Exception {
    String model =
        done("digits", "--method=lbfgs", "--iterations=3").get("weights_crc32").getAsString();
    for (int memory : new int[] {700_000, 650_000}) {
      Map<String, String> small = Map.of("THALWEG_SIM_MEMORY", "" + memory);
      Process process = child(small, "--device=sim", "--method=lbfgs", "--iterations=3", "--json");
      String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, process.waitFor(), err);
      assertTrue(printed.contains(model), memory + ": " + printed);
    }
    Process process =
        child(Map.of("THALWEG_SIM_MEMORY", "150000"), "--device=sim", "--method=lbfgs");
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(1, process.waitFor(), err);
    assertFails(
        new MainTest.Outcome(1, printed, err),
        "a full batch, sent 128 rows at a time, needs",
        "150.0 kB are free on sim",
        "--method minibatch");
  }

  /** What an objective with kinks needs is named, and it arrives. */
  @Test
  void l1() {
    for (String method : Minimizers.names()) {
      MainTest.Outcome outcome =
          train(points, "--method=" + method, "--l1=0.01", "--iterations=3", "--type=f32");
      boolean smooth = Minimizers.parse(method).smooth();
      assertEquals(smooth ? 2 : 0, outcome.code(), method);
      assertEquals(smooth, outcome.err().contains("--method fista reaches it"), outcome.err());
    }
    JsonObject done = done("digits", "--method=fista", "--l1=0.01");
    assertEquals(1.252591, done.get("objective").getAsDouble(), 1e-6);
  }

  /** What is 0 or infinite in the type is refused, with option, value and what is allowed. */
  @Test
  void numbersThatTheTypeDoesNotHave() {
    for (String[] wrong :
        new String[][] {
          {"--tolerance 1e-50: tolerance is 0", "--method=lbfgs", "--tolerance=1e-50"},
          {"--tolerance 1e39: tolerance is Infinity", "--method=lbfgs", "--tolerance=1e39"},
          {"--lr 1e-46: lr is 0", "--method=gradient-descent", "--lr=1e-46"},
          {"gradient-descent:lr=1e40: lr is Infinity", "--method=gradient-descent:lr=1e40"},
          {"deviation=1e-60: deviation is 0", "--method=random-search:deviation=1e-60"},
          {"damping=1e-99: damping is 0", "--method=newton:damping=1e-99"},
        }) {
      String[] options = Arrays.copyOfRange(wrong, 1, wrong.length + 1);
      for (String type : List.of("f32", "f64")) {
        options[options.length - 1] = "--type=" + type;
        MainTest.Outcome outcome = train(points, options);
        boolean refused = type.equals("f32");
        assertEquals(refused ? 2 : 0, outcome.code(), wrong[0] + outcome.err());
        assertEquals(refused, outcome.err().contains(wrong[0]), outcome.err());
      }
    }
    assertTrue(train(points, "--method=lbfgs:memory=0").err().contains("1 .. 10000"));
  }

  /** What is computed in, and that minibatches take it too. */
  @Test
  void types() throws IOException {
    for (List<String> options :
        List.of(
            List.of("F32", "--epochs=1"),
            List.of("F64", "--epochs=1", "--type=f64"),
            List.of("F64", "--method=lbfgs", "--iterations=1"),
            List.of("F32", "--method=lbfgs", "--iterations=1", "--type=f32"))) {
      assertEquals(
          0, train(points, options.subList(1, options.size()).toArray(String[]::new)).code());
      Path model = folder.resolve("run" + runs).resolve("model.safetensors");
      String header = Files.readString(model, StandardCharsets.ISO_8859_1);
      assertTrue(header.contains("\"bias\":{\"dtype\":\"" + options.get(0) + "\""), header);
    }
    assertTrue(Optimizers.names().stream().noneMatch(Minimizers.names()::contains));
  }
}
