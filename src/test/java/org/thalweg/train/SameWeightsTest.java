package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.loss.Losses;
import org.thalweg.optim.Optimizers;

/** A training ends with the same weights wherever and however it is run. */
class SameWeightsTest {
  private static String expected;

  private static synchronized String expected() {
    if (expected == null) {
      try (Device device = new JavaDevice(1)) {
        expected = TrainEverything.checksums(device);
      }
    }
    return expected;
  }

  @Test
  void differentRulesGiveDifferentWeights() {
    // Adam with softmax is trained once as a rule and once as a loss.
    List<String> runs = expected().lines().distinct().toList();
    List<String> sums = runs.stream().map(run -> run.split(" ")[3]).toList();
    assertEquals(runs.size(), sums.stream().distinct().count(), expected());
    assertEquals(2 * (Optimizers.all().size() + Losses.examples().size() - 1), runs.size());
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "3"})
  void onJavaWithThreads(String threads) throws Exception {
    assertEquals(expected(), child("java", Map.of("THALWEG_THREADS", threads)));
  }

  @ParameterizedTest
  @Tag("driver")
  @CsvSource({"0, 1", "0, 2", "1, 1", "2, 2", "12345, 2"})
  void onTheSoftwareDriver(String seed, String threads) throws Exception {
    assertEquals(
        expected(), child("sim", Map.of("THALWEG_SIM_SEED", seed, "THALWEG_SIM_THREADS", threads)));
  }

  private static String child(String device, Map<String, String> environment) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+IgnoreUnrecognizedVMOptions", "-XX:+RestoreMXCSROnJNICalls"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(TrainEverything.class.getName(), device));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(120, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), out);
    return out;
  }
}
