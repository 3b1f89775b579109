package org.thalweg.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * The launch of a kernel of {@code kernels/<source>.cu} with its arguments: arrays, whose addresses
 * it gets, and numbers of its own types; null is 0 of any type.
 *
 * @param operation what it computes; null if it is none that {@link Fusion} knows
 */
record Launch(
    Kernels kernels,
    String source,
    String kernel,
    int blocks,
    int threads,
    int sharedBytes,
    List<@Nullable Object> arguments,
    @Nullable Operation operation)
    implements Enqueue {

  /**
   * Loads the kernel by a launch of one warp with all arguments 0, for which every kernel does
   * nothing: a driver that loads lazily cannot load it while a graph is being captured.
   */
  @Override
  public void prepare(CUstream stream) {
    if (kernels.find(kernel) == null) {
      kernels.load(source, kernel);
      List<@Nullable Object> nothing = Collections.nCopies(arguments.size(), null);
      new Launch(kernels, source, kernel, 1, 32, sharedBytes, nothing, null).enqueue(stream);
    }
  }

  /** A launch of {@code kernels/fused.cu} with the arguments of all these, in their place. */
  Launch joined(String fused, int blocks, List<Launch> parts, @Nullable Operation operation) {
    List<@Nullable Object> all = new ArrayList<>();
    parts.forEach(part -> all.addAll(part.arguments));
    return new Launch(kernels, "fused", fused, blocks, threads, sharedBytes, all, operation);
  }

  /** The same with another last argument. */
  Launch withLast(Object argument) {
    List<@Nullable Object> all = new ArrayList<>(arguments);
    all.set(all.size() - 1, argument);
    return new Launch(kernels, source, kernel, blocks, threads, sharedBytes, all, operation);
  }

  /** A kernel's arguments as the driver takes them: a pointer to each. */
  private static Pointer pointers(List<@Nullable Object> arguments) {
    ByteBuffer cells =
        ByteBuffer.allocateDirect(8 * arguments.size()).order(ByteOrder.nativeOrder());
    Pointer first = Pointer.to(cells);
    Pointer[] pointers = new Pointer[arguments.size()];
    for (int i = 0; i < pointers.length; i++) {
      Object value = arguments.get(i);
      if (value instanceof CudaArray array) {
        cells.putLong(8 * i, array.address());
      } else if (value instanceof Integer n) {
        cells.putInt(8 * i, n);
      } else if (value instanceof Long n) {
        cells.putLong(8 * i, n);
      } else if (value instanceof Float x) {
        cells.putFloat(8 * i, x);
      } else if (value instanceof Double x) {
        cells.putDouble(8 * i, x);
      } else if (value != null) {
        throw new IllegalArgumentException("no argument of a kernel: " + value);
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
    prepare(stream);
    CUfunction function = kernels.find(kernel);
    Driver.check(
        JCudaDriver.cuLaunchKernel(
            function, blocks, 1, 1, threads, 1, 1, sharedBytes, stream, pointers(arguments), null),
        "launching %s over %d blocks of %d threads",
        kernel,
        blocks,
        threads);
  }
}
