package org.thalweg;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
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
    ProcessBuilder builder = new ProcessBuilder(command(main, jvmArguments));
    builder.environment().putAll(environment);
    return output(builder.redirectError(Redirect.INHERIT));
  }

  /** What it prints, errors too, in a process with these variables. */
  public static String withErrors(Class<?> main, Map<String, String> environment) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command(main));
    builder.environment().putAll(environment);
    return output(builder.redirectErrorStream(true));
  }

  private static List<String> command(Class<?> main, String... jvmArguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:+IgnoreUnrecognizedVMOptions");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of(jvmArguments));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    return command;
  }

  private static String output(ProcessBuilder builder) throws Exception {
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the process hangs");
    return out.strip();
  }
}
