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
 * The folder of a run. It is created as late as possible and never replaces another; if the run
 * fails, it is removed.
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

  /** The existing folder of a run that is resumed. */
  RunFolder(Path path) {
    this.path = path;
  }

  /**
   * Creates a new folder.
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
        // Another process has created it.
      }
      Files.createDirectory(folder);
    }
    made.push(folder);
  }

  /** A file in the folder; it is removed with the folder. */
  Path file(String name) {
    Path file = path.resolve(name);
    files.add(file);
    return file;
  }

  /**
   * Draws a picture and returns whether it was written. One that cannot be gives a warning and does
   * not fail the run.
   */
  boolean draw(String name, Picture picture, PrintWriter err) {
    try {
      Plot.write(file(name), picture, true);
      return true;
    } catch (PlotException | IOException e) {
      if (!warned || e instanceof IOException) { // without fonts all pictures fail alike
        err.printf("thalweg: warning: no %s: %s%n", name, e.getMessage());
        err.flush();
      }
      warned = true;
      return false;
    }
  }

  /** Work that writes files. */
  interface Work {
    void run() throws IOException;
  }

  /** Does the work that fills the folder; if that fails, the folder is removed. */
  void fill(Work work) throws IOException {
    try {
      work.run();
    } catch (RuntimeException | IOException | Error e) {
      remove();
      throw e;
    }
  }

  /** Whether there is a checkpoint to resume from. */
  boolean hasCheckpoint() {
    return Files.exists(file(CHECKPOINT));
  }

  /**
   * Removes what this run has created, unless it can be resumed; not what was there before, nor
   * what others have put there.
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
