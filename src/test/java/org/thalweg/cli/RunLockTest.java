package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two trainings in one folder: the second is told, and a killed one is in nobody's way. */
class RunLockTest {
  @TempDir Path folder;

  private List<String> files(Path of) throws IOException {
    try (Stream<Path> files = Files.list(of)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void oneAtATime() throws IOException {
    String own = "(process " + ProcessHandle.current().pid() + ")";
    for (int i = 0; i < 2; i++) {
      RunLock lock = RunLock.take(folder);
      IOException e = assertThrows(IOException.class, () -> RunLock.take(folder).close());
      assertEquals(folder + " is in use by another run " + own, e.getMessage());
      assertEquals(List.of(RunLock.FILE), files(folder));
      lock.close();
      assertEquals(List.of(), files(folder));
      lock.close();
    }
    Files.writeString(folder.resolve(RunLock.FILE), "999999, killed\n");
    RunLock.take(folder).close();
    assertEquals(List.of(), files(folder));
  }

  /** A run of its own process, which says that it has begun. */
  private Process train(Path out) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "train",
                "digits",
                "--device=java",
                "--epochs=100000",
                "--checkpoint-every=1",
                "--out=" + out)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader lines = process.inputReader();
    while (!lines.readLine().startsWith("    3 ")) {} // epochs
    return process;
  }

  /** A run that goes on, and one that was killed. */
  @Test
  void theSecondRunIsTold() throws Exception {
    Path out = folder.resolve("run");
    Process process = train(out);
    try {
      MainTest.Outcome second = MainTest.run("train", "--resume", out.toString());
      assertEquals(
          "thalweg: %s is in use by another run (process %d)%n".formatted(out, process.pid()),
          second.err());
      assertEquals(1, second.code());
      assertTrue(process.isAlive());
      assertEquals(2, MainTest.run("train", "digits", "--out", out.toString()).code());
    } finally {
      process.destroyForcibly();
    }
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertTrue(files(out).contains(RunLock.FILE), "killed as it held the lock");
    RunLock.take(out).close();
    assertFalse(files(out).contains(RunLock.FILE));
    assertTrue(files(out).contains(RunFolder.CHECKPOINT));
  }
}
