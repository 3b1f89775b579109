package org.thalweg.device.cuda;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;

/** Takes work for a device, which is done at once or added to the step that is being recorded. */
final class CudaQueue {
  private final CudaContext context;
  private @Nullable List<Enqueue> recording;
  private final Set<CudaArray> touched = new LinkedHashSet<>(); // by the step that is recorded

  CudaQueue(CudaContext context) {
    this.context = context;
  }

  /**
   * Launches a kernel. Nothing is launched for no blocks.
   *
   * @param source the kernel is in {@code kernels/<source>.cu}
   * @param arguments as the kernel declares them: arrays, of which it gets the addresses, numbers
   *     of its own types, and lists of these; null is 0 of any type
   */
  void launch(
      String source,
      String kernel,
      long blocks,
      int threads,
      int sharedBytes,
      @Nullable Object... arguments) {
    launch(null, source, kernel, blocks, threads, sharedBytes, arguments);
  }

  /** The same, for an operation that {@link Fusion} may join with others. */
  void launch(
      @Nullable Operation operation,
      String source,
      String kernel,
      long blocks,
      int threads,
      int sharedBytes,
      @Nullable Object... arguments) {
    List<@Nullable Object> values = new ArrayList<>();
    each(arguments, values);
    context.makeCurrent();
    if (blocks == 0) {
      return;
    }
    if (blocks > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%s would need %d blocks; a launch has at most %d"
              .formatted(kernel, blocks, Integer.MAX_VALUE));
    }
    enqueue(
        new Launch(
            context.kernels(),
            source,
            kernel,
            (int) blocks,
            threads,
            sharedBytes,
            Collections.unmodifiableList(values),
            operation));
  }

  /** Adds the arguments, and those in lists of them. */
  private void each(@Nullable Object[] arguments, List<@Nullable Object> values) {
    for (Object argument : arguments) {
      if (argument instanceof Object[] several) {
        each(several, values);
      } else {
        values.add(argument instanceof Array array ? checked(array) : argument);
      }
    }
  }

  private CudaArray checked(Array array) {
    CudaArray own = touch(array);
    own.address(); // fails if it is closed
    return own;
  }

  /** Checks that an array is of this device, and notes that the recorded step needs it open. */
  CudaArray touch(Array array) {
    CudaArray own = context.mine(array);
    if (recording != null) {
      touched.add(own);
    }
    return own;
  }

  void enqueue(Enqueue work) {
    if (recording == null) {
      work.enqueue(context.stream());
    } else {
      recording.add(work);
    }
  }

  /** What {@code body} enqueues, as a program that takes the rows of this table. */
  Program record(Steps steps, Runnable body) {
    context.beginCall();
    List<Enqueue> work = new ArrayList<>();
    recording = work;
    context.setRecording(true);
    try {
      body.run();
      List<Enqueue> fused = Fusion.of(work);
      fused.forEach(one -> one.prepare(context.stream()));
      // The kernels are loaded by now; memory is not touched until the graph is run.
      return new CudaProgram(context, fused, steps, List.copyOf(touched));
    } finally {
      context.setRecording(false);
      recording = null;
      touched.clear();
    }
  }
}
