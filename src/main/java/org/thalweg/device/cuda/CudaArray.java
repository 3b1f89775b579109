package org.thalweg.device.cuda;

import java.util.Objects;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;
import org.thalweg.device.Array;
import org.thalweg.device.ElementType;

/** A stretch of device memory. */
final class CudaArray implements Array {
  /** A device address that can be read: JCuda keeps it from all but its own kin. */
  static final class Address extends CUdeviceptr {
    Address() {}

    Address(CUdeviceptr base, long offset) {
      super(base, offset);
    }

    /** The address of that number. */
    Address(long value) {
      super(new CUdeviceptr(), value);
    }

    long value() {
      return getNativePointer() + getByteOffset();
    }
  }

  /** What an array and its slices share. */
  static final class Memory {
    final Address base;
    private final boolean ours;
    private boolean open = true;

    /** @param ours to free; else the caller's */
    Memory(Address base, boolean ours) {
      this.base = base;
      this.ours = ours;
    }
  }

  private final CudaDevice device;
  private final Memory memory;
  private final boolean owner;
  private final ElementType type;
  private final long offset;
  private final long count;

  /** The whole of some memory, which this array frees if it is ours. */
  CudaArray(CudaDevice device, Memory memory, ElementType type, long count) {
    this(device, memory, true, type, 0, count);
  }

  private CudaArray(
      CudaDevice device, Memory memory, boolean owner, ElementType type, long offset, long count) {
    this.device = device;
    this.memory = memory;
    this.owner = owner;
    this.type = type;
    this.offset = offset;
    this.count = count;
  }

  @Override
  public ElementType type() {
    return type;
  }

  @Override
  public long count() {
    return count;
  }

  long bytes() {
    return count * type.bytes();
  }

  @Override
  public CudaArray slice(long from, long n) {
    Objects.checkFromIndexSize(from, n, count);
    return new CudaArray(device, memory, false, type, offset + from * type.bytes(), n);
  }

  @Override
  public boolean overlaps(Array other) {
    return other instanceof CudaArray own
        && own.device == device
        && Math.max(address(), own.address())
            < Math.min(address() + bytes(), own.address() + own.bytes());
  }

  CudaDevice device() {
    return device;
  }

  /** Where element 0 lies, as JCuda takes it. */
  CUdeviceptr pointer() {
    return new Address(open().base, offset);
  }

  /** Where element 0 lies, as a number. */
  long address() {
    return open().base.value() + offset;
  }

  private Memory open() {
    if (!memory.open) {
      throw new IllegalStateException(
          "an array of " + count + " " + type + " was used after close");
    }
    return memory;
  }

  @Override
  public void close() {
    if (owner && memory.open) {
      memory.open = false;
      device.forget(this);
      if (memory.ours && !device.isClosed()) {
        device.makeCurrent();
        Driver.check(JCudaDriver.cuMemFree(memory.base), "freeing %d %s", count, type);
      }
    }
  }
}
