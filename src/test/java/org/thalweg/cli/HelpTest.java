package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The help of every verb, and its examples, which run as they stand. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HelpTest {
  @TempDir static Path folder;

  /** Examples are typed where the sources are, after a training of what they need. */
  @BeforeAll
  static void train() throws Exception {
    Files.createSymbolicLink(folder.resolve("src"), Path.of("src").toAbsolutePath());
    for (String data : List.of("digits", "iris")) {
      run(List.of("train", data, "--epochs=1", "--out=runs/" + data + "-1"));
    }
  }

  private static String run(List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    List<String> path = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      path.add(Path.of(entry).toAbsolutePath().toString());
    }
    command.addAll(List.of("-cp", String.join(File.pathSeparator, path), Main.class.getName()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    Process process = builder.redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), arguments + ": " + out);
    return out;
  }

  static Stream<Map.Entry<String, CommandLine>> verbs() {
    return Main.commands().getSubcommands().entrySet().stream();
  }

  private static List<String> examples(CommandLine verb) {
    return Stream.of(verb.getCommandSpec().usageMessage().footer())
        .filter(line -> line.startsWith("  thalweg "))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("verbs")
  void examplesRunAsTheyStand(Map.Entry<String, CommandLine> verb) throws Exception {
    List<String> examples = examples(verb.getValue());
    assertFalse(examples.isEmpty(), verb.getKey());
    for (String example : examples) {
      String words = example.strip().substring("thalweg ".length());
      assertTrue(words.startsWith(verb.getKey()), example);
      assertFalse(run(List.of(words.split(" "))).isEmpty(), example);
    }
  }

  @ParameterizedTest
  @MethodSource("verbs")
  void helpIsAWordToo(Map.Entry<String, CommandLine> verb) {
    MainTest.Outcome option = MainTest.run(verb.getKey(), "--help");
    assertEquals(0, option.code());
    assertEquals(option, MainTest.run("help", verb.getKey()));
  }

  /** Nothing of it is cut, at any width. */
  @ParameterizedTest
  @ValueSource(ints = {55, 60, 80, 100})
  void helpFitsIntoTheTerminal(int columns) {
    for (Map.Entry<String, CommandLine> verb : verbs().toList()) {
      CommandLine narrow = verb.getValue().setUsageHelpWidth(columns);
      String wide = verb.getValue().setUsageHelpWidth(1000).getUsageMessage();
      String text = narrow.setUsageHelpWidth(columns).getUsageMessage();
      for (String line : text.lines().toList()) {
        boolean example = line.startsWith("  thalweg "); // copied as a whole
        assertTrue(line.length() <= columns || (example && line.length() <= 80), line);
      }
      assertEquals(
          wide.replaceAll("\\s", ""), text.replaceAll("\\s", ""), verb.getKey() + " is cut");
    }
  }
}
