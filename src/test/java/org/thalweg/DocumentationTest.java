package org.thalweg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.device.TestDevices;

/**
 * The programs in the documentation compile as they stand there, and print what it says. A
 * program's Javadoc says what it takes: "Argument: " and one of java, cuda, sim, "the new file"; or
 * that it is "for the software driver only".
 */
class DocumentationTest {
  private static final Pattern PROGRAM =
      Pattern.compile(
          "```java\n(((?!```).)*?public class (\\w+) ((?!```).)*?)```\n\nprints\n\n```\n(.*?)```",
          Pattern.DOTALL);

  private static final Pattern MAIN = Pattern.compile("public static void main\\(");
  private static final String SOFTWARE_ONLY = "the software driver only";

  @TempDir Path folder;

  /** A program, and what it prints. */
  private record Listing(String source, String prints) {
    boolean takes(String argument) {
      return source.matches("(?s).*Argument: [^\n]*\\b" + argument + "\\b.*");
    }

    boolean needsDriver() {
      return source.contains("import org.thalweg.device.cuda.");
    }
  }

  /** Every page in the tree, whoever wrote it. */
  private static List<Path> pages() {
    List<Path> pages = new ArrayList<>(List.of(Path.of("README.md"), Path.of("CONTRIBUTING.md")));
    for (Path root : List.of(Path.of("src", "docs"), Path.of("native"))) {
      try (Stream<Path> files = Files.walk(root)) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return pages;
  }

  private static String read(Path page) {
    try {
      return Files.readString(page);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, Listing> listings() {
    Map<String, Listing> listings = new LinkedHashMap<>();
    for (Path page : pages()) {
      Matcher matcher = PROGRAM.matcher(read(page));
      while (matcher.find()) {
        Listing old =
            listings.put(matcher.group(3), new Listing(matcher.group(1), matcher.group(5)));
        assertEquals(null, old, "two programs are called " + matcher.group(3));
      }
    }
    return listings;
  }

  static Stream<String> onJava() {
    return listings().entrySet().stream()
        .filter(e -> !e.getValue().needsDriver() || e.getValue().takes("java"))
        .map(Map.Entry::getKey);
  }

  static Stream<String> onTheDriver() {
    return listings().entrySet().stream()
        .filter(e -> e.getValue().needsDriver())
        .map(Map.Entry::getKey);
  }

  /** What has a main method is a program; every one is complete and followed by its output. */
  @Test
  void everyProgramIsRun() {
    int programs = 0;
    for (Path page : pages()) {
      programs += (int) MAIN.matcher(read(page)).results().count();
    }
    assertTrue(programs >= 7, "the pages were found");
    assertEquals(programs, listings().size());
  }

  @ParameterizedTest
  @MethodSource
  void onJava(String name) throws Exception {
    Listing listing = listings().get(name);
    if (listing.takes("the new file")) {
      assertPrints(name, folder.resolve("model.safetensors").toString());
    } else if (listing.takes("java")) {
      assertPrints(name, "java");
    } else {
      assertPrints(name);
    }
  }

  @ParameterizedTest
  @Tag("driver")
  @MethodSource
  void onTheDriver(String name) throws Exception {
    if (listings().get(name).source.contains(SOFTWARE_ONLY)) {
      Assumptions.assumeFalse(TestDevices.GPU, "a process has one driver");
      assertPrints(name);
    } else {
      assertPrints(name, TestDevices.GPU ? "cuda" : "sim");
    }
  }

  private void assertPrints(String name, String... arguments) throws Exception {
    Listing listing = listings().get(name);
    Path source = Files.writeString(folder.resolve(name + ".java"), listing.source);
    String classPath = System.getProperty("java.class.path");
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter complaints = new StringWriter();
    List<String> options =
        List.of(
            "-d",
            folder.toString(),
            "-cp",
            classPath,
            "-Xlint:all,-path,-try",
            "-Werror",
            "-proc:none");
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      assertTrue(
          compiler
              .getTask(complaints, files, null, options, null, files.getJavaFileObjects(source))
              .call(),
          () -> complaints.toString());
    }
    String path = folder + System.getProperty("path.separator") + classPath;
    ProcessBuilder java =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+IgnoreUnrecognizedVMOptions",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            path,
            name);
    java.command().addAll(List.of(arguments));
    Path errors = folder.resolve("errors.txt");
    Process process = java.redirectError(errors.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    String said = Files.readString(errors);
    assertEquals(listing.prints, output.replace("\r\n", "\n"), said);
    assertEquals(0, process.exitValue(), said);
  }
}
