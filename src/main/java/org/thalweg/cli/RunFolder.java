package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.thalweg.plot.Picture;
import org.thalweg.plot.Plot;
import org.thalweg.plot.PlotException;

/**
 * The folder of a run, which is made late and never over another; of a run that fails, nothing is
 * left.
 */
final class RunFolder {
  static final String MODEL = "model.safetensors";
  static final String CHECKPOINT = "checkpoint.safetensors";
  static final String METRICS = "metrics.csv";
  static final String CURVE = "curve.png";
  static final String TEMPLATES = "templates.png";

  private final Path path;
  private final Deque<Path> made = new ArrayDeque<>();
  private final Set<Path> files = new HashSet<>();
  private boolean warned;

  /** One that is there, of a run that goes on. */
  RunFolder(Path path) {
    this.path = path;
  }

  /**
   * Makes a folder.
   *
   * @param out null for the first of runs/data-1, -2, .. that is free
   */
  static RunFolder create(@Nullable Path out, String data) throws IOException {
    for (int n = 1; ; n++) {
      RunFolder folder = new RunFolder(out == null ? Path.of("runs", data + "-" + n) : out);
      try {
        folder.make(folder.path);
        return folder;
      } catch (FileAlreadyExistsException e) {
        folder.remove();
        if (out != null) {
          throw e;
        }
      } catch (IOException e) {
        folder.remove();
        throw new IOException(
            "cannot create the folder %s: %s".formatted(folder.path, Main.explain(e)), e);
      }
    }
  }

  private void make(Path folder) throws IOException {
    try {
      Files.createDirectory(folder);
    } catch (NoSuchFileException e) {
      Path parent = folder.toAbsolutePath().getParent();
      if (parent == null) {
        throw e;
      }
      try {
        make(parent);
      } catch (FileAlreadyExistsException meanwhile) {
        // Another run has made it.
      }
      Files.createDirectory(folder);
    }
    made.push(folder);
  }

  /** One of its files, which goes with it. */
  Path file(String name) {
    Path file = path.resolve(name);
    files.add(file);
    return file;
  }

  /**
   * Whether the picture lies there now: one that cannot be drawn or written costs a line, not the
   * run.
   */
  boolean draw(String name, Picture picture, PrintWriter err) {
    try {
      Plot.write(file(name), picture, true);
      return true;
    } catch (PlotException | IOException e) {
      if (!warned || e instanceof IOException) { // without fonts all pictures fail
        err.printf("thalweg: warning: no %s: %s%n", name, e.getMessage());
        err.flush();
      }
      warned = true;
      return false;
    }
  }

  /** What may fail while files are written. */
  interface Work {
    void run() throws IOException;
  }

  /** Does what fills the folder; where that fails, nothing is left. */
  void fill(Work work) throws IOException {
    try {
      work.run();
    } catch (RuntimeException | IOException | Error e) {
      remove();
      throw e;
    }
  }

  /** Whether there is something to go on from. */
  boolean hasCheckpoint() {
    return Files.exists(file(CHECKPOINT));
  }

  /**
   * Removes what this run has made; not where it can go on, nor what was there before or others
   * have put there.
   */
  private void remove() throws IOException {
    if (made.contains(path) && !hasCheckpoint()) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    for (Path folder : made) {
      try {
        Files.delete(folder);
      } catch (IOException notEmpty) {
        return;
      }
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
