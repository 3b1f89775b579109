package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code thalweg devices} in processes with other environment variables. */
@Tag("driver")
class EnvironmentVariablesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "THALWEG_THREADS | 3 | java   java, 3 threads | ''",
        "THALWEG_VECTORS | 1 | java   java, | ''",
        "THALWEG_THREADS | 0 | THALWEG_THREADS must be a number from 1 to 999: 0 | ''",
        "THALWEG_SIM_MEMORY | 1000000 | sim    sim, Thalweg software driver | ''",
        "THALWEG_SIM_MEMORY | 12x | sim    not usable: starting the CUDA driver | ''",
        "THALWEG_SIM_FAIL | foo | sim    not usable: starting the CUDA driver | ''",
        "THALWEG_SIM_SEDE | 1 | sim    not usable: starting the CUDA driver | ''",
        "THALWEG_THREAD | 3 | sim    sim, Thalweg | warning: there is no variable THALWEG_THREAD",
      })
  void devices(String name, String value, String says, String warns) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "devices");
    builder.environment().put(name, value);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), err);
    List<String> lines = out.lines().toList();
    assertEquals(3, lines.size(), out);
    boolean gpu = lines.get(2).contains("compute capability"); // then the other is not opened
    assertTrue(out.contains(says) || (gpu && says.startsWith("sim")), out);
    assertTrue(warns.isEmpty() ? err.isEmpty() : err.contains(warns), err);
  }
}
