package org.thalweg.device.cuda;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import jcuda.driver.CUfunction;
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
    Object[] values = Stream.of(arguments).flatMap(CudaQueue::each).map(this::value).toArray();
    context.makeCurrent();
    if (blocks == 0) {
      return;
    }
    if (blocks > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%s would need %d blocks; a launch has at most %d"
              .formatted(kernel, blocks, Integer.MAX_VALUE));
    }
    CUfunction function = context.kernels().find(kernel);
    if (function == null) {
      function = context.kernels().load(source, kernel);
      Launch.ofNothing(kernel, function, sharedBytes, values.length).enqueue(context.stream());
    }
    enqueue(
        new Launch(kernel, function, (int) blocks, threads, sharedBytes, Launch.pointers(values)));
  }

  private static Stream<@Nullable Object> each(@Nullable Object argument) {
    return argument instanceof Object[] several
        ? Stream.of(several)
        : Stream.of(new @Nullable Object[] {argument});
  }

  private @Nullable Object value(@Nullable Object argument) {
    return argument instanceof Array array ? (Object) touch(array).address() : argument;
  }

  /** Checks that an array is of this device, and notes that the recorded step needs it open. */
  CudaArray touch(Array array) {
    CudaArray own = context.mine(array);
    if (recording != null) {
      touched.add(own);
    }
    return own;
  }

  /** Whether a step is being recorded. */
  boolean isRecording() {
    return recording != null;
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
      // The kernels are loaded by now; memory is not touched until the graph is run.
      return new CudaProgram(context, work, steps, List.copyOf(touched));
    } finally {
      context.setRecording(false);
      recording = null;
      touched.clear();
    }
  }
}
