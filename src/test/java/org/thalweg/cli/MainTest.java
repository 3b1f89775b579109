package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.minimize.Minimizers;
import org.thalweg.optim.Optimizers;

/** What a person sees: output, errors, exit codes. */
class MainTest {
  @TempDir Path folder;

  record Outcome(int code, String out, String err) {}

  static synchronized Outcome run(String... args) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
    try {
      int code = Main.run(args);
      return new Outcome(
          code,
          outBytes.toString(StandardCharsets.UTF_8),
          errBytes.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  private Path fresh() {
    return folder.resolve("new");
  }

  static Stream<List<String>> wrongUsage() {
    return Stream.of(
        // Arguments, then what the message must name: the place, what was found, what is allowed.
        List.of("train", "--", "DATA", "digits", "cifar10", ".csv"),
        List.of("train", "mnist", "--", "mnist", "--data-dir"),
        List.of("train", "cifar10", "--", "cifar10", "--data-dir"),
        List.of("train", "digitz", "--", "digitz", "digits", "fashion-mnist"),
        List.of("train", "digits", "--data-dir", ".", "--", "digits", "folder"),
        List.of("train", "digits", "--label", "y", "--", "digits", "label"),
        List.of("train", "digits", "--device", "gpu", "--", "--device", "gpu", "sim"),
        List.of("train", "digits", "--matmul", "mkl", "--", "--matmul", "mkl", "cublas-tf32"),
        List.of("train", "digits", "--model", "svm", "--", "--model", "svm", "squared-hinge"),
        List.of("train", "digits", "--init", "he", "--", "--init", "he", "zeros", "xavier"),
        List.of("train", "digits", "--init-scale", "-1", "--", "--init-scale", "-1", "at least 0"),
        List.of("train", "digits", "--optimizer", "adamm", "--", "--optimizer", "adamm", "sgd"),
        List.of("train", "digits", "--optimizer", "adam:mu=1", "--", "--optimizer", "mu", "beta1"),
        List.of(
            "train", "digits", "--optimizer", "adam:beta1=2", "--", "--optimizer", "beta1", "2"),
        List.of("train", "digits", "--optimizer", "sgd:lr=1", "--lr", "2", "--", "--lr 2", "lr=1"),
        List.of("train", "digits", "--lr", "-1", "--", "--lr -1:", "at least 0"),
        List.of("train", "digits", "--lr", "NaN", "--", "--lr NaN", "finite"),
        List.of("train", "digits", "--lr", "fast", "--", "--lr", "fast"),
        List.of("train", "digits", "--batch", "0", "--", "--batch 0", "at least 1", "full"),
        List.of("train", "digits", "--batch", "some", "--", "--batch some", "full"),
        List.of("train", "digits", "--batch", "1000000000", "--", "--batch 1000000000", "below"),
        List.of("train", "digits", "--epochs", "-1", "--", "--epochs -1", "at least 0"),
        List.of("train", "digits", "--epochs", "1.5", "--", "--epochs", "1.5"),
        List.of("train", "digits", "--l1", "-0.5", "--", "--l1 -0.5", "at least 0"),
        List.of("train", "digits", "--l1", "Infinity", "--", "--l1 Infinity", "finite"),
        List.of("train", "digits", "--proximal", "--", "--proximal", "--l1"),
        List.of("train", "digits", "--proximal", "--l1", "0", "--", "--proximal", "--l1"),
        List.of(
            "train", "digits", "--l1=1", "--proximal", "--method=lbfgs", "--", "--proximal: --m"),
        List.of("train", "digits", "--l2", "-0.5", "--", "--l2 -0.5", "at least 0"),
        List.of("train", "digits", "--weight-decay", "-1", "--", "--weight-decay -1:", "at least"),
        List.of("train", "digits", "--clip-norm", "0", "--", "--clip-norm 0:", "above 0"),
        List.of("train", "digits", "--schedule", "exp", "--", "--schedule exp", "cosine"),
        List.of("train", "digits", "--schedule", "step:every=0,factor=1", "--", "every", "0", "1"),
        List.of("train", "digits", "--warmup", "-1", "--", "--warmup -1", "at least 0"),
        List.of("train", "digits", "--validation", "0", "--", "--validation 0:", "between 0 and 1"),
        List.of("train", "digits", "--validation", "1", "--", "--validation 1:", "between 0 and 1"),
        List.of("train", "digits", "--validation", ".9999", "--", "--validation 0.9999", "none"),
        List.of("train", "digits", "--patience", "-1", "--", "--patience -1", "at least 0"),
        List.of("train", "digits", "--patience", "2", "--", "--patience 2", "--validation"),
        List.of("train", "digits", "--checkpoint-every", "0", "--", "--checkpoint-every 0", "200s"),
        List.of("train", "digits", "--checkpoint-every", "1m", "--", "--checkpoint-every 1m"),
        List.of("train", "--resume", "x", "--lr", "1", "--", "--lr 1", "--resume", "--device"),
        List.of("train", "--resume", "x", "--out", "y", "--", "--out y", "--resume"),
        List.of("train", "digits", "--seed", "x", "--", "--seed", "x"),
        List.of("train", "digits", "--nesterov", "--", "--nesterov"),
        List.of(
            "train",
            "digits",
            "--method",
            "sgd",
            "--batch=8",
            "--",
            "--method sgd: there are",
            "lbfgs"),
        List.of("train", "digits", "--method", "minibatch:lr=1", "--", "did you mean minibatch?"),
        List.of("train", "digits", "--method", "lbfgs:lr=1", "--", "--method", "lr", "memory"),
        List.of("train", "digits", "--method", "lbfgs:memory=0", "--", "--method", "1 .. 10000"),
        List.of(
            "train", "digits", "--method=newton", "--model=hinge", "--", "--model hinge", "lbfgs"),
        List.of("train", "digits", "--method=newton-cg", "--l1=1", "--", "--l1 1:", "fista"),
        List.of("train", "digits", "--optimizer", "adam:eps=1,eps=2", "--", "eps", "twice"),
        List.of("train", "digits", "--method=lbfgs", "--lr=1", "--", "--lr", "gradient-descent"),
        List.of("train", "digits", "--method=gradient-descent:lr=1", "--lr=2", "--", "--lr 2"),
        List.of("train", "digits", "--method=gradient-descent", "--lr", "-1", "--", "--lr -1:"),
        List.of("train", "digits", "--method", "lbfgs", "--iterations", "-1", "--", "--iterations"),
        List.of("train", "digits", "--method", "lbfgs", "--tolerance", "NaN", "--", "--tolerance"),
        List.of("train", "digits", "--method", "lbfgs", "--l2", "-1", "--", "--l2 -1:"),
        List.of("train", "digits", "--method", "lbfgs", "--out", ".", "--", "--out .", "exists"),
        List.of("train", "--method", "lbfgs", "--", "DATA", "digits"),
        List.of("train", "digits", "--type", "f16", "--", "--type f16", "f32", "f64"),
        List.of("train", "--resume", "x", "--method", "lbfgs", "--", "--method", "--resume"),
        List.of("gradcheck", "nist", "--", "nist", "digits", ".csv"),
        List.of("gradcheck", "mnist", "--", "--data-dir"),
        List.of("gradcheck", "--rows", "0", "--", "--rows", "0", "at least 1"),
        List.of("gradcheck", "--device", "gpu", "--", "--device", "gpu", "sim"),
        List.of("eval", "--", "MODEL", "DATA"),
        List.of("eval", "m", "--", "DATA"),
        List.of("eval", "m", "digits", "--part", "some", "--", "--part", "some", "test"),
        List.of("eval", "m", "digits", "--out", ".", "--", "--out .", "exists"),
        List.of("predict", "m", "--", "FILE"),
        List.of("compare", "--", "DATA or SURFACE is missing", "digits", ".csv", "rosenbrock"),
        List.of("compare", "digitz", "--", "digitz", "digits", ".csv", "rosenbrock"),
        List.of("compare", "mnist", "--", "mnist", "--data-dir"),
        List.of("compare", "digits", "--epochs", "-1", "--", "--epochs -1", "at least 0"),
        List.of("compare", "digits", "--steps", "5", "--", "--steps 5", "SURFACE", "digits"),
        List.of("compare", "digits", "--start", "1,2", "--", "--start 1,2", "SURFACE", "digits"),
        List.of("compare", "digits", "--condition", "5", "--", "--condition 5", "SURFACE"),
        List.of("compare", "bowl", "--batch", "3", "--", "--batch 3", "DATA", "bowl"),
        List.of("compare", "bowl", "--centre", "--", "--centre:", "DATA", "bowl"),
        List.of("compare", "bowl", "--label", "y", "--", "--label y", "DATA", "bowl"),
        List.of("compare", "bowl", "--matmul", "cublas", "--", "--matmul cublas", "DATA"),
        List.of("compare", "saddle", "--condition", "5", "--", "--condition 5", "bowl", "saddle"),
        List.of("compare", "bowl", "--condition", ".5", "--", "--condition 0.5", "at least 1"),
        List.of("compare", "bowl", "--steps", "0", "--", "--steps 0", "1 to 100000"),
        List.of("compare", "bowl", "--steps", "100001", "--", "--steps 100001", "1 to 100000"),
        List.of("compare", "bowl", "--start", "1", "--", "--start 1:", "two finite numbers"),
        List.of("compare", "bowl", "--start", "1,2,3", "--", "--start 1,2,3", "two finite"),
        List.of("compare", "bowl", "--start", "1,NaN", "--", "--start 1,NaN", "two finite"),
        List.of("compare", "rosenbrock", "--start", "1e200,1", "--", "--start 1e200,1:", "finite"),
        List.of("compare", "bowl", "--optimizers", "sgd,", "--", "--optimizers", "empty"),
        List.of("compare", "bowl", "--lr", "-1", "--", "--lr -1:", "at least 0"),
        List.of("compare", "bowl", "--optimizers", "adm", "--", "--optimizers adm", "adam"),
        List.of("compare", "bowl", "--optimizers", "sgd,,adam", "--", "--optimizers", "adam"),
        List.of("compare", "bowl", "--optimizers", "lr=1,sgd", "--", "--optimizers lr=1", "sgd"),
        List.of("compare", "bowl", "--optimizers", "adam,sgd,mu=1", "--", "sgd", "mu", "lr"),
        List.of("compare", "bowl", "--optimizers", "all,sgd", "--", "all,sgd", "sgd", "twice"),
        List.of("compare", "bowl", "--out", ".", "--", "--out .", "exists"),
        List.of("hlep", "--", "no verb hlep; did you mean help?"),
        List.of("trian", "digits", "--", "no verb trian; did you mean train?", "devices"),
        List.of("train", "digits", "--lable", "kind", "--", "--lable", "did you mean --label?"),
        List.of("train", "digits", "--lable=kind", "--", "--lable: ", "did you mean --label?"),
        List.of("eval", "m", "digits", "extra", "--", "extra", "thalweg eval takes no more"),
        List.of("train", "--optimizer", "adma", "--", "did you mean adam? There are", "lion"),
        List.of("train", "--optimizer", "adam:eps=1e-45", "--", "eps=1e-45: eps is too near to 0"),
        List.of("train", "--optimizer", "adam:beta2=0.99999999", "--", "beta2 is 1 in binary32"),
        List.of("train", "--optimizer=adam:eps=1e-50", "--", "eps is 0 in binary32", "1.4e-45 to"),
        List.of("train", "digits", "--lr", "1e-50", "--", "--lr 1e-50: lr is 0 in binary32"),
        List.of("train", "digits", "--lr", "1e39", "--", "--lr 1e39: lr is Infinity in binary32"),
        List.of("train", "digits", "--lr=1e-400", "--", "--lr: expected 0 or a number from"),
        List.of("train", "digits", "--type=f64", "--lr=1e-400", "--", "--lr: expected 0 or"),
        List.of("train", "digits", "--l2", "1e-50", "--", "--l2 1e-50: l2 is 0 in binary32"),
        List.of("train", "digits", "--l1", "1e39", "--", "--l1 1e39: l1 is Infinity in binary32"),
        List.of("train", "digits", "--weight-decay=1e-50", "--", "--weight-decay 1e-50", "is 0"),
        List.of("train", "digits", "--clip-norm=1e-50", "--", "--clip-norm 1e-50", "is 0"),
        List.of("train", "digits", "--init-scale=1e39", "--", "--init-scale 1e39", "is Infinity"),
        List.of("compare", "digits", "--lr", "1e-50", "--", "--lr 1e-50: lr is 0 in binary32"),
        List.of("compare", "digits", "--optimizers=adam:eps=1e-45", "--", "eps is too near"),
        List.of("train", "--optimizer", "Adam", "--", "did you mean adam?"),
        List.of("train", "--optimizer", "adam:beta=0.9", "--", "did you mean beta1?", "eps"),
        List.of("train", "--optimizer", "adam:eps=1e-8f", "--", "eps", "a number", "\"1e-8f\""),
        List.of("train", "--model", "sofmax", "--", "did you mean softmax?", "hinge"),
        List.of("train", "--method", "lbgfs", "--", "did you mean lbfgs?", "minibatch"),
        List.of("train", "--method", "lbfgs:memry=3", "--", "did you mean memory?"),
        List.of("train", "--schedule", "cosin", "--", "did you mean cosine?", "linear"),
        List.of("train", "--init", "xavir", "--", "did you mean xavier?", "zeros"),
        List.of("train", "digits", "--device", "jav", "--", "did you mean java?", "cuda"),
        List.of("train", "digits", "--matmul", "cubla", "--", "did you mean cublas?", "own"),
        List.of("eval", "m", "digits", "--part", "tset", "--", "did you mean test?", "all"),
        List.of("lecture", "numeric-gradients", "--", "did you mean numeric-gradient?"),
        List.of("compare", "bowl", "--optimizers", "sgd,adma", "--", "did you mean adam?"));
  }

  /** Options of one kind of method, said with the other. */
  static Stream<List<String>> wrongUsageOfMethods() {
    return Stream.concat(
        Stream.of(
                "--optimizer=sgd",
                "--batch=8",
                "--epochs=3",
                "--schedule=cosine",
                "--warmup=3",
                "--weight-decay=1",
                "--clip-norm=1",
                "--validation=0.1",
                "--patience=3",
                "--checkpoint-every=3")
            .map(option -> misplaced("newton-cg", option, "minibatch")),
        Stream.of("--iterations=3", "--tolerance=0")
            .map(option -> misplaced("minibatch", option, "newton-cg")));
  }

  private static List<String> misplaced(String method, String option, String taker) {
    return List.of(
        "train",
        "digits",
        "--method=" + method,
        option,
        "--",
        option.replace('=', ' '),
        "--method " + method,
        "only",
        taker);
  }

  @ParameterizedTest
  @MethodSource({"wrongUsage", "wrongUsageOfMethods"})
  void wrongUsage(List<String> words) {
    int end = words.indexOf("--");
    Path runs = Path.of("runs"); // where somebody may have runs of their own
    int before = Files.exists(runs) ? runs.toFile().list().length : -1;
    Outcome outcome = run(words.subList(0, end).toArray(String[]::new));
    assertEquals(2, outcome.code(), outcome.err());
    assertEquals("", outcome.out());
    List<String> lines = outcome.err().lines().toList();
    for (String word : words.subList(end + 1, words.size())) {
      assertTrue(lines.get(0).contains(word), lines.get(0) + " names " + word);
    }
    assertEquals(1, lines.size(), "one line");
    assertFalse(outcome.err().contains("\tat "), "no stack trace");
    int after = Files.exists(runs) ? runs.toFile().list().length : -1;
    assertEquals(before, after, "nothing is left behind");
  }

  @Test
  void noArgumentsShowTheUsage() {
    Outcome outcome = run();
    assertEquals(2, outcome.code());
    assertTrue(outcome.err().contains("train") && outcome.err().contains("devices"));
  }

  @Test
  void gradcheckPrintsASummaryAndIfAskedALineForEachCheck() {
    long orders =
        Losses.all().size() + Losses.all().stream().filter(Loss::twiceDifferentiable).count();
    int checks = (int) (6 * 4 * orders); // 6 inputs, 4 regularisations
    List<String> rows = List.of("gradcheck", "--rows", "2", "--device", "java");
    for (boolean fast : new boolean[] {false, true}) {
      List<String> words = new ArrayList<>(rows);
      if (fast) {
        words.add("--fast");
      }
      Outcome outcome = run(words.toArray(String[]::new));
      assertEquals(0, outcome.code(), outcome.err());
      assertFalse(outcome.out().contains("PASS"), outcome.out());
      List<String> lines = outcome.out().lines().toList();
      assertEquals(
          orders,
          lines.stream().filter(line -> line.matches(".* 24 +24 +0 +0")).count(),
          lines::toString);
      String end =
          checks
              + " checks of [0-9,]+ derivatives: "
              + checks
              + " passed, 0 failed, 0 not resolvable";
      assertTrue(lines.stream().anyMatch(line -> line.matches(end)), lines::toString);

      words.add("--verbose");
      lines = run(words.toArray(String[]::new)).out().lines().toList();
      assertEquals(checks, lines.stream().filter(line -> line.contains("  PASS ")).count());
      String hessian =
          "softmax +none +digits +Hessian +PASS " + (fast ? 650 : 13000) + " elements.*";
      assertTrue(lines.stream().anyMatch(line -> line.matches(hessian)), lines::toString);

      words.add("--json");
      List<String> objects = run(words.toArray(String[]::new)).out().lines().toList();
      assertEquals(checks + 1, objects.size());
      assertTrue(objects.get(0).startsWith("{\"event\":\"check\",\"loss\":\"softmax\","));
      assertTrue(objects.get(0).contains("\"verdict\":\"pass\",\"passed\":true,"), objects.get(0));
      assertTrue(
          objects
              .get(checks)
              .matches(
                  "\\{\"event\":\"done\",\"device\":.*,\"checks\":%d,\"passed\":%d,\"failed\":0,.*"
                      .formatted(checks, checks)),
          objects.get(checks));
    }
  }

  @Test
  void anExistingOutFolderIsLeftAlone() throws Exception {
    Path file = Files.writeString(folder.resolve("mine"), "precious");
    Outcome outcome = run("train", "digits", "--out", folder.toString());
    assertEquals(2, outcome.code());
    assertTrue(outcome.err().contains(folder + " exists already"), outcome.err());
    assertEquals("precious", Files.readString(file));
  }

  @Test
  void aLossThatIsNotFiniteStopsTheRunAndLeavesNoFolder() {
    Outcome outcome =
        run(
            "train",
            "digits",
            "--device",
            "java",
            "--lr",
            "1e38",
            "--optimizer",
            "sgd",
            "--out",
            fresh().toString());
    assertEquals(1, outcome.code());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
    assertTrue(
        outcome
            .err()
            .matches(
                "(?s).*epoch 1, step [2-9].*(NaN|Infinity).*rate 1e38; try a smaller rate .--lr.*"),
        outcome.err());
    assertFalse(Files.exists(fresh()));
  }

  /** In a process of its own: it may have NVIDIA's driver or the software driver, not both. */
  @Test
  void aDeviceThatCannotBeUsedIsOneLine() throws Exception {
    Outcome outcome = child("--device=cuda");
    if (outcome.code() == 0) {
      return; // there is a GPU
    }
    assertEquals(1, outcome.code());
    assertTrue(
        outcome
            .err()
            .matches(
                "thalweg: (no NVIDIA driver|JCuda has no natives|starting the CUDA"
                    + " driver).*--device java.*\\R"),
        outcome.err());
    assertFalse(Files.exists(fresh()));
  }

  /** Trains for no epoch, in a process of its own. */
  private Outcome child(String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Dos.arch=" + System.getProperty("os.arch"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("train", "digits", "--epochs=0", "--out=" + fresh()));
    command.addAll(List.of(options));
    Process process = new ProcessBuilder(command).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Outcome(process.waitFor(), out, err);
  }

  @ParameterizedTest
  @Tag("driver")
  @CsvSource({
    "own, 'sim, Thalweg software driver, compute capability 7.5, 8.6 GB, driver for CUDA 12.0'",
    "cublas, products by a stand-in for cuBLAS",
    "cublas-tf32, products by a stand-in for cuBLAS (TF32)"
  })
  void theDeviceSaysWhatComputesProducts(String matmul, String end) throws Exception {
    Outcome outcome = child("--device=sim", "--matmul=" + matmul);
    assertEquals(0, outcome.code(), outcome.err());
    String device = outcome.out().lines().findFirst().orElseThrow();
    assertTrue(device.endsWith(end), device);
  }

  /** Nor does {@code auto}, where there is no GPU, fall back to a device that has none. */
  @ParameterizedTest
  @CsvSource({"java, cublas", "java, cublas-tf32", "auto, cublas"})
  void cublasIsRefusedWhereThereIsNone(String device, String matmul) throws Exception {
    Outcome outcome = child("--device=" + device, "--matmul=" + matmul);
    if (device.equals("auto") && outcome.code() == 0) {
      return; // there is a GPU, and cuBLAS
    }
    assertEquals(1, outcome.code());
    assertTrue(
        outcome.err().matches("thalweg: --matmul " + matmul + ": .*; --matmul own needs .*\\R"),
        outcome.err());
    assertFalse(Files.exists(fresh()));
  }

  @Test
  void trainsToTheAccuracyThatIsPromised() {
    Outcome outcome = run("train", "digits", "--device", "java", "--out", fresh().toString());
    assertEquals(0, outcome.code(), outcome.err());
    var test =
        java.util.regex.Pattern.compile("test +loss \\S+ accuracy (\\S+)").matcher(outcome.out());
    assertTrue(test.find(), outcome.out());
    assertTrue(Double.parseDouble(test.group(1)) >= 0.89, outcome.out());
    assertTrue(Files.isRegularFile(fresh().resolve("model.safetensors")));
  }

  @Test
  void jsonIsOneObjectALineAndNothingElse() {
    Outcome outcome =
        run(
            "train",
            "digits",
            "--device",
            "java",
            "--epochs",
            "2",
            "--l2",
            "1e-3",
            "--json",
            "--out",
            fresh().toString());
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals("", outcome.err());
    List<String> lines = outcome.out().lines().toList();
    assertEquals(3, lines.size());
    for (String line : lines.subList(0, 2)) {
      assertEquals(
          List.of("event", "epoch", "loss", "accuracy", "lr"),
          List.copyOf(JsonParser.parseString(line).getAsJsonObject().keySet()));
    }
    JsonObject done = JsonParser.parseString(lines.get(2)).getAsJsonObject();
    assertEquals("done", done.get("event").getAsString());
    assertTrue(done.get("device").getAsString().matches("java, [0-9]+ threads?(, Vector API)?"));
    assertEquals(2, done.get("epochs").getAsInt());
    assertEquals("finished", done.get("outcome").getAsString());
    assertTrue(done.get("weights_crc32").getAsString().matches("[0-9a-f]{8}"));
  }

  @Test
  void everyMethodAndOptimizerIsNamedInTheHelp() {
    Outcome outcome = run("train", "--help");
    assertEquals(0, outcome.code());
    for (String name : Optimizers.names()) {
      assertTrue(outcome.out().contains(name), name);
    }
    for (String name : Minimizers.names()) {
      assertTrue(outcome.out().contains(name), name);
    }
  }

  @Test
  @Tag("driver")
  void devicesSaysWhatCanBeUsed() {
    Outcome outcome = run("devices");
    assertEquals(0, outcome.code(), outcome.err());
    List<String> lines = outcome.out().lines().toList();
    assertEquals(3, lines.size());
    assertTrue(lines.get(0).matches("java +java, [0-9]+ threads?(, Vector API)?"), lines.get(0));
    assertTrue(
        lines.get(1).matches("sim +(the CUDA|sim, Thalweg software driver).*"), lines.get(1));
    assertTrue(lines.get(2).matches("cuda +.*(not usable|compute capability).*"), lines.get(2));
  }
}
