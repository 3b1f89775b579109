package org.thalweg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Sources that a reader can take in: no line over 100 columns (Java) or 120 (C++ and Python), no
 * file over 500 lines.
 */
class SourcesTest {
  private static final int COLUMNS = 100; // of Java
  private static final int WIDE_COLUMNS = 120; // of C++ and Python
  private static final int LINES = 500;

  /** Folders with sources, and the endings of their files. What nvcc has generated is .ptx. */
  private static final List<Path> FOLDERS =
      List.of(Path.of("src"), Path.of("kernels"), Path.of("native"));

  private static final Set<String> ENDINGS = Set.of("java", "cu", "cuh", "cpp", "h", "py");

  /** Longer than that: a parser in one piece. Nothing else. */
  private static final Set<String> LONG =
      Set.of(
          "native/ptx/parser.cpp",
          "src/main/java/org/thalweg/data/Csv.java",
          "src/test/java/org/thalweg/data/ReadersTest.java");

  private static List<Path> sources() throws IOException {
    List<Path> sources = new ArrayList<>();
    for (Path folder : FOLDERS) {
      try (Stream<Path> files = Files.walk(folder)) {
        files
            .filter(file -> Files.isRegularFile(file) && ENDINGS.contains(ending(file)))
            .sorted()
            .forEach(sources::add);
      }
    }
    return sources;
  }

  private static String ending(Path file) {
    String name = file.getFileName().toString();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** With {@code /} on every system. */
  private static String name(Path file) {
    return file.toString().replace('\\', '/');
  }

  @Test
  void noLineIsTooLong() throws IOException {
    List<String> wrong = new ArrayList<>();
    int files = 0;
    for (Path file : sources()) {
      int columns = ending(file).equals("java") ? COLUMNS : WIDE_COLUMNS;
      files++;
      List<String> lines = Files.readAllLines(file);
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i);
        if (line.codePointCount(0, line.length()) > columns) {
          wrong.add(name(file) + ":" + (i + 1));
        }
      }
    }
    assertTrue(files > 100, "the sources were found");
    assertEquals(List.of(), wrong, "lines that are too long");
  }

  /** What it is, what it may know, where a reader begins; and whether it is internal. */
  @Test
  void everyPackageIsDescribed() throws IOException {
    Set<String> packages = new TreeSet<>();
    Set<String> described = new TreeSet<>();
    for (Path file : sources()) {
      if (name(file).startsWith("src/main/java/")) {
        packages.add(name(file.getParent()));
        if (file.endsWith("package-info.java")) {
          described.add(name(file.getParent()));
        }
      }
    }
    assertEquals(packages, described);
  }

  /** Both ways: an exception that has become shorter goes from the list. */
  @Test
  void noFileIsTooLong() throws IOException {
    Set<String> found = new TreeSet<>();
    for (Path file : sources()) {
      if (Files.readAllLines(file).size() > LINES) {
        found.add(name(file));
      }
    }
    assertEquals(new TreeSet<>(LONG), found, "files over " + LINES + " lines");
  }
}
