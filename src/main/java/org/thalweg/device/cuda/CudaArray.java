package org.thalweg.device.cuda;

import java.util.Objects;
import jcuda.driver.CUdeviceptr;
import org.thalweg.device.Array;
import org.thalweg.numeric.ElementType;

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

  private final CudaDevice device;
  private final Leases.Lease memory; // shared by an array and its slices
  private final boolean owner;
  private final ElementType type;
  private final Address address;
  private final long count;

  /** The whole of some memory, which this array gives back. */
  CudaArray(CudaDevice device, Leases.Lease memory, ElementType type, Address address, long count) {
    this(device, memory, true, type, address, count);
  }

  private CudaArray(
      CudaDevice device,
      Leases.Lease memory,
      boolean owner,
      ElementType type,
      Address address,
      long count) {
    this.device = device;
    this.memory = memory;
    this.owner = owner;
    this.type = type;
    this.address = address;
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
    Address there = new Address(address, from * type.bytes());
    return new CudaArray(device, memory, false, type, there, n);
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
  Address pointer() {
    checkOpen();
    return address;
  }

  /** Where element 0 lies, as a number. */
  long address() {
    checkOpen();
    return address.value();
  }

  private void checkOpen() {
    if (!memory.isOpen()) {
      throw new IllegalStateException(
          "an array of " + count + " " + type + " was used after close");
    }
  }

  @Override
  public void close() {
    if (owner) {
      memory.close();
    }
  }
}
