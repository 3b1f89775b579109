package org.thalweg.device;

import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.Driver;
import org.thalweg.device.cuda.Matmul;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.device.java.JavaDevices;

/**
 * What the tests of devices run on. A test class has a nested class for each device it takes; the
 * one for {@link #DRIVER} carries {@code @Tag("driver")}, so that it can be left out where JCuda
 * has no natives.
 */
public enum TestDevices {
  /** One thread, plain loops only: what the others are compared with. */
  JAVA_PLAIN,
  /** Two threads, and the Vector API for whatever it has loops for. */
  JAVA_VECTORS,
  /** As users get it. */
  JAVA_1,
  JAVA_2,
  /** The software driver; with {@code -Dthalweg.device=cuda} the GPU. */
  DRIVER;

  /** Whether a GPU stands in for the software driver. */
  public static final boolean GPU = "cuda".equals(System.getProperty("thalweg.device"));

  public Device open() {
    return switch (this) {
      case JAVA_PLAIN -> JavaDevices.plain(1);
      case JAVA_VECTORS -> JavaDevices.vectors(2);
      case JAVA_1 -> new JavaDevice(1);
      case JAVA_2 -> new JavaDevice(2);
      case DRIVER -> openDriver();
    };
  }

  public static CudaDevice openDriver() {
    return openDriver(Matmul.OWN);
  }

  public static CudaDevice openDriver(Matmul matmul) {
    return new CudaDevice(GPU ? Driver.NVIDIA : Driver.SOFTWARE, 0, matmul);
  }
}
