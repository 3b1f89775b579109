package org.thalweg.device.cuda;

import static org.thalweg.device.cuda.Driver.check;

import java.util.List;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import org.thalweg.device.Owned;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;

/** A recorded step as a graph: running it is one call into the driver. */
final class CudaProgram implements Program {
  private final CudaDevice device;
  private final CUstream stream;
  private final Steps steps;
  private final List<CudaArray> arrays;
  private final String description;
  private final CUgraphExec executable = new CUgraphExec();
  private final Leases.Lease lease;

  /**
   * Captures the launches.
   *
   * @param recorder a stream to capture from: a caller's may be captured already, or be the default
   *     stream, which cannot
   * @param stream to run on
   * @param arrays what they read and write, by address
   */
  CudaProgram(
      CudaDevice device,
      CUstream recorder,
      CUstream stream,
      Leases leases,
      List<Enqueue> launches,
      Steps steps,
      List<CudaArray> arrays) {
    this.device = device;
    this.stream = stream;
    this.steps = steps;
    this.arrays = arrays;
    this.description = launches.stream().map(Enqueue::name).collect(Collectors.joining(", "));
    CUgraph graph = capture(recorder, launches);
    try (Owned template = new Owned()) {
      template.add(lease(leases, device, "a graph", () -> JCudaDriver.cuGraphDestroy(graph)));
      check(
          JCudaDriver.cuGraphInstantiate(executable, graph, 0),
          "making a graph of %s",
          description);
      lease = lease(leases, device, "a program of " + description, destruction(executable));
    }
  }

  private static Leases.Lease lease(
      Leases leases, CudaDevice device, String what, IntSupplier destroy) {
    return leases.add(
        what,
        () -> {
          device.makeCurrent("freeing " + what);
          check(destroy.getAsInt(), "freeing %s", what);
        });
  }

  /** Apart from this object, which it must not reach. */
  private static IntSupplier destruction(CUgraphExec executable) {
    return () -> JCudaDriver.cuGraphExecDestroy(executable);
  }

  private CUgraph capture(CUstream recorder, List<Enqueue> launches) {
    CUgraph graph = new CUgraph();
    try (Owned opening = new Owned()) {
      check(
          JCudaDriver.cuStreamBeginCapture(
              recorder, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
          "beginning to record %s",
          description);
      opening.add(() -> abandonCapture(recorder));
      launches.forEach(launch -> launch.enqueue(recorder));
      check(JCudaDriver.cuStreamEndCapture(recorder, graph), "recording %s", description);
      opening.keep();
      return graph;
    }
  }

  /** It must not go on; there is nothing to say that is not said. */
  private static void abandonCapture(CUstream stream) {
    CUgraph graph = new CUgraph();
    if (JCudaDriver.cuStreamEndCapture(stream, graph) == CUresult.CUDA_SUCCESS) {
      JCudaDriver.cuGraphDestroy(graph);
    }
  }

  @Override
  public void run(long n) {
    if (!lease.isOpen()) {
      throw new IllegalStateException("a program was used after close");
    }
    device.beginCall();
    arrays.forEach(CudaArray::address); // the graph would not notice that one is closed
    steps.take(n);
    for (long i = 0; i < n; i++) {
      check(
          JCudaDriver.cuGraphLaunch(executable, stream),
          "running a step of %s over so many blocks",
          description);
    }
  }

  @Override
  public void close() {
    lease.close();
  }
}
