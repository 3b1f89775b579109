package org.thalweg.device.cuda;

import static jcuda.driver.JCudaDriver.*;
import static org.thalweg.device.cuda.Driver.check;

import java.nio.charset.StandardCharsets;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.DeviceException;
import org.thalweg.device.MemorySize;
import org.thalweg.device.Owned;
import org.thalweg.numeric.ElementType;

/** A GPU that has been opened: its context, the stream that is worked on, memory and kernels. */
final class CudaContext implements AutoCloseable {
  private static final int LEAST_CAPABILITY = 75; // the PTX is for sm_75
  private static final int LEAST_DRIVER = 12_000; // and its version 8.0 is CUDA 12.0's

  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final CUstream own = new CUstream();
  private final CUstream stream; // own, or the caller's
  private final Kernels kernels = new Kernels();
  private final Leases leases = new Leases();
  private final Staging staging;
  private final int major;
  private final int multiprocessors;
  private final boolean pools;
  private final Owned owned;
  private final String description;
  private @Nullable Staging beside;
  private boolean recording;
  private boolean closed;

  /**
   * Opens a device.
   *
   * @param stream the caller's, as {@link CudaDevice} says; 0 for one of its own
   * @throws DeviceException if there is none that can be used; the message says why
   */
  CudaContext(Driver driver, int ordinal, long stream) {
    int count = count(driver);
    this.stream = stream == 0 ? own : Streams.of(stream);
    int[] version = new int[1];
    check(cuDriverGetVersion(version), "reading the driver's version");
    String supports = "CUDA %d.%d".formatted(version[0] / 1000, version[0] % 1000 / 10);
    if (version[0] < LEAST_DRIVER) {
      throw new DeviceException(
          "the NVIDIA driver is too old: it supports %s, and 12.0 (R525) or newer is needed"
              .formatted(supports));
    }
    if (ordinal < 0 || ordinal >= count) {
      throw new DeviceException(
          "there is no device %d: the driver has %d".formatted(ordinal, count));
    }
    check(cuDeviceGet(device, ordinal), "opening device %d", ordinal);
    byte[] name = new byte[256];
    check(cuDeviceGetName(name, name.length, device), "reading the name of device %d", ordinal);
    major = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    int minor = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    long[] bytes = new long[1];
    check(cuDeviceTotalMem(bytes, device), "reading the memory of device %d", ordinal);
    description =
        "%s, %s, compute capability %d.%d, %s, driver for %s"
            .formatted(
                driver.device(),
                new String(name, StandardCharsets.UTF_8).replace("\0", ""),
                major,
                minor,
                MemorySize.text(bytes[0]),
                supports);
    if (10 * major + minor < LEAST_CAPABILITY) {
      throw new DeviceException(
          description + " is too old: the kernels need 7.5 (Turing) or newer");
    }
    multiprocessors = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    pools = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED) != 0;
    try (Owned opening = new Owned()) {
      check(cuDevicePrimaryCtxRetain(context, device), "opening device %d", ordinal);
      opening.add(() -> check(cuDevicePrimaryCtxRelease(device), "closing device %d", ordinal));
      makeCurrent();
      check(cuStreamCreate(own, CUstream_flags.CU_STREAM_NON_BLOCKING), "creating a stream");
      opening.add(closing(() -> check(cuStreamDestroy(own), "freeing the stream")));
      staging = new Staging(this.stream);
      opening.add(closing(staging::close));
      opening.add(closing(kernels::unload));
      opening.add(closing(leases::close));
      owned = opening.keep();
    }
  }

  /** Loads the driver and counts its devices: see {@link CudaDevice#count}. */
  static int count(Driver driver) {
    driver.load();
    check(cuInit(0), "starting the CUDA driver");
    int[] count = new int[1];
    check(cuDeviceGetCount(count), "counting devices");
    return count[0];
  }

  private int attribute(int which) {
    int[] value = new int[1];
    check(cuDeviceGetAttribute(value, which, device), "reading device attribute %d", which);
    return value[0];
  }

  int multiprocessors() {
    return multiprocessors;
  }

  /** What it is, for people. */
  String description() {
    return description;
  }

  /** The first number of the compute capability. */
  int major() {
    return major;
  }

  /** A private stream, from which graphs are captured: the caller's may be in a capture already. */
  CUstream own() {
    return own;
  }

  /** The stream that is worked on. */
  CUstream stream() {
    return stream;
  }

  Kernels kernels() {
    return kernels;
  }

  Leases leases() {
    return leases;
  }

  /** A module of the kernel alone. */
  CUmodule module(String source, String kernel) {
    makeCurrent();
    return kernels.module(source, kernel);
  }

  /** Makes a close action run in this context, even if an earlier one has failed. */
  AutoCloseable closing(Runnable close) {
    return () -> {
      try {
        makeCurrent("closing the device");
      } finally {
        close.run();
      }
    };
  }

  /** Makes this the calling thread's context. */
  void makeCurrent() {
    makeCurrent("making the device current on a thread");
  }

  /** The same; an error message says what it was for. */
  void makeCurrent(String doing) {
    if (closed) {
      throw new IllegalStateException("device " + description + " was used after close");
    }
    // Each time: others may have a context of their own on this thread.
    check(cuCtxSetCurrent(context), doing);
  }

  /** Makes the context current for a call that cannot be recorded. */
  void beginCall() {
    makeCurrent();
    Checks.notRecording(recording);
  }

  /** Sets whether a step is being recorded. */
  void setRecording(boolean now) {
    recording = now;
  }

  /** Allocates an array of zeros. */
  CudaArray array(ElementType type, long count) {
    beginCall();
    if (count < 0) {
      throw new IllegalArgumentException("an array cannot have " + count + " elements");
    }
    leases.reclaim();
    CudaArray.Address address = new CudaArray.Address();
    long bytes = Math.max(1, Math.multiplyExact(count, type.bytes()));
    int result = pools ? cuMemAllocAsync(address, bytes, stream) : cuMemAlloc(address, bytes);
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      String needs = MemorySize.text(bytes);
      String free = MemorySize.text(available());
      check(result, "allocating %,d %s: needs %s, %s free", count, type, needs, free);
    }
    check(result, "allocating %,d %s", count, type);
    String what = "an array of %d %s".formatted(count, type);
    try (Owned opening = new Owned()) {
      Leases.Lease memory = opening.add(leases.add(what, () -> free(address, what)));
      check(cuMemsetD8Async(address, (byte) 0, bytes, stream), "clearing %s", what);
      opening.keep();
      return new CudaArray(this, memory, true, type, address, count);
    }
  }

  private void free(CudaArray.Address address, String what) {
    makeCurrent("freeing " + what);
    check(pools ? cuMemFreeAsync(address, stream) : cuMemFree(address), "freeing %s", what);
  }

  /** An array in the caller's memory: see {@link CudaDevice#wrap}. */
  CudaArray wrap(long address, ElementType type, long count) {
    makeCurrent();
    if (count < 0 || (address == 0 && count > 0) || address % type.bytes() != 0) {
      throw new IllegalArgumentException(
          "%d %s cannot lie at address %#x: it must be a multiple of %d, and 0 only for none"
              .formatted(count, type, address, type.bytes()));
    }
    CudaArray.Address place = new CudaArray.Address(address);
    return new CudaArray(this, leases.borrow(), true, type, place, count);
  }

  /** This context's own array. */
  CudaArray mine(Array array) {
    if (array instanceof CudaArray own && own.context() == this) {
      return own;
    }
    throw new IllegalArgumentException("an array of another device");
  }

  /** The buffers through which bytes are copied to arrays and back. */
  Staging staging() {
    return staging;
  }

  /** The same on a stream of its own, beside the one that is worked on. */
  Staging beside() {
    Staging made = beside;
    if (made == null) {
      CUstream copies = new CUstream();
      try (Owned opening = new Owned()) {
        check(cuStreamCreate(copies, CUstream_flags.CU_STREAM_NON_BLOCKING), "creating a stream");
        opening.add(closing(() -> check(cuStreamDestroy(copies), "freeing the stream")));
        made = new Staging(copies);
        opening.add(closing(made::close));
        owned.add(opening.keep());
      }
      beside = made;
    }
    return made;
  }

  /**
   * The free memory in bytes. Waits for the stream, because memory that is freed in its order is
   * not free before.
   */
  long available() {
    beginCall();
    leases.reclaim();
    synchronize("reading the free memory");
    long[] free = new long[1];
    check(cuMemGetInfo(free, new long[1]), "reading the free memory");
    return free[0];
  }

  /** Waits for the stream. A kernel's error is reported by the next call that waits. */
  void synchronize(String doing) {
    check(cuStreamSynchronize(stream), "%s, waiting for the device", doing);
  }

  @Override
  public void close() {
    try {
      owned.close();
    } finally {
      closed = true;
    }
  }
}
