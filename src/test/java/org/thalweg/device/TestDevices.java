package org.thalweg.device;

import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.Driver;
import org.thalweg.device.cuda.Matmul;
import org.thalweg.device.java.JavaDevice;

/**
 * What the tests of devices run on. A test class has a nested class for each device it takes; the
 * one for {@link #DRIVER} carries {@code @Tag("driver")}, so that it can be left out where JCuda
 * has no natives.
 */
public enum TestDevices {
  /** What the others are compared with. */
  JAVA_1,
  JAVA_2,
  /** The software driver; with {@code -Dthalweg.device=cuda} the GPU. */
  DRIVER;

  /** Whether a GPU stands in for the software driver. */
  public static final boolean GPU = "cuda".equals(System.getProperty("thalweg.device"));

  public Device open() {
    return switch (this) {
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
