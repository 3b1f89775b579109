package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.Reason;
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
  private @Nullable RunLock lock;
  private boolean warned;
  private boolean ended;
  private volatile boolean stoppable;

  private RunFolder(Path path) {
    this.path = path;
  }

  /** The existing folder of a run that is resumed. */
  static RunFolder existing(Path path) {
    RunFolder folder = new RunFolder(path);
    List.of(MODEL, CURVE, TEMPLATES).forEach(folder::file);
    return folder;
  }

  /** Deletes what a killed run was writing; not before the folder is locked. */
  void deletePartial() throws IOException {
    delete(this::partial);
  }

  /** Whether a file was being written to take the place of one of this run's. */
  private boolean partial(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.endsWith(".part")
        && files.stream().anyMatch(own -> name.startsWith(own.getFileName() + "."));
  }

  private void delete(DirectoryStream.Filter<Path> which) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(path, which)) {
      for (Path file : found) {
        Files.deleteIfExists(file);
      }
    }
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
            "cannot create the folder %s: %s".formatted(folder.path, Reason.of(e)), e);
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

  /** Keeps other processes from training in the folder, if it does not yet. */
  void lock() throws IOException {
    if (lock == null) {
      lock = RunLock.take(path);
    }
  }

  /** Lets others train in the folder. */
  void unlock() throws IOException {
    if (lock != null) {
      lock.close();
    }
  }

  /**
   * Draws a picture and returns whether it was written. One that cannot be, whatever the reason,
   * gives a warning and does not fail the run, whose work is done.
   */
  synchronized boolean draw(String name, Supplier<Picture> picture, PrintWriter err) {
    if (ended) {
      return false;
    }
    try {
      Plot.write(file(name), picture.get(), true);
      return true;
    } catch (IOException | RuntimeException | Error e) {
      if (!warned || !(e instanceof PlotException)) { // without fonts all pictures fail alike
        err.printf("thalweg: warning: %s%n", failed(name, e).getMessage());
        err.flush();
      }
      warned |= e instanceof PlotException;
      return false;
    }
  }

  /** What to say where a file of the folder cannot be written. */
  IOException failed(String name, Throwable cause) {
    return new IOException(
        "%s cannot be written to %s: %s".formatted(name, path, reason(cause)), cause);
  }

  /** Why a file cannot be written, without the file's name. */
  private static String reason(Throwable failure) {
    if (failure instanceof OutOfMemoryError) {
      return "not enough memory";
    }
    if (failure instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (failure instanceof NoSuchFileException) {
      return "the folder is not there";
    }
    if (failure instanceof DirectoryNotEmptyException) {
      return "a folder is in its place";
    }
    String reason =
        failure instanceof FileSystemException file ? file.getReason() : failure.getMessage();
    return reason == null ? Main.explain(failure) : reason;
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
      if (hasEnded()) {
        return; // it fails because the folder is gone, and the process ends
      }
      remove();
      throw e;
    }
  }

  /**
   * As {@link #fill}; the folder is removed also if the process is told to end meanwhile, unless
   * the work is {@link #stoppable}.
   */
  void fillOrLeaveNothing(Work work) throws IOException {
    Thread hook =
        new Thread(
            () -> {
              if (!stoppable) {
                end();
              }
            });
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      fill(work);
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException itRuns) {
        // The process is ending already.
      }
    }
  }

  private synchronized boolean hasEnded() {
    return ended;
  }

  /** Removes what this run has created, unless it left a result; it draws nothing any more. */
  synchronized void end() {
    ended = true;
    try {
      unlock();
      if (has(MODEL)) {
        deletePartial();
      } else {
        remove();
      }
    } catch (IOException e) {
      // The process ends; nobody could be told.
    }
  }

  /** From now on, work that is told to end saves what it has done. */
  void stoppable() {
    stoppable = true;
  }

  /** Whether a model, checkpoint or picture is half written. */
  boolean isWriting() {
    try (DirectoryStream<Path> parts = Files.newDirectoryStream(path, this::partial)) {
      return parts.iterator().hasNext();
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether this file is there. */
  boolean has(String name) {
    return Files.exists(file(name));
  }

  /**
   * Removes what this run has created, unless it can be resumed; not what was there before, nor
   * what others have put there.
   */
  private void remove() throws IOException {
    if (made.contains(path) && !has(CHECKPOINT)) {
      delete(file -> files.contains(file) || partial(file));
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
