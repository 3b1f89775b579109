package org.thalweg.device.cuda;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmodule;

/** What tests in other packages need of this one's internals. */
public final class DriverAccess {
  private DriverAccess() {}

  /** Makes JCuda call this driver. */
  public static void load(Driver driver) {
    driver.load();
  }

  /** Throws where a call into the driver has failed. */
  public static void check(int result, String doing, Object... arguments) {
    Driver.check(result, doing, arguments);
  }

  /** One of the device's modules, all of which have the software driver's globals. */
  public static CUmodule module(CudaDevice device) {
    return device.context().module("data", "advance");
  }

  /** Makes the device's context the calling thread's. */
  public static void makeCurrent(CudaDevice device) {
    device.context().makeCurrent();
  }

  /** A pointer for the driver to set. */
  public static CUdeviceptr pointer() {
    return new CudaArray.Address();
  }

  /** A pointer to this address. */
  public static CUdeviceptr pointer(long address) {
    return new CudaArray.Address(address);
  }

  /** The address that a pointer holds. */
  public static long address(CUdeviceptr pointer) {
    return ((CudaArray.Address) pointer).value();
  }
}
