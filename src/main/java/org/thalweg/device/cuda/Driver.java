package org.thalweg.device.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.DeviceException;

/**
 * Loads the CUDA driver into the process: NVIDIA's, or the software driver that is built from
 * {@code native/}. A process has one or the other.
 */
public enum Driver {
  /** NVIDIA's, of the system. */
  NVIDIA("cuda"),
  /** The one in the jar, which runs the same kernels on the processor. */
  SOFTWARE("sim");

  private static final String SOFTWARE_DRIVER = "/org/thalweg/native/linux-x86_64/libcuda.so.1";

  private static @Nullable Driver loaded;

  private final String device;

  Driver(String device) {
    this.device = device;
  }

  /** The name by which a device of this driver is asked for. */
  public String device() {
    return device;
  }

  /** Why this driver cannot be used here and what to do, or null if nothing is known against it. */
  public @Nullable String missing() {
    if (!System.getProperty("os.arch").equals("amd64")
        || Driver.class.getResource(jcudaLibrary("JCudaDriver")) == null) {
      return "JCuda has no natives for %s on %s"
          .formatted(System.getProperty("os.name"), System.getProperty("os.arch"));
    }
    if (this == SOFTWARE && Driver.class.getResource(SOFTWARE_DRIVER) == null) {
      return "this build has no software driver: it needs Linux, g++ and make when it is built"
          + " (install them, remove target and run again)";
    }
    return null;
  }

  /** A library in JCuda's jars. */
  static String jcudaLibrary(String name) {
    boolean windows = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows");
    return windows
        ? "/lib/%s-12.6.0-windows-x86_64.dll".formatted(name)
        : "/lib/lib%s-12.6.0-linux-x86_64.so".formatted(name);
  }

  /**
   * Loads the driver and JCuda's natives, once.
   *
   * @throws DeviceException if they cannot be had; the message says why and what to do
   */
  void load() {
    loadOnce(this);
  }

  private static synchronized void loadOnce(Driver driver) {
    if (loaded == driver) {
      return;
    }
    if (loaded != null) {
      throw new DeviceException(
          "device %s cannot be opened: this process has loaded the driver of device %s already"
              .formatted(driver.device, loaded.device));
    }
    String missing = driver.missing();
    if (missing != null) {
      throw new DeviceException(missing);
    }
    try {
      Path folder = Files.createTempDirectory("thalweg-natives");
      try {
        // JCuda's library needs the driver's. A class whose initialiser has failed stays unusable,
        // so what may
        // fail is tried before JCuda's class is touched: a process without a GPU may still want the
        // other driver.
        System.load(
            extract(driver == SOFTWARE ? SOFTWARE_DRIVER : jcudaLibrary("JCudaDriver"), folder));
        // Results are checked call by call, where it is known what the call was for, not by JCuda.
        loadJCuda(folder, () -> JCudaDriver.setExceptionsEnabled(false));
        loaded = driver;
      } finally {
        delete(folder);
      }
    } catch (UnsatisfiedLinkError e) {
      throw new DeviceException(
          driver == NVIDIA && String.valueOf(e.getMessage()).contains("libcuda.so.1: cannot open")
              ? "no NVIDIA driver (libcuda.so.1) was found"
              : "the CUDA driver cannot be loaded: " + e.getMessage(),
          e);
    } catch (IOException e) {
      throw new DeviceException("cannot write to the folder for temporary files: " + e, e);
    }
  }

  static String extract(String resource, Path folder) throws IOException {
    // Not JCuda's own name for its library: it would write over a file that is loaded.
    Path file = folder.resolve("thalweg-" + resource.substring(resource.lastIndexOf('/') + 1));
    try (InputStream in = Driver.class.getResourceAsStream(resource)) {
      Files.copy(Objects.requireNonNull(in), file);
    }
    return file.toString();
  }

  /**
   * JCuda unpacks its natives under fixed names into {@code java.io.tmpdir}, where processes that
   * start together load each other's half-written files. So it is shown a folder of this process's
   * own.
   *
   * @param initialise touches a class, which loads its library
   */
  static void loadJCuda(Path folder, Runnable initialise) {
    String shared = System.getProperty("java.io.tmpdir");
    System.setProperty("java.io.tmpdir", folder.toString());
    try {
      initialise.run();
    } finally {
      System.setProperty("java.io.tmpdir", shared);
    }
  }

  /**
   * A loaded library needs its file no longer; on Windows, where it stays locked, it is left
   * behind.
   */
  static void delete(Path folder) {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      folder.toFile().deleteOnExit();
    }
  }

  /** Throws unless the driver call that has just returned succeeded. */
  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be one more dependency
  static void check(int result, String doing, Object... arguments) {
    if (result != CUresult.CUDA_SUCCESS) {
      String[] text = new String[1];
      JCudaDriver.cuGetErrorString(result, text);
      throw new CudaException(
          String.format(Locale.ROOT, doing, arguments),
          result,
          CUresult.stringFor(result),
          text[0] == null ? "unknown error" : text[0]);
    }
  }
}
