package org.thalweg.device.cuda;

import static jcuda.driver.JCudaDriver.*;
import static org.thalweg.device.cuda.Driver.check;

import java.util.List;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Owned;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;

/**
 * A recorded step as a graph: running it is one call into the driver, and running it {@link
 * #SEVERAL} times is one too, by a graph of so many copies that is made when it is first of use.
 */
final class CudaProgram implements Program {
  /** A launch of a graph takes the host about as long as the GPU needs for a small step. */
  static final int SEVERAL = 16;

  private final CudaContext context;
  private final List<Enqueue> launches;
  private final Steps steps;
  private final List<CudaArray> arrays;
  private final String description;
  private final Graph once;
  private @Nullable Graph several;

  /** An executable graph. */
  private record Graph(CUgraphExec executable, Leases.Lease lease) {}

  /**
   * Captures the launches from the context's private stream.
   *
   * @param arrays what they read and write, by address
   */
  CudaProgram(CudaContext context, List<Enqueue> launches, Steps steps, List<CudaArray> arrays) {
    this.context = context;
    this.launches = launches;
    this.steps = steps;
    this.arrays = arrays;
    this.description = launches.stream().map(Enqueue::name).collect(Collectors.joining(", "));
    once = graph(1);
  }

  /** The launches of a step, each with its number of blocks. */
  String description() {
    return description;
  }

  private Graph graph(int copies) {
    CUgraphExec executable = new CUgraphExec();
    CUgraph graph = capture(context.own(), copies);
    try (Owned template = new Owned()) {
      template.add(lease(context, "a graph", () -> cuGraphDestroy(graph)));
      check(cuGraphInstantiate(executable, graph, 0), "making a graph of %s", description);
      String what = "a program of " + description;
      return new Graph(executable, lease(context, what, destruction(executable)));
    }
  }

  private static Leases.Lease lease(CudaContext context, String what, IntSupplier destroy) {
    return context
        .leases()
        .add(
            what,
            () -> {
              context.makeCurrent("freeing " + what);
              check(destroy.getAsInt(), "freeing %s", what);
            });
  }

  /** A static method, so that the result has no reference to this object. */
  private static IntSupplier destruction(CUgraphExec executable) {
    return () -> cuGraphExecDestroy(executable);
  }

  private CUgraph capture(CUstream recorder, int copies) {
    CUgraph graph = new CUgraph();
    try (Owned opening = new Owned()) {
      check(
          cuStreamBeginCapture(recorder, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
          "beginning to record %s",
          description);
      opening.add(() -> abandonCapture(recorder));
      for (int i = 0; i < copies; i++) {
        launches.forEach(launch -> launch.enqueue(recorder));
      }
      check(cuStreamEndCapture(recorder, graph), "recording %s", description);
      opening.keep();
      return graph;
    }
  }

  /** Ends a capture that has failed. Errors are ignored, as the first one is reported already. */
  private static void abandonCapture(CUstream stream) {
    CUgraph graph = new CUgraph();
    if (cuStreamEndCapture(stream, graph) == CUresult.CUDA_SUCCESS) {
      cuGraphDestroy(graph);
    }
  }

  @Override
  public void run(long n) {
    if (!once.lease.isOpen()) {
      throw new IllegalStateException("a program was used after close");
    }
    context.beginCall();
    arrays.forEach(CudaArray::address); // the graph would not notice that one is closed
    steps.take(n);
    launch(several(n), n / SEVERAL);
    launch(once, n % SEVERAL);
  }

  private Graph several(long n) {
    Graph made = several;
    if (n < SEVERAL) {
      return once;
    }
    if (made == null) {
      made = graph(SEVERAL);
      several = made;
    }
    return made;
  }

  private void launch(Graph graph, long n) {
    for (long i = 0; i < n; i++) {
      check(
          cuGraphLaunch(graph.executable, context.stream()),
          "running a recorded step: %s",
          description);
    }
  }

  @Override
  public void close() {
    try (Owned both = new Owned()) {
      both.add(once.lease);
      if (several != null) {
        both.add(several.lease);
      }
    }
  }
}
