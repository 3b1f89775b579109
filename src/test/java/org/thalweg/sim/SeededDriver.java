package org.thalweg.sim;

import org.thalweg.device.TestDevices;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.DriverAccess;

/** The software driver with an order of blocks and warps of its own. */
public final class SeededDriver {
  private SeededDriver() {}

  /** A device on it; the order goes with the last device. A GPU has the order that it has. */
  public static CudaDevice open(long seed) {
    CudaDevice device = TestDevices.openDriver();
    if (!TestDevices.GPU) {
      SimCounters.set(DriverAccess.module(device), "thalweg_sim_seed", seed);
    }
    return device;
  }
}
