package org.thalweg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.device.TestDevices;

/** The programs in the documentation compile as they stand there, and print what it says. */
class DocumentationTest {
  private static final List<Path> PAGES =
      List.of(
          Path.of("README.md"),
          Path.of("src/docs/arrays.md"),
          Path.of("src/docs/functions.md"),
          Path.of("src/docs/training.md"));

  private static final Pattern PROGRAM =
      Pattern.compile(
          "```java\n(.*?public class (\\w+) .*?)```\n\nprints\n\n```\n(.*?)```", Pattern.DOTALL);

  @TempDir Path folder;

  private record Listing(String source, String prints) {}

  private static Map<String, Listing> listings() throws Exception {
    Map<String, Listing> listings = new LinkedHashMap<>();
    for (Path page : PAGES) {
      Matcher matcher = PROGRAM.matcher(Files.readString(page));
      while (matcher.find()) {
        listings.put(matcher.group(2), new Listing(matcher.group(1), matcher.group(3)));
      }
    }
    return listings;
  }

  @Test
  void everyProgramIsRun() throws Exception {
    assertEquals(
        List.of("TenLines", "InPlace", "Buffers", "RawAddress", "Valley", "Training"),
        List.copyOf(listings().keySet()));
    int programs = 0;
    for (Path page : PAGES) {
      programs += Files.readString(page).split("```java", -1).length - 1;
    }
    assertEquals(6, programs);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TenLines", "InPlace", "Valley"})
  void onJava(String name) throws Exception {
    assertPrints(name);
  }

  @Test
  void buffersOnJava() throws Exception {
    assertPrints("Buffers", "java");
  }

  @Test
  void training() throws Exception {
    assertPrints("Training", folder.resolve("model.safetensors").toString());
  }

  @ParameterizedTest
  @Tag("driver")
  @ValueSource(strings = {"Buffers", "RawAddress"})
  void onTheDriver(String name) throws Exception {
    assertPrints(name, TestDevices.GPU ? "cuda" : "sim");
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
    Process process = java.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(listing.prints, output.replace("\r\n", "\n"));
    assertEquals(0, process.exitValue());
  }
}
