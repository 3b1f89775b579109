package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;

/**
 * A training that is killed at any moment, in the middle of a checkpoint too, ends with the same
 * bits.
 */
class KilledTest {
  @TempDir Path folder;

  @Test
  void onJava() throws Exception {
    killAndResume(TestDevices.JAVA_2, 20, 400);
  }

  @Test
  @Tag("driver")
  void onTheDriver() throws Exception {
    killAndResume(TestDevices.DRIVER, 20, 150);
  }

  private void killAndResume(TestDevices which, int kills, int epochs) throws Exception {
    String expected;
    try (Device device = TestDevices.JAVA_1.open()) {
      expected = Resumable.result(device, Resumable.SETTINGS.withEpochs(epochs));
    }
    Random random = new Random(1);
    boolean inACheckpoint = false;
    for (int i = 0; i < kills || !inACheckpoint; i++) {
      Process process = start(which, epochs, "1s");
      try (BufferedReader out = process.inputReader()) {
        assertEquals("the first step is saved", out.readLine());
        Thread.sleep(random.nextInt(60));
        assertTrue(process.isAlive(), "it is too short to be killed " + i + " times");
        process.destroyForcibly().waitFor();
      }
      inACheckpoint |= files().size() > 1;
    }
    Process process = start(which, epochs, "100");
    try (BufferedReader out = process.inputReader()) {
      assertEquals(expected, out.lines().reduce("", (line, next) -> next));
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    }
    assertEquals(List.of(file()), files());
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private Path file() {
    return folder.resolve("run.safetensors");
  }

  private Process start(TestDevices which, int epochs, String every) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+IgnoreUnrecognizedVMOptions",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Resumable.class.getName(),
            which.name(),
            file().toString(),
            Integer.toString(epochs),
            every)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
