package org.thalweg;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process of its own, for what is settled when a process starts: environment, heap, driver. */
public final class Child {
  private Child() {}

  /**
   * Runs the main method of a class; returns what it prints to standard output, without space
   * around it.
   */
  public static String run(Class<?> main, Map<String, String> environment, String... jvmArguments)
      throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    builder.command().addAll(List.of("-XX:+IgnoreUnrecognizedVMOptions"));
    builder.command().addAll(List.of("--enable-native-access=ALL-UNNAMED"));
    builder.command().addAll(List.of(jvmArguments));
    builder.command().addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    builder.environment().putAll(environment);
    Process process = builder.redirectError(Redirect.INHERIT).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the process hangs");
    return out.strip();
  }
}
