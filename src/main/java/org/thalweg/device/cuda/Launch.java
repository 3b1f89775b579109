package org.thalweg.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/** The launch of a kernel with its arguments. */
record Launch(
    String kernel, CUfunction function, int blocks, int threads, int sharedBytes, Pointer arguments)
    implements Enqueue {

  /**
   * A launch of one warp with all arguments 0, for which every kernel does nothing. A kernel is
   * launched so when it is first needed: a driver that loads lazily cannot load it while a graph is
   * being captured.
   */
  static Launch ofNothing(String kernel, CUfunction function, int sharedBytes, int arguments) {
    return new Launch(kernel, function, 1, 32, sharedBytes, pointers(new Object[arguments]));
  }

  /** A kernel's arguments as the driver takes them: a pointer to each; null is 0 of any type. */
  static Pointer pointers(@Nullable Object[] arguments) {
    ByteBuffer cells =
        ByteBuffer.allocateDirect(8 * arguments.length).order(ByteOrder.nativeOrder());
    Pointer first = Pointer.to(cells);
    Pointer[] pointers = new Pointer[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      Object value = arguments[i];
      if (value instanceof Integer n) {
        cells.putInt(8 * i, n);
      } else if (value instanceof Long n) {
        cells.putLong(8 * i, n);
      } else if (value instanceof Float x) {
        cells.putFloat(8 * i, x);
      } else if (value instanceof Double x) {
        cells.putDouble(8 * i, x);
      }
      pointers[i] = first.withByteOffset(8L * i);
    }
    return Pointer.to(pointers);
  }

  @Override
  public String name() {
    return kernel + "(" + blocks + ")";
  }

  @Override
  public void enqueue(CUstream stream) {
    Driver.check(
        JCudaDriver.cuLaunchKernel(
            function, blocks, 1, 1, threads, 1, 1, sharedBytes, stream, arguments, null),
        "launching %s over %d blocks of %d threads",
        kernel,
        blocks,
        threads);
  }
}
