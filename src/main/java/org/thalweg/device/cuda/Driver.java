package org.thalweg.device.cuda;

import java.util.Locale;
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

  /** The short name of its devices: {@code "cuda"} or {@code "sim"}. */
  public String device() {
    return device;
  }

  private String library() {
    return this == SOFTWARE ? SOFTWARE_DRIVER : Natives.jcuda("JCudaDriver");
  }

  /** Why this driver cannot be used here and what to do, or null if nothing is known against it. */
  public @Nullable String missing() {
    if (!System.getProperty("os.arch").equals("amd64")
        || Driver.class.getResource(Natives.jcuda("JCudaDriver")) == null) {
      return "JCuda has no natives for %s on %s"
          .formatted(System.getProperty("os.name"), System.getProperty("os.arch"));
    }
    if (this == SOFTWARE && Driver.class.getResource(SOFTWARE_DRIVER) == null) {
      return "this build has no software driver: it needs Linux, g++ and make when it is built"
          + " (install them, remove target and run again)";
    }
    return Natives.obstacle(library());
  }

  /**
   * Loads the driver and JCuda's natives, once.
   *
   * @throws DeviceException if they cannot be had; the message says why and what to do
   */
  void load() {
    loadOnce(this);
  }

  /** Whether this process has loaded it, and can load no other. */
  public boolean isLoaded() {
    synchronized (Driver.class) {
      return loaded == this;
    }
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
      // Results are checked call by call, where it is known what the call was for, not by JCuda.
      Natives.load(driver.library(), () -> JCudaDriver.setExceptionsEnabled(false));
      loaded = driver;
    } catch (UnsatisfiedLinkError e) {
      throw new DeviceException(
          driver == NVIDIA && String.valueOf(e.getMessage()).contains("libcuda.so.1: cannot open")
              ? "no NVIDIA driver (libcuda.so.1) was found"
              : "the CUDA driver cannot be loaded: " + e.getMessage(),
          e);
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
