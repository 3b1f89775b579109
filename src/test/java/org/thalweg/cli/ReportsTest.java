package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.loss.Losses;
import org.thalweg.optim.Optimizers;
import org.thalweg.selftest.Suite;
import picocli.CommandLine;

/** What selftest and bench print. */
class ReportsTest {
  private static final int WIDTH = 100;

  private static String run(Object command, int code, String... arguments) {
    StringWriter out = new StringWriter();
    CommandLine line = new CommandLine(command).setOut(new PrintWriter(out));
    assertEquals(code, line.execute(arguments), out::toString);
    return out.toString();
  }

  private static JsonObject json(String out) {
    assertEquals(1, out.lines().count(), out);
    return JsonParser.parseString(out).getAsJsonObject();
  }

  /** The hash of every file of PTX, so that a report says which kernels it is about. */
  @Test
  void namesEveryKernelFile() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("kernels/ptx"))) {
      List<String> modules =
          files.map(file -> file.getFileName().toString().replace(".ptx", "")).sorted().toList();
      assertEquals(modules, Environment.MODULES);
    }
  }

  @Test
  void selftestIsAReport() {
    String out = run(new SelfTestCommand(), 0, "--device", "java", "--only", "explog,training");
    List<String> lines = out.lines().toList();
    for (String word : List.of("thalweg", "java", "system", "device", "kernels", "group")) {
      assertTrue(lines.stream().anyMatch(line -> line.startsWith(word)), word + " in " + out);
    }
    assertTrue(out.matches("(?s).*\nexplog +6 +[0-9,]+ +0 +[0-9.]+\ntraining +.*"), out);
    assertTrue(lines.get(lines.size() - 1).matches("PASS: 0 mismatches in [0-9,]+ values.*"), out);
    assertTrue(lines.stream().allMatch(line -> line.length() <= WIDTH), out);
  }

  @Test
  void selftestAsJson() {
    JsonObject report =
        json(run(new SelfTestCommand(), 0, "--device", "java", "--only", "explog", "--json"));
    assertTrue(report.get("pass").getAsBoolean());
    JsonObject group = report.getAsJsonArray("groups").get(0).getAsJsonObject();
    assertEquals(Suite.explog.name(), group.get("suite").getAsString());
    assertEquals(0, group.get("mismatches").getAsInt());
    JsonObject environment = report.getAsJsonObject("environment");
    assertTrue(environment.get("device").getAsString().startsWith("java, "));
    for (String module : Environment.MODULES) {
      String hash = environment.getAsJsonObject("kernels").get(module).getAsString();
      assertTrue(hash.matches("[0-9a-f]{12}"), hash);
    }
  }

  @Test
  void selftestThatFails() {
    StringWriter out = new StringWriter();
    Suite.Outcome fails =
        new Suite.Outcome(Suite.clip, 2, 300, 1, 0.5, "adam: x[1] is 1, in Java 2");
    SelfTestCommand.print(new PrintWriter(out, true), fails);
    assertTrue(out.toString().contains("\n  first: adam: x[1] is 1, in Java 2\n"), out.toString());
    assertTrue(
        SelfTestCommand.summary(List.of(fails)).contains("FAIL: 1 mismatches in 300 values"));
  }

  /**
   * The software driver's seventh allocation fails: one experiment of six, and the report goes on.
   */
  @Test
  @Tag("driver")
  void aDeviceThatFailsIsReported() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "selftest",
            "--device=sim",
            "--only=explog");
    builder.environment().put("THALWEG_SIM_FAIL", "cuMemAllocAsync:7:2");
    Process process = builder.redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(1, process.waitFor(), out);
    assertTrue(
        out.matches("(?s).*\nexplog +6 +[0-9,]+ +1 .*\n  first: softmax .*OUT_OF_MEMORY.*"), out);
    assertTrue(out.matches("(?s).*\nFAIL: 1 mismatches in .*"), out);
  }

  @Test
  void benchIsATable() {
    String out = run(new BenchCommand(), 0, bench("java"));
    List<String> lines = out.lines().toList();
    assertTrue(lines.stream().allMatch(line -> line.length() <= WIDTH), out);
    assertTrue(out.matches("(?s).*\ncopy +2,000 +[0-9.]+ +[0-9.]+ +100%\n.*"), out);
    assertTrue(out.matches("(?s).*\nmultiply 3x784x10 +2,352( +[0-9.]+%?){4}\n.*"), out);
    assertTrue(lines.get(lines.size() - 1).matches("training step, .* steps a second"), out);
  }

  @Test
  void benchAsJsonOnJava() {
    checkBench("java");
  }

  @Test
  @Tag("driver")
  void benchAsJsonOnSim() {
    checkBench("sim");
  }

  private static String[] bench(String device, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("--device", device, "--elements", "2000", "--seconds", "0.001"));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  private static void checkBench(String device) {
    JsonObject report = json(run(new BenchCommand(), 0, bench(device, "--json")));
    assertTrue(report.get("openMilliseconds").getAsDouble() > 0);
    TreeSet<String> measured = new TreeSet<>();
    TreeSet<String> kernels = new TreeSet<>();
    for (JsonElement element : report.getAsJsonArray("kernels")) {
      JsonObject line = element.getAsJsonObject();
      measured.add(line.get("module").getAsString());
      kernels.add(line.get("kernel").getAsString().split(" ")[0]);
      double microseconds = line.get("microseconds").getAsDouble();
      assertTrue(microseconds > 0, line::toString);
      double bytes = line.get("bytes").getAsDouble();
      assertEquals(bytes / microseconds / 1e3, line.get("gigabytesPerSecond").getAsDouble(), 1e-9);
      assertEquals("matmul".equals(line.get("module").getAsString()), line.has("gigafmaPerSecond"));
    }
    TreeSet<String> modules = new TreeSet<>(Environment.MODULES);
    // For cuBLAS; for the training step, which is measured whole; for checks and full batches.
    modules.removeAll(List.of("bias", "fused", "hessians"));
    assertEquals(modules, measured);
    assertEquals(measured, new TreeSet<>(report.getAsJsonObject("moduleMilliseconds").keySet()));
    assertTrue(kernels.containsAll(Optimizers.names()), kernels::toString);
    Losses.all().forEach(loss -> assertTrue(kernels.contains(loss.kernel()), loss.kernel()));
    JsonObject step = report.getAsJsonObject("trainingStep");
    assertEquals("128x784x10", step.get("size").getAsString());
    assertTrue(step.get("stepsPerSecond").getAsDouble() > 0);
  }

  /** By way of Main: one line, exit code 2. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "selftest --only nothing",
        "selftest --device gpu",
        "bench --device java --elements 0",
        "bench --device java --elements 300000000",
        "bench --device java --seconds 0",
        "bench --device java --seconds NaN",
        "bench --device gpu"
      })
  void wrongUsage(String arguments) {
    MainTest.Outcome outcome = MainTest.run(arguments.split(" ", -1));
    assertEquals(2, outcome.code());
    assertEquals("", outcome.out());
    assertTrue(outcome.err().matches("thalweg: .+ \\(see thalweg .+ --help\\)\n"), outcome.err());
  }

  @Test
  void helpIsWorthReading() {
    String selftest = run(new SelfTestCommand(), 0, "--help");
    String bench = run(new BenchCommand(), 0, "--help");
    for (Suite suite : Suite.values()) {
      assertTrue(selftest.contains(suite.name()), selftest);
    }
    assertTrue(selftest.contains("Exit code") && bench.contains("--elements"), bench);
    assertFalse(selftest.contains("${") || bench.contains("${"));
  }
}
