package org.thalweg.cli;

import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.Driver;
import org.thalweg.device.cuda.Matmul;
import org.thalweg.device.java.JavaDevice;

/** The devices, by the names that {@code --device} takes. */
enum DeviceChoice {
  java,
  sim,
  cuda,
  auto;

  /**
   * A device that has been opened.
   *
   * @param why it is this one, if another was preferred; else empty
   */
  record Opened(Device device, String why) implements AutoCloseable {
    @Override
    public String toString() {
      return device.description() + why;
    }

    @Override
    public void close() {
      device.close();
    }
  }

  /**
   * Opens it.
   *
   * @throws DeviceException if it cannot be used; the message says why and what to do
   */
  Opened open() {
    return switch (this) {
      case java -> new Opened(new JavaDevice(), "");
      case sim -> new Opened(new CudaDevice(Driver.SOFTWARE, 0), "");
      case cuda -> gpu();
      case auto -> gpuOrJava();
    };
  }

  /**
   * Opens it with this implementation of matrix products; only a CUDA device has a choice.
   *
   * @throws DeviceException if it cannot be used; the message says why and what to do
   */
  Opened open(Matmul matmul) {
    if (matmul == Matmul.OWN) {
      return open();
    }
    try {
      return switch (this) {
        case java -> throw new DeviceException("device java has no cuBLAS");
        case sim -> new Opened(new CudaDevice(Driver.SOFTWARE, 0, matmul), "");
        case cuda, auto -> new Opened(new CudaDevice(Driver.NVIDIA, 0, matmul), "");
      };
    } catch (DeviceException e) {
      throw new DeviceException(
          "--matmul %s: %s; --matmul own needs no cuBLAS, and with --device java no GPU"
              .formatted(matmul, e.getMessage()),
          e);
    }
  }

  private static Opened gpu() {
    try {
      return new Opened(new CudaDevice(Driver.NVIDIA, 0), "");
    } catch (DeviceException e) {
      throw new DeviceException(e.getMessage() + "; --device java needs no GPU", e);
    }
  }

  private static Opened gpuOrJava() {
    try {
      return new Opened(new CudaDevice(Driver.NVIDIA, 0), "");
    } catch (DeviceException e) {
      return new Opened(new JavaDevice(), " (not cuda: " + e.getMessage() + ")");
    }
  }
}
