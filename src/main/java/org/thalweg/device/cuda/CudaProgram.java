package org.thalweg.device.cuda;

import static org.thalweg.device.cuda.Driver.check;

import java.util.List;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;

/** A recorded step as a graph: running it is one call into the driver. */
final class CudaProgram implements Program {
  private final CudaDevice device;
  private final CUstream stream;
  private final Steps steps;
  private final List<CudaArray> arrays;
  private final String description;
  private final CUgraphExec executable;
  private boolean open = true;

  /**
   * Captures the launches.
   *
   * @param recorder a stream to capture from: a caller's may be captured already, or be the default stream, which cannot
   * @param stream to run on
   * @param arrays what they read and write, by address
   */
  CudaProgram(
      CudaDevice device,
      CUstream recorder,
      CUstream stream,
      List<Launch> launches,
      Steps steps,
      List<CudaArray> arrays) {
    this.device = device;
    this.stream = stream;
    this.steps = steps;
    this.arrays = arrays;
    List<String> names = launches.stream().map(l -> l.kernel() + "(" + l.blocks() + ")").toList();
    this.description = String.join(", ", names);
    this.executable = capture(recorder, launches);
  }

  private CUgraphExec capture(CUstream recorder, List<Launch> launches) {
    CUgraph graph = new CUgraph();
    check(
        JCudaDriver.cuStreamBeginCapture(
            recorder, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "beginning to record %s",
        description);
    try {
      launches.forEach(launch -> launch.enqueue(recorder));
    } catch (RuntimeException e) {
      JCudaDriver.cuStreamEndCapture(recorder, graph); // whatever it says: it must not go on
      throw e;
    }
    check(JCudaDriver.cuStreamEndCapture(recorder, graph), "recording %s", description);
    try {
      CUgraphExec result = new CUgraphExec();
      check(JCudaDriver.cuGraphInstantiate(result, graph, 0), "making a graph of %s", description);
      return result;
    } finally {
      check(JCudaDriver.cuGraphDestroy(graph), "freeing a graph");
    }
  }

  @Override
  public void run(long n) {
    if (!open) {
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
    if (open) {
      open = false;
      device.forget(this);
      if (!device.isClosed()) {
        device.makeCurrent();
        check(JCudaDriver.cuGraphExecDestroy(executable), "freeing a graph");
      }
    }
  }
}
