package org.thalweg.device.cuda;

import org.thalweg.device.TestDevices;

/** The software driver with an order of blocks and warps of its own. */
public final class SeededDriver {
  private SeededDriver() {}

  /** A device on it; the order goes with the last device. A GPU has the order that it has. */
  public static CudaDevice open(long seed) {
    CudaDevice device = TestDevices.openDriver();
    if (!TestDevices.GPU) {
      SimCounters.set(device.module("data"), "thalweg_sim_seed", seed);
    }
    return device;
  }
}
