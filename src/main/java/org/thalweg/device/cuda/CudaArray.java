package org.thalweg.device.cuda;

import java.util.Objects;
import jcuda.driver.CUdeviceptr;
import org.thalweg.device.Array;
import org.thalweg.numeric.ElementType;

/**
 * A range of device memory.
 *
 * @param memory of an array and its slices
 * @param owner whether closing it gives back the memory
 * @param place where element 0 lies
 */
record CudaArray(
    CudaContext context,
    Leases.Lease memory,
    boolean owner,
    ElementType type,
    Address place,
    long count)
    implements Array {
  /** A device address whose value can be read, which JCuda allows to subclasses only. */
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

  long bytes() {
    return count * type.bytes();
  }

  @Override
  public CudaArray slice(long from, long n) {
    Objects.checkFromIndexSize(from, n, count);
    Address there = new Address(place, from * type.bytes());
    return new CudaArray(context, memory, false, type, there, n);
  }

  @Override
  public boolean overlaps(Array other) {
    return other instanceof CudaArray own
        && own.context == context
        && Math.max(address(), own.address())
            < Math.min(address() + bytes(), own.address() + own.bytes());
  }

  /** Where element 0 lies, as JCuda takes it. */
  Address pointer() {
    checkOpen();
    return place;
  }

  /** Where element 0 lies, as a number. */
  long address() {
    checkOpen();
    return place.value();
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
