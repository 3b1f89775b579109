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
import org.thalweg.device.Owned;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;

/** A recorded step as a graph: running it is one call into the driver. */
final class CudaProgram implements Program {
  private final CudaContext context;
  private final Steps steps;
  private final List<CudaArray> arrays;
  private final String description;
  private final CUgraphExec executable = new CUgraphExec();
  private final Leases.Lease lease;

  /**
   * Captures the launches from the context's private stream.
   *
   * @param arrays what they read and write, by address
   */
  CudaProgram(CudaContext context, List<Enqueue> launches, Steps steps, List<CudaArray> arrays) {
    this.context = context;
    this.steps = steps;
    this.arrays = arrays;
    this.description = launches.stream().map(Enqueue::name).collect(Collectors.joining(", "));
    CUgraph graph = capture(context.own(), launches);
    try (Owned template = new Owned()) {
      template.add(lease(context, "a graph", () -> cuGraphDestroy(graph)));
      check(cuGraphInstantiate(executable, graph, 0), "making a graph of %s", description);
      lease = lease(context, "a program of " + description, destruction(executable));
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

  private CUgraph capture(CUstream recorder, List<Enqueue> launches) {
    CUgraph graph = new CUgraph();
    try (Owned opening = new Owned()) {
      check(
          cuStreamBeginCapture(recorder, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
          "beginning to record %s",
          description);
      opening.add(() -> abandonCapture(recorder));
      launches.forEach(launch -> launch.enqueue(recorder));
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
    if (!lease.isOpen()) {
      throw new IllegalStateException("a program was used after close");
    }
    context.beginCall();
    arrays.forEach(CudaArray::address); // the graph would not notice that one is closed
    steps.take(n);
    for (long i = 0; i < n; i++) {
      check(
          cuGraphLaunch(executable, context.stream()), "running a recorded step: %s", description);
    }
  }

  @Override
  public void close() {
    lease.close();
  }
}
