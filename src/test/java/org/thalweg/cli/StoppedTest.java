package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs that get SIGTERM, which does what Ctrl-C does. */
@DisabledOnOs(
    value = OS.WINDOWS,
    disabledReason = "Windows ends a process without asking it: there is no SIGTERM")
class StoppedTest {
  /** Milliseconds in which every step ends, on a busy machine too, and in which none does. */
  private static final int PATIENT = 60_000;

  private static final int IMPATIENT = 1;

  @TempDir Path folder;

  private static MainTest.Outcome run(Object... words) {
    return MainTest.run(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /**
   * Starts a training.
   *
   * @param patience how long it waits for a step when it is told to end, in milliseconds
   */
  private Process start(int patience, Object... words) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Dthalweg.longestStep=" + patience);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.add("train");
    Arrays.stream(words).map(Object::toString).forEach(command::add);
    return new ProcessBuilder(command).start();
  }

  /** Asks the process to end; returns what it has printed that was not read yet. */
  private static MainTest.Outcome stop(Process process) throws Exception {
    process.toHandle().destroy(); // Process.destroy would close its streams
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(128 + 15, process.exitValue(), err);
    return new MainTest.Outcome(process.exitValue(), out, err);
  }

  private static void await(Path file) throws InterruptedException {
    for (int i = 0; i < 6_000 && !Files.exists(file); i++) {
      Thread.sleep(10);
    }
    assertTrue(Files.exists(file), file.toString());
  }

  /** Waits for an epoch's line, which comes after the header's. */
  private static void awaitEpoch(Path metrics, int epoch) throws Exception {
    await(metrics);
    for (int i = 0; i < 60_000 && Files.readAllLines(metrics).size() <= epoch; i++) {
      Thread.sleep(1);
    }
    assertEquals(epoch + 1, Files.readAllLines(metrics).size());
  }

  private static Object[] train(Object... words) {
    return Stream.concat(Stream.of("train"), Arrays.stream(words)).toArray();
  }

  /** Of rows of 400 features, for a software driver that takes its time. */
  private Path wide(int rows) throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      text.append(i % 7).append((",%d".formatted(i % 11)).repeat(400)).append(',').append(i % 10);
      text.append('\n');
    }
    return Files.writeString(folder.resolve("wide.csv"), text);
  }

  /** It goes on to the weights of one that was left alone. */
  @Test
  void aTrainingIsSaved() throws Exception {
    Object[] train = {
      "digits", "--device=java", "--epochs=400", "--validation=0.2", "--batch=16", "--out"
    };
    Path stopped = folder.resolve("stopped");
    Object[] words = Arrays.copyOf(train, train.length + 1);
    words[train.length] = stopped;
    Process process = start(PATIENT, words);
    BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
    while (!lines.readLine().startsWith("    5 ")) {} // epochs
    String err = stop(process).err();
    String said = "thalweg: stopped after [0-9]+ steps; .*thalweg train --resume .*stopped\\R";
    assertTrue(err.matches(said), err);
    assertEquals(List.of("checkpoint.safetensors", "metrics.csv"), files(stopped));

    MainTest.Outcome resumed = run("train", "--resume", stopped);
    assertEquals(0, resumed.code(), resumed.err());
    assertTrue(resumed.out().contains("resumed     " + stopped + ", after "), resumed.out());
    Path whole = folder.resolve("whole");
    words[train.length] = whole;
    assertEquals(0, run(train(words)).code());
    assertSameFiles(whole, stopped);
  }

  private static void assertSameFiles(Path whole, Path resumed) throws IOException {
    assertEquals(files(whole), files(resumed));
    for (String file : List.of("model.safetensors", "metrics.csv", "curve.png", "templates.png")) {
      assertEquals(-1, Files.mismatch(whole.resolve(file), resumed.resolve(file)), file);
    }
  }

  /** A step that takes longer than anyone waits is given up; the one before has been saved. */
  @Test
  @Tag("driver")
  void aLongStepIsGivenUp() throws Exception {
    Object data = wide(20_000);
    Path stopped = folder.resolve("stopped");
    Object[] train = {data, "--batch=full", "--epochs=2", "--out=" + stopped};
    Object[] onTheDriver = Arrays.copyOf(train, train.length + 1);
    onTheDriver[train.length] = "--device=sim";
    Process process = start(IMPATIENT, onTheDriver);
    await(stopped.resolve("checkpoint.safetensors"));
    Thread.sleep(100); // it is moved to its place in one move, and the next step begins
    assertEquals(
        "thalweg: stopped in the middle of a long step; to continue from the one before:"
            + " thalweg train --resume "
            + stopped
            + System.lineSeparator(),
        stop(process).err());
    assertEquals(List.of("checkpoint.safetensors", "metrics.csv"), files(stopped));
    assertEquals(0, run("train", "--resume", stopped, "--device=java").code());
    Path whole = folder.resolve("whole");
    train[train.length - 1] = "--out=" + whole;
    assertEquals(0, run(train(train)).code());
    assertSameFiles(whole, stopped);
  }

  /** A minimisation in the middle of a long iteration leaves the point of the one before. */
  @Test
  @Tag("driver")
  void aLongIterationIsGivenUp() throws Exception {
    Path stopped = folder.resolve("stopped");
    Object[] words = {
      wide(20_000), "--method=gradient-descent", "--device=sim", "--out=" + stopped
    };
    Process process = start(IMPATIENT, words);
    Path model = stopped.resolve("model.safetensors");
    await(model);
    Thread.sleep(100); // it is moved to its place in one move, and the next iteration begins
    assertEquals(
        "thalweg: stopped in the middle of a long step; the model was saved before, as "
            + model
            + System.lineSeparator(),
        stop(process).err());
    assertEquals(List.of("metrics.csv", "model.safetensors"), files(stopped));
    int iterations = Files.readAllLines(stopped.resolve("metrics.csv")).size() - 2; // title, start
    assertTrue(iterations > 0);
    Path whole = folder.resolve("whole");
    words[2] = "--iterations=" + iterations;
    words[3] = "--out=" + whole;
    assertEquals(0, run(train(words)).code());
    assertEquals(-1, Files.mismatch(whole.resolve("model.safetensors"), model));
  }

  /** Where nothing has been saved, nothing is left. */
  @Test
  @Tag("driver")
  void nothingIsLeft() throws Exception {
    Path data = wide(20_000);
    for (String method : List.of("--batch=full", "--method=lbfgs")) {
      Path stopped = folder.resolve("stopped");
      Process process = start(IMPATIENT, data, method, "--device=sim", "--out=" + stopped);
      await(stopped.resolve("metrics.csv"));
      Thread.sleep(300); // a moment after it, the first step begins
      assertEquals(
          "thalweg: stopped in the middle of a long step; nothing was saved"
              + System.lineSeparator(),
          stop(process).err(),
          method);
      assertFalse(Files.exists(stopped), method);
    }
  }

  /** While the validation rows are scored too. */
  @Test
  @Tag("driver")
  void aValidationIsStopped() throws Exception {
    Path stopped = folder.resolve("stopped");
    Object[] train = {
      wide(20_000), "--batch=100", "--epochs=8", "--validation=0.98", "--out=" + stopped
    };
    Object[] onTheDriver = Arrays.copyOf(train, train.length + 1);
    onTheDriver[train.length] = "--device=sim";
    Process process = start(PATIENT, onTheDriver);
    Path metrics = stopped.resolve("metrics.csv");
    awaitEpoch(metrics, 1);
    long first = System.nanoTime();
    awaitEpoch(metrics, 2);
    long epoch = System.nanoTime() - first;
    TimeUnit.NANOSECONDS.sleep(epoch / 2); // of which training takes less than a tenth
    Matcher said =
        Pattern.compile("thalweg: stopped after ([0-9]+) steps; to continue: .*\\R")
            .matcher(stop(process).err());
    assertTrue(said.matches());
    // Of 4 steps an epoch; the line of the epoch whose validation was stopped is not there.
    int lines = Files.readAllLines(metrics).size();
    assertEquals(Integer.toString(4 * lines), said.group(1));
    assertEquals(0, run("train", "--resume", stopped, "--device=java").code());
    Path whole = folder.resolve("whole");
    train[train.length - 1] = "--out=" + whole;
    assertEquals(0, run(train(train)).code());
    assertSameFiles(whole, stopped);
  }

  /** The best point so far is the model. */
  @Test
  void aMinimizationKeepsItsPoint() throws Exception {
    Path stopped = folder.resolve("stopped");
    Process process =
        start(
            PATIENT,
            "digits",
            "--device=java",
            "--method=gradient-descent",
            "--iterations=1000000",
            "--json",
            "--out=" + stopped);
    BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
    for (int i = 0; i < 5; i++) {
      assertEquals("iteration", event(lines.readLine()));
    }
    process.toHandle().destroy();
    String last = lines.lines().reduce((first, second) -> second).orElseThrow();
    stop(process);
    JsonObject done = JsonParser.parseString(last).getAsJsonObject();
    assertEquals("stopped", done.get("reason").getAsString());
    int iterations = done.get("iterations").getAsInt();
    assertTrue(iterations < 1_000_000);
    assertEquals(List.of("metrics.csv", "model.safetensors"), files(stopped));
    MainTest.Outcome whole =
        run(
            "train",
            "digits",
            "--device=java",
            "--method=gradient-descent",
            "--iterations=" + iterations,
            "--json",
            "--out=" + folder.resolve("whole"));
    assertTrue(whole.out().contains("\"weights_crc32\":" + done.get("weights_crc32")), whole.out());
  }

  private static String event(String line) {
    return JsonParser.parseString(line).getAsJsonObject().get("event").getAsString();
  }

  /** In the middle of the first evaluation too, of which the software driver needs seconds. */
  @Test
  @Tag("driver")
  void aMinimizationStopsWithinAnEvaluation() throws Exception {
    Path stopped = folder.resolve("stopped");
    Process process =
        start(
            PATIENT, wide(20_000), "--device=sim", "--method=lbfgs", "--json", "--out=" + stopped);
    await(stopped.resolve("metrics.csv"));
    Thread.sleep(1000); // the rows are on their way to the device, or in the first evaluation
    // An evaluation that had come to its end would have printed its iteration, a line before.
    JsonObject done = JsonParser.parseString(stop(process).out()).getAsJsonObject();
    assertEquals("stopped", done.get("reason").getAsString());
    assertEquals(0, done.get("iterations").getAsInt());
    assertEquals(List.of("metrics.csv", "model.safetensors"), files(stopped));
  }
}
