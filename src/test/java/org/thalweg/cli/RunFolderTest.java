package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.plot.Picture;
import org.thalweg.plot.Templates;

/** What a run leaves in its folder, and what it says of files that it cannot write. */
class RunFolderTest {
  @TempDir Path temporary;

  private static Picture good() {
    return new Templates(new double[2], List.of("a", "b"), null);
  }

  private static void fails(RunFolder folder, Supplier<Picture> picture, String reason) {
    StringWriter said = new StringWriter();
    assertFalse(folder.draw("curve.png", picture, new PrintWriter(said)));
    assertEquals(
        "thalweg: warning: curve.png cannot be written to %s: %s%n".formatted(folder, reason),
        said.toString());
  }

  @Test
  void aPictureThatFailsCostsALine() throws IOException {
    RunFolder folder = RunFolder.create(temporary.resolve("run"), "");
    fails(
        folder,
        () -> {
          throw new OutOfMemoryError("Java heap space");
        },
        "not enough memory");
    fails(
        folder,
        () -> {
          throw new IllegalStateException("odd");
        },
        "odd");
    Path place = Files.createDirectories(temporary.resolve("run/curve.png/x"));
    fails(folder, RunFolderTest::good, "a folder is in its place");
    Files.delete(place);
    Files.delete(temporary.resolve("run/curve.png"));
    assertTrue(folder.draw("curve.png", RunFolderTest::good, new PrintWriter(new StringWriter())));
    Files.delete(temporary.resolve("run/curve.png"));
    Files.delete(temporary.resolve("run"));
    fails(folder, RunFolderTest::good, "the folder is not there");
  }

  @Test
  void whatAKilledRunWasWritingIsRemoved() throws IOException {
    List<String> others = List.of("curve.png", "mine.part", "other.png.1.part");
    for (String name : others) {
      Files.writeString(temporary.resolve(name), "");
    }
    for (String name : List.of(RunFolder.MODEL, RunFolder.CURVE, RunFolder.TEMPLATES)) {
      Files.writeString(temporary.resolve(name + "." + UUID.randomUUID() + ".part"), "");
    }
    RunFolder.existing(temporary).deletePartial();
    try (Stream<Path> left = Files.list(temporary)) {
      assertEquals(others, left.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }
}
