package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.thalweg.device.cuda.Driver.check;

import java.util.List;
import java.util.Random;
import jcuda.Pointer;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.TestDevices;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Sgd;
import org.thalweg.sim.SimCounters;
import org.thalweg.train.UpdateOptions;
import org.thalweg.train.Updater;

/** Device memory and streams that others own. */
@Tag("driver")
class CallersMemoryTest {
  private static final ElementType[] TYPES = {ElementType.F32, ElementType.F64, ElementType.BF16};
  private static final int COUNT = 65;
  private static final int ROOM = 72;

  /** Memory as another library would allocate it. */
  private static final class Foreign implements AutoCloseable {
    private final CudaArray.Address address = new CudaArray.Address();

    Foreign(long bytes) {
      check(JCudaDriver.cuMemAlloc(address, bytes), "allocating");
    }

    long address() {
      return address.value();
    }

    void put(double... values) {
      check(JCudaDriver.cuMemcpyHtoD(address, Pointer.to(values), 8L * values.length), "uploading");
    }

    double[] get(int n) {
      double[] values = new double[n];
      check(JCudaDriver.cuMemcpyDtoH(Pointer.to(values), address, 8L * n), "downloading");
      return values;
    }

    @Override
    public void close() {
      check(JCudaDriver.cuMemFree(address), "freeing");
    }
  }

  /** A stream as another library would make it. */
  private static final class ForeignStream implements AutoCloseable {
    private final CUstream stream = new CUstream();

    ForeignStream() {
      check(JCudaDriver.cuStreamCreate(stream, 1), "creating a stream");
    }

    long handle() {
      // Its text names the pointer, which JCuda keeps to itself.
      String text = stream.toString();
      return Long.parseLong(text.substring(text.indexOf("0x") + 2, text.indexOf(']')), 16);
    }

    @Override
    public void close() {
      check(JCudaDriver.cuStreamDestroy(stream), "freeing a stream");
    }
  }

  private static CudaDevice open(long stream) {
    return new CudaDevice(TestDevices.GPU ? Driver.NVIDIA : Driver.SOFTWARE, 0, stream);
  }

  /**
   * Each rule and type, parameter and gradient off alignment by 0 to 3 elements: the bits of Java.
   */
  @Test
  void updatesOffAlignment() {
    double[] values = new Random(1).doubles(COUNT, -1, 1).toArray();
    try (CudaDevice device = TestDevices.openDriver();
        Device twin = new JavaDevice(1);
        Foreign w = new Foreign(8 * ROOM);
        Foreign g = new Foreign(8 * ROOM)) {
      for (Optimizer rule : Optimizers.all()) {
        for (ElementType type : TYPES) {
          double[] expected;
          try (Array x = twin.of(type, values)) {
            expected = update(twin, rule, x, x);
          }
          for (int i = 0; i < 16; i++) {
            try (Array x = device.wrap(w.address() + (long) type.bytes() * (i % 4), type, COUNT);
                Array y = device.wrap(g.address() + (long) type.bytes() * (i / 4), type, COUNT)) {
              device.upload(x, values);
              device.upload(y, values);
              assertArrayEquals(expected, update(device, rule, x, y), rule + " " + type + " " + i);
            }
          }
        }
      }
    }
  }

  private static double[] update(Device device, Optimizer rule, Array w, Array g) {
    double[] gradient = device.download(g);
    try (Array copy = device.of(g.type(), gradient);
        Updater updater =
            new Updater(
                device,
                rule,
                List.of(new Parameter(w, w == g ? copy : g, 0)),
                List.of(Group.PLAIN))) {
      updater.lookAhead();
      updater.step();
      return device.download(w);
    }
  }

  @Test
  void closingLeavesTheCallersMemory() {
    CudaDevice device = TestDevices.openDriver();
    try (CudaDevice other = TestDevices.openDriver();
        Foreign memory = new Foreign(32)) {
      memory.put(1, 2, 3, 4);
      Array wrapped = device.wrap(memory.address(), ElementType.F64, 4);
      Array again = device.wrap(memory.address() + 8, ElementType.F64, 3);
      assertTrue(wrapped.overlaps(again));
      assertFalse(wrapped.slice(0, 1).overlaps(again));
      wrapped.close();
      wrapped.close();
      assertThrows(IllegalStateException.class, () -> device.download(wrapped));
      device.scale(2, again);
      assertThrows(IllegalArgumentException.class, () -> other.scale(2, again));
      device.close();
      assertThrows(IllegalStateException.class, () -> device.download(again));
      other.context().makeCurrent();
      assertArrayEquals(new double[] {1, 4, 6, 8}, memory.get(4));
    }
  }

  @Test
  void anAddressThatNoElementCanHaveIsRefused() {
    try (CudaDevice device = TestDevices.openDriver()) {
      for (ElementType type : ElementType.values()) {
        for (int off = 1; off < type.bytes(); off++) {
          long address = 4096L + off;
          assertThrows(
              IllegalArgumentException.class,
              () -> device.wrap(address, type, 1),
              type + " " + off);
        }
        assertThrows(IllegalArgumentException.class, () -> device.wrap(0, type, 1));
        assertThrows(IllegalArgumentException.class, () -> device.wrap(4096, type, -1));
        assertEquals(0, device.wrap(0, type, 0).count());
      }
    }
  }

  /**
   * While the caller's stream is captured, a step, an operation and a product only take notes
   * there.
   */
  @Test
  void workGoesToTheCallersStream() {
    try (CudaDevice first = TestDevices.openDriver(); // for a context
        ForeignStream stream = new ForeignStream()) {
      try (CudaDevice device = open(stream.handle())) {
        assertEquals(first.description(), device.description());
        stepWhileCaptured(device, stream.stream);
      }
      first.context().makeCurrent();
      check(JCudaDriver.cuStreamSynchronize(stream.stream), "using the stream after the device");
    }
  }

  private static void stepWhileCaptured(CudaDevice device, CUstream stream) {
    try (Array w = device.of(ElementType.F64, 10);
        Array g = device.of(ElementType.F64, 1);
        Array out = device.allocate(ElementType.F64, 1);
        Updater updater =
            new Updater(
                device, new Sgd(1), List.of(new Parameter(w, g, 0)), List.of(Group.PLAIN))) {
      device.multiply(Product.of(1, 1, 1), w, g, null, out); // loads the kernels
      device.scale(1, w);
      updater.step();
      assertArrayEquals(new double[] {9}, device.download(w));
      CUgraph graph = new CUgraph();
      check(
          JCudaDriver.cuStreamBeginCapture(
              stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
          "beginning to capture");
      updater.step();
      device.scale(2, w);
      device.multiply(Product.of(1, 1, 1), w, g, null, out);
      check(JCudaDriver.cuStreamEndCapture(stream, graph), "capturing");
      assertArrayEquals(new double[] {9}, device.download(w));
      CUgraphExec executable = new CUgraphExec();
      check(JCudaDriver.cuGraphInstantiate(executable, graph, 0), "making a graph");
      check(JCudaDriver.cuGraphLaunch(executable, stream), "running a graph");
      assertArrayEquals(new double[] {16}, device.download(w));
      assertArrayEquals(new double[] {16}, device.download(out));
      check(JCudaDriver.cuGraphExecDestroy(executable), "freeing a graph");
      check(JCudaDriver.cuGraphDestroy(graph), "freeing a graph");
    }
  }

  /** The default stream cannot be captured from; steps are recorded all the same. */
  @Test
  void theDefaultStream() {
    for (long handle : new long[] {1, 2}) {
      try (CudaDevice device = open(handle);
          Array w = device.of(ElementType.F32, 10);
          Array g = device.of(ElementType.F32, 1);
          Updater updater =
              new Updater(
                  device, new Sgd(1), List.of(new Parameter(w, g, 0)), List.of(Group.PLAIN))) {
        updater.step();
        updater.step();
        assertArrayEquals(new double[] {8}, device.download(w));
      }
    }
  }

  /**
   * One call makes the context current, one launches the graph: nothing is allocated, copied or
   * waited for.
   */
  @Test
  void aStepIsTwoDriverCalls() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver counts");
    Adam adam = new Adam(0.1, 0.9, 0.999, 1e-8);
    for (UpdateOptions options :
        List.of(UpdateOptions.PLAIN, UpdateOptions.PLAIN.withLargestNorm(1).skippingNotFinite())) {
      try (CudaDevice device = TestDevices.openDriver();
          Array w = device.of(ElementType.F32, 1, 2, 3, 4);
          Array g = device.of(ElementType.F32, 1, 2, 3, 4);
          Updater updater =
              new Updater(
                  device, adam, List.of(new Parameter(w, g, 0)), List.of(Group.PLAIN), options)) {
        updater.step();
        CUmodule module = device.context().module("data", "advance");
        long before = SimCounters.get(module, "thalweg_sim_calls");
        for (int i = 0; i < 200; i++) {
          updater.step();
        }
        assertEquals(
            400, SimCounters.get(module, "thalweg_sim_calls") - before, options.toString());
        assertEquals(201, updater.updates());
      }
    }
  }
}
