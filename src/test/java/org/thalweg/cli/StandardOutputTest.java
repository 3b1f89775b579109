package org.thalweg.cli;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where the output goes to, as a shell connects it: a full disk, a reader that has seen enough. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StandardOutputTest {
  private static final String CLASS = "Größe";

  @TempDir static Path folder;

  @BeforeAll
  void train() throws Exception {
    StringBuilder rows = new StringBuilder("x,y\n");
    for (int i = 0; i < 10; i++) {
      rows.append(i).append(',').append(i < 5 ? CLASS : "small").append('\n');
    }
    Files.writeString(folder.resolve("data.csv"), rows);
    Files.writeString(folder.resolve("new.csv"), "x\n1\n");
    MainTest.Outcome outcome =
        MainTest.run(
            "train", path("data.csv"), "--label=y", "--device=java", "--out=" + path("run"));
    assertEquals(0, outcome.code(), outcome.err());
  }

  private static String path(String name) {
    return folder.resolve(name).toString();
  }

  /** By a shell without a locale; {@code redirect} follows the command. */
  private static MainTest.Outcome shell(String redirect, List<String> arguments) throws Exception {
    return shell(redirect, List.of(), arguments);
  }

  private static MainTest.Outcome shell(
      String redirect, List<String> before, List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", "-c", "\"$@\" " + redirect, "sh"));
    command.addAll(before);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    return new MainTest.Outcome(process.waitFor(), out, err);
  }

  static Stream<List<String>> verbs() {
    String run = path("run");
    return Stream.of(
        List.of("--help"),
        List.of("--version"),
        List.of("train", "--help"),
        List.of("train", "--optimizer", "help"),
        List.of("train", "digits", "--device=java", "--epochs=1", "--out=" + path("a")),
        List.of("train", "digits", "--device=java", "--epochs=1", "--json", "--out=" + path("b")),
        List.of("train", "digits", "--device=java", "--method=lbfgs", "--out=" + path("c")),
        List.of("eval", run, path("data.csv"), "--label=y", "--device=java", "--json"),
        List.of("eval", run, path("data.csv"), "--label=y", "--device=java"),
        List.of("predict", run, path("new.csv"), "--device=java"),
        List.of("compare", "rosenbrock", "--steps=5", "--out=" + path("d")),
        List.of("gradcheck", "--rows=2", "--device=java"),
        List.of("lecture", "numeric-gradient", "--json", "--out=" + path("f")),
        List.of("devices"),
        List.of("bench", "--device=java", "--elements=1000", "--seconds=0.01"));
  }

  @ParameterizedTest
  @MethodSource("verbs")
  @EnabledOnOs(value = OS.LINUX, disabledReason = "others have no /dev/full")
  void outputThatCannotBeWrittenIsAnError(List<String> arguments) throws Exception {
    MainTest.Outcome outcome = shell("> /dev/full", arguments);
    String end = "thalweg: standard output: No space left on device\n";
    assertTrue(outcome.err().endsWith(end), outcome.err());
    assertEquals(1, outcome.code());
  }

  /** As {@code | head -1}: the rest is not missed by anybody. */
  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "needs a POSIX shell")
  void aPipeThatIsClosedIsNoError() throws Exception {
    List<String> train =
        List.of("train", "digits", "--device=java", "--epochs=30", "--out=" + path("e"));
    String status = path("status");
    MainTest.Outcome outcome =
        shell("| head -1", List.of("sh", "-c", "\"$@\"; echo $? > " + status, "sh"), train);
    assertEquals("", outcome.err());
    assertEquals(1, outcome.out().lines().count());
    assertEquals("0", Files.readString(Path.of(status)).strip());
  }

  /** Whatever the locale says: here it says nothing. */
  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "needs a POSIX shell")
  void textIsUtf8() throws Exception {
    List<String> data = List.of(path("run"), path("data.csv"), "--label=y", "--device=java");
    for (String json : new String[] {"", "--json"}) {
      List<String> arguments = new ArrayList<>(List.of("eval"));
      arguments.addAll(data);
      if (!json.isEmpty()) {
        arguments.add(json);
      }
      MainTest.Outcome outcome = shell("", arguments);
      assertTrue(outcome.out().contains(CLASS), outcome.out());
    }
    MainTest.Outcome predicted =
        shell("", List.of("predict", path("run"), path("new.csv"), "--device=java"));
    assertTrue(predicted.out().contains(CLASS), predicted.out());
    MainTest.Outcome wrong =
        shell("", List.of("eval", path("run"), path("data.csv"), "--label=zzz", "--device=java"));
    assertEquals(1, wrong.code(), wrong.err());
  }

  /** Java cannot open such a file without a locale, but it can say so. */
  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "needs a POSIX shell")
  void charactersThatTheLocaleHasNot() throws Exception {
    for (List<String> arguments :
        List.of(
            List.of("train", "NAME.csv"),
            List.of("train", "digits", "--out=NAME"),
            List.of("train", "--resume=NAME"),
            List.of("eval", "NAME", "digits"),
            List.of("predict", path("run"), "NAME.csv"),
            List.of("compare", "NAME.csv"),
            List.of("NAME"))) {
      // The shell types them: this process may have no such characters either.
      String name = "$(printf 'Gr\\303\\266\\303\\237e')";
      String quoted =
          arguments.stream()
              .map(one -> '"' + one.replace("NAME", name) + '"')
              .collect(joining(" "));
      MainTest.Outcome outcome = shell(quoted, List.of());
      assertEquals(2, outcome.code(), outcome.err());
      assertTrue(outcome.err().contains("export LC_ALL=C.UTF-8"), outcome.err());
      assertEquals(1, outcome.err().lines().count(), outcome.err());
      assertFalse(outcome.err().contains("Exception"), outcome.err());
    }
  }
}
