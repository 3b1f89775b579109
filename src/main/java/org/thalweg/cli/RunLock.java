package org.thalweg.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Keeps two processes from training in one folder. The system gives the lock up when its process
 * ends, however that ends; the file {@code run.lock}, which says what process it was, may stay
 * then, and locks nothing.
 */
final class RunLock implements AutoCloseable {
  static final String FILE = "run.lock";

  /** A byte behind all others: where systems let nobody read what is locked, the text can be. */
  private static final long PLACE = Long.MAX_VALUE - 1;

  private final Path file;
  private final FileChannel channel;

  private RunLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes the lock of a folder. Where the file system has no locks, everybody gets it.
   *
   * @throws IOException if another run has it; the message says which process
   */
  static RunLock take(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    while (true) {
      String before = identity(file);
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (isTaken(channel)) {
        channel.close();
        throw new IOException(
            "%s is in use by another run (process %s)".formatted(folder, text(file).strip()));
      }
      // It may have been deleted, or created, before it was locked.
      if (!before.isEmpty() && before.equals(identity(file))) {
        String own = ProcessHandle.current().pid() + "\n";
        channel.truncate(0).write(StandardCharsets.US_ASCII.encode(own));
        return new RunLock(file, channel);
      }
      channel.close();
    }
  }

  /** Which file it is; empty for none. Does not open it: to close it would give up the lock. */
  private static String identity(Path file) throws IOException {
    try {
      return "file " + Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  private static boolean isTaken(FileChannel channel) {
    try {
      return channel.tryLock(PLACE, 1, false) == null;
    } catch (OverlappingFileLockException thisProcessHasIt) {
      return true;
    } catch (IOException noLocksHere) {
      return false;
    }
  }

  private static String text(Path file) throws IOException {
    try {
      return Files.readString(file, StandardCharsets.US_ASCII);
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  /** Deletes the file while it is still locked, so that it is nobody else's. */
  @Override
  public void close() throws IOException {
    if (channel.isOpen()) {
      try (channel) {
        Files.deleteIfExists(file);
      }
    }
  }
}
