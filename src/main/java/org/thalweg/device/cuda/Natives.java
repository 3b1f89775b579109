package org.thalweg.device.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.DeviceException;
import org.thalweg.numeric.Reason;

/** Loads native libraries from the jars into the process. */
final class Natives {
  private Natives() {}

  /** A library in JCuda's jars. */
  static String jcuda(String name) {
    boolean windows = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows");
    return windows
        ? "/lib/%s-12.6.0-windows-x86_64.dll".formatted(name)
        : "/lib/lib%s-12.6.0-linux-x86_64.so".formatted(name);
  }

  /**
   * Loads a library, and then the one of a JCuda class.
   *
   * <p>JCuda's library needs the other. A class whose initialiser has failed stays unusable, so
   * what may fail is tried before JCuda's class is touched: a process without a GPU may still want
   * the other driver.
   *
   * <p>JCuda unpacks its natives under fixed names into {@code java.io.tmpdir}, where processes
   * that start together load each other's half-written files. So it is shown a folder of this
   * process's own; or, where a folder on the class path has the natives instead of a jar, as in the
   * portable archive, that folder, in which JCuda finds its library written already.
   *
   * @param resource the first library
   * @param initialise touches the class, which loads its library
   * @throws UnsatisfiedLinkError if one of them cannot be loaded
   * @throws DeviceException if there is no place to unpack them
   */
  static void load(String resource, Runnable initialise) {
    Path library = file(resource);
    Path ofJcuda = file(jcuda("JCudaDriver"));
    if (library != null && ofJcuda != null) {
      load(library, Objects.requireNonNull(ofJcuda.getParent()), initialise);
      return;
    }
    try {
      Path folder = temporary();
      try {
        load(extract(resource, folder), folder, initialise);
      } finally {
        delete(folder);
      }
    } catch (IOException e) {
      throw new DeviceException(unwritable(e), e);
    }
  }

  /**
   * Why a library cannot be loaded from the folder for temporary files and what to do, or null if
   * it can be, or lies in a folder of its own.
   */
  static @Nullable String obstacle(String resource) {
    if (file(resource) != null && file(jcuda("JCudaDriver")) != null) {
      return null;
    }
    try {
      Path folder = temporary();
      try {
        Path file = Files.createFile(folder.resolve("executable"));
        boolean allowed = file.toFile().setExecutable(true) && Files.isExecutable(file);
        return allowed ? null : unusable("does not allow to execute files (it is mounted noexec)");
      } finally {
        delete(folder);
      }
    } catch (IOException e) {
      return unwritable(e);
    }
  }

  private static Path temporary() throws IOException {
    return Files.createTempDirectory("thalweg-natives");
  }

  private static String unwritable(IOException e) {
    return unusable("cannot be written to: " + Reason.of(e));
  }

  private static String unusable(String why) {
    return ("the folder for temporary files, %s, %s; another can be named:"
            + " export JAVA_TOOL_OPTIONS=-Djava.io.tmpdir=FOLDER")
        .formatted(System.getProperty("java.io.tmpdir"), why);
  }

  private static void load(Path library, Path folder, Runnable initialise) {
    System.load(library.toString());
    String shared = System.getProperty("java.io.tmpdir");
    System.setProperty("java.io.tmpdir", folder.toString());
    try {
      initialise.run();
    } finally {
      System.setProperty("java.io.tmpdir", shared);
    }
  }

  /** The file that a resource is, or null if it is inside a jar. */
  private static @Nullable Path file(String resource) {
    URI uri = URI.create(String.valueOf(Natives.class.getResource(resource)));
    return "file".equals(uri.getScheme()) ? Path.of(uri) : null;
  }

  private static Path extract(String resource, Path folder) throws IOException {
    // Not JCuda's own name for its library: it would write over a file that is loaded.
    Path file = folder.resolve("thalweg-" + resource.substring(resource.lastIndexOf('/') + 1));
    try (InputStream in = Natives.class.getResourceAsStream(resource)) {
      Files.copy(Objects.requireNonNull(in), file);
    }
    return file;
  }

  /**
   * A loaded library needs its file no longer; on Windows, where it stays locked, it is left
   * behind.
   */
  private static void delete(Path folder) {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      folder.toFile().deleteOnExit();
    }
  }
}
