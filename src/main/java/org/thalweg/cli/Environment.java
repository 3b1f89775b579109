package org.thalweg.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The environment of a report.
 *
 * @param thalweg its version
 * @param java the JVM's version and name
 * @param system operating system and architecture
 * @param processors that the JVM may use
 * @param device as it describes itself, and why it is this one
 * @param driver NVIDIA's, where it says so
 * @param kernels for each file of PTX in the jar, the start of the hash of the sources it was made
 *     from
 */
record Environment(
    String thalweg,
    String java,
    String system,
    int processors,
    String device,
    @Nullable String driver,
    Map<String, String> kernels) {
  /** Writes reports as JSON. */
  static final Gson JSON = new GsonBuilder().disableHtmlEscaping().create();

  /** As {@link #JSON}, but writes nulls too. */
  static final Gson NULLS = JSON.newBuilder().serializeNulls().create();

  /** The number, or "NaN", "Infinity" or "-Infinity", for which JSON has no numbers. */
  static Object number(double x) {
    return Double.isFinite(x) ? (Object) x : Double.toString(x);
  }

  /** The PTX files in the jar. */
  static final List<String> MODULES =
      List.of(
          "bias",
          "clip",
          "data",
          "fused",
          "hessians",
          "losses",
          "matmul",
          "optimizers",
          "sparse",
          "vectors");

  private static final Path NVIDIA = Path.of("/proc/driver/nvidia/version"); // on Linux
  private static final String SOURCES = "// sources ";
  private static final int HASH = 12;

  static Environment of(DeviceChoice.Opened opened) {
    Map<String, String> kernels = new LinkedHashMap<>();
    for (String module : MODULES) {
      kernels.put(module, hash(module));
    }
    return new Environment(
        new Main.Version().getVersion()[0],
        "%s, %s %s"
            .formatted(
                System.getProperty("java.version"),
                System.getProperty("java.vm.name"),
                System.getProperty("java.vm.version")),
        "%s %s, %s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")),
        Runtime.getRuntime().availableProcessors(),
        opened.toString(),
        nvidia(),
        kernels);
  }

  private static String hash(String module) {
    String name = "/org/thalweg/kernels/" + module + ".ptx";
    try (InputStream file =
            Objects.requireNonNull(Environment.class.getResourceAsStream(name), name);
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
      return lines
          .lines()
          .filter(line -> line.startsWith(SOURCES))
          .map(line -> line.substring(SOURCES.length(), SOURCES.length() + HASH))
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + name, e);
    }
  }

  private static @Nullable String nvidia() {
    try {
      return Files.readAllLines(NVIDIA).stream().findFirst().orElse(null);
    } catch (IOException noDriver) {
      return null;
    }
  }

  void print(PrintWriter out) {
    out.printf("%s%n", thalweg);
    out.printf("java       %s%n", java);
    out.printf("system     %s, %d processors%n", system, processors);
    out.printf("device     %s%n", device);
    if (driver != null) {
      out.printf("driver     %s%n", driver);
    }
    String line = "kernels   ";
    for (Map.Entry<String, String> kernel : kernels.entrySet()) {
      String next = " %s %s".formatted(kernel.getKey(), kernel.getValue());
      if (line.length() + next.length() > 80) {
        out.println(line);
        line = "          ";
      }
      line += next;
    }
    out.println(line);
  }
}
