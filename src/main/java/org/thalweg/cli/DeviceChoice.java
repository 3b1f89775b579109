package org.thalweg.cli;

import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.JavaDevice;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.Driver;

/** The devices by the names that {@code --device} takes. */
enum DeviceChoice {
  java,
  sim,
  cuda,
  auto;

  /**
   * Opens it.
   *
   * @throws DeviceException if it cannot be used; the message says why and what to do
   */
  Device open() {
    return switch (this) {
      case java -> new JavaDevice();
      case sim -> new CudaDevice(Driver.SOFTWARE, 0);
      case cuda -> new CudaDevice(Driver.NVIDIA, 0);
      case auto -> gpuOrJava();
    };
  }

  private static Device gpuOrJava() {
    try {
      return cuda.open();
    } catch (DeviceException e) {
      return java.open();
    }
  }
}
