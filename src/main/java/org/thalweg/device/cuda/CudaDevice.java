package org.thalweg.device.cuda;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static org.thalweg.device.cuda.Driver.check;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.ElementType;
import org.thalweg.device.Exact;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.loss.Loss;
import org.thalweg.optim.Optimizer;

/**
 * An NVIDIA GPU, or the software driver in its place. Every operation is one kernel launch on one stream; a
 * recorded step is one graph, and running it is one call into the driver.
 */
public final class CudaDevice implements Device {
  /** Whose context is current on a thread, so that the driver is not asked again for each call. */
  private static final ThreadLocal<CudaDevice> CURRENT = new ThreadLocal<>();

  // The launch shapes of kernels/*.cu.
  private static final int UPDATE_THREADS = 256;
  private static final int TILE_ROWS = 32;
  private static final int TILE_COLUMNS = 16;
  private static final int PRODUCT_WARPS = 8;
  private static final int LOSS_WARPS = 16;
  private static final int GATHER_THREADS = 128;
  private static final int TALLY_THREADS = 256;

  /** A kernel with its arguments, on its way to the stream or into a graph. */
  private record Launch(
      String kernel,
      CUfunction function,
      int blocks,
      int threads,
      int sharedBytes,
      Pointer arguments) {}

  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final CUstream stream = new CUstream();
  private final Kernels kernels = new Kernels();
  private final Set<CudaArray> open = new LinkedHashSet<>();
  private final Set<CudaProgram> programs = new LinkedHashSet<>();
  private final String description;
  private @Nullable List<Launch> recording;
  private boolean closed;

  /**
   * Opens a device.
   *
   * @param ordinal which of the driver's devices, from 0
   * @throws DeviceException if there is none; the message says why and what to do
   */
  public CudaDevice(Driver driver, int ordinal) {
    driver.load();
    check(cuInit(0), "starting the CUDA driver (without a GPU, use --device java)");
    int[] count = new int[1];
    check(cuDeviceGetCount(count), "counting devices");
    if (ordinal < 0 || ordinal >= count[0]) {
      throw new DeviceException(
          "there is no device %d: the driver has %d".formatted(ordinal, count[0]));
    }
    check(cuDeviceGet(device, ordinal), "opening device %d", ordinal);
    check(cuDevicePrimaryCtxRetain(context, device), "opening device %d", ordinal);
    makeCurrent();
    check(cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "creating a stream");
    byte[] name = new byte[256];
    check(cuDeviceGetName(name, name.length, device), "reading the name of device %d", ordinal);
    description =
        "%s, %s, compute capability %d.%d"
            .formatted(
                driver.device(),
                new String(name, StandardCharsets.UTF_8).replace("\0", ""),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
  }

  private int attribute(int which) {
    int[] value = new int[1];
    check(cuDeviceGetAttribute(value, which, device), "reading device attribute %d", which);
    return value[0];
  }

  @Override
  public String description() {
    return description;
  }

  /** Makes this device's context the calling thread's. */
  void makeCurrent() {
    if (closed) {
      throw new IllegalStateException("device " + description + " was used after close");
    }
    if (CURRENT.get() != this) {
      check(cuCtxSetCurrent(context), "making the device current on a thread");
      CURRENT.set(this);
    }
  }

  @Override
  public CudaArray allocate(ElementType type, long count) {
    makeCurrent();
    if (count < 0) {
      throw new IllegalArgumentException("an array cannot have " + count + " elements");
    }
    if (recording != null) {
      throw new IllegalStateException("nothing may be allocated while a step is recorded");
    }
    CudaArray.Address address = new CudaArray.Address();
    long bytes = Math.max(1, Math.multiplyExact(count, type.bytes()));
    check(cuMemAlloc(address, bytes), "allocating %d %s (%d bytes)", count, type, bytes);
    CudaArray array = new CudaArray(this, new CudaArray.Memory(address), type, count);
    open.add(array);
    check(cuMemsetD8Async(address, (byte) 0, bytes, stream), "clearing %d %s", count, type);
    return array;
  }

  void forget(CudaArray array) {
    open.remove(array);
  }

  CudaArray mine(Array array) {
    if (array instanceof CudaArray own && own.device() == this) {
      return own;
    }
    throw new IllegalArgumentException("an array of another device");
  }

  @Override
  public void upload(Array to, ByteBuffer from) {
    makeCurrent();
    Checks.room(to, from);
    CudaArray array = mine(to);
    if (array.count() == 0) {
      return;
    }
    check(
        cuMemcpyHtoDAsync(array.pointer(), Pointer.to(from.slice()), array.bytes(), stream),
        "uploading %d %s",
        to.count(),
        to.type());
    synchronize("uploading");
  }

  @Override
  public void download(Array from, ByteBuffer to) {
    makeCurrent();
    Checks.room(from, to);
    CudaArray array = mine(from);
    if (array.count() == 0) {
      return;
    }
    check(
        cuMemcpyDtoHAsync(Pointer.to(to.slice()), array.pointer(), array.bytes(), stream),
        "downloading %d %s",
        from.count(),
        from.type());
    synchronize("downloading");
  }

  /** A kernel's error shows at the next call that waits for it. */
  private void synchronize(String doing) {
    check(cuStreamSynchronize(stream), "%s, waiting for the device", doing);
  }

  /** Launches at once, or adds to the step that is being recorded. Nothing is launched for no blocks. */
  private void launch(
      String module,
      String kernel,
      long blocks,
      int threads,
      int sharedBytes,
      Object... arguments) {
    makeCurrent();
    if (blocks == 0) {
      return;
    }
    if (blocks > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%s would need %d blocks; a launch has at most %d"
              .formatted(kernel, blocks, Integer.MAX_VALUE));
    }
    Pointer[] pointers = new Pointer[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      pointers[i] = argument(arguments[i]);
    }
    CUfunction function = kernels.find(kernel);
    if (function == null) {
      function = kernels.load(module, kernel);
      enqueue(new Launch(kernel, function, 1, 32, sharedBytes, nothing(arguments.length)));
    }
    Launch launch =
        new Launch(kernel, function, (int) blocks, threads, sharedBytes, Pointer.to(pointers));
    if (recording == null) {
      enqueue(launch);
    } else {
      recording.add(launch);
    }
  }

  /**
   * All arguments 0, for which every kernel does nothing. A kernel is launched so when it is first needed,
   * since a driver that loads lazily cannot load it while a graph is being captured.
   */
  private static Pointer nothing(int arguments) {
    Pointer[] zeros = new Pointer[arguments];
    Arrays.fill(zeros, argument(0L));
    return Pointer.to(zeros);
  }

  private static Pointer argument(Object value) {
    if (value instanceof Integer i) {
      return Pointer.to(new int[] {i});
    } else if (value instanceof Long l) {
      return Pointer.to(new long[] {l});
    } else if (value instanceof Float f) {
      return Pointer.to(new float[] {f});
    } else if (value instanceof Double d) {
      return Pointer.to(new double[] {d});
    }
    throw new AssertionError("no kernel argument: " + value);
  }

  private void enqueue(Launch launch) {
    check(
        cuLaunchKernel(
            launch.function,
            launch.blocks,
            1,
            1,
            launch.threads,
            1,
            1,
            launch.sharedBytes,
            stream,
            launch.arguments,
            null),
        "launching %s over %d blocks of %d threads",
        launch.kernel,
        launch.blocks,
        launch.threads);
  }

  /** An array as a kernel's argument; 0 for none. */
  private long address(@Nullable Array array) {
    return array == null ? 0 : mine(array).address();
  }

  /** A number as a kernel's argument, in the kernel's own type. */
  private static Object number(ElementType type, double value) {
    return type == ElementType.F32 ? (Object) (float) value : (Object) value;
  }

  @Override
  public Program record(Steps steps, Runnable body) {
    makeCurrent();
    Checks.notRecording(recording != null);
    List<Launch> launches = new ArrayList<>();
    recording = launches;
    try {
      body.run();
      launch("data", "advance", 1, 1, 0, address(steps.clock()));
    } finally {
      recording = null;
    }
    // The kernels are loaded by now; memory is not touched until the graph is run.
    CUgraph graph = new CUgraph();
    check(
        cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "beginning to record a step");
    launches.forEach(this::enqueue);
    check(cuStreamEndCapture(stream, graph), "recording a step of %d launches", launches.size());
    CUgraphExec executable = new CUgraphExec();
    check(
        cuGraphInstantiate(executable, graph, 0), "making a graph of %d launches", launches.size());
    check(cuGraphDestroy(graph), "freeing a graph");
    CudaProgram program = new CudaProgram(executable, launches);
    programs.add(program);
    return program;
  }

  private final class CudaProgram implements Program {
    private final CUgraphExec executable;
    private final List<Launch> launches;
    private boolean open = true;

    CudaProgram(CUgraphExec executable, List<Launch> launches) {
      this.executable = executable;
      this.launches = launches;
    }

    @Override
    public void run(long n) {
      if (!open) {
        throw new IllegalStateException("a program was used after close");
      }
      makeCurrent();
      for (long i = 0; i < n; i++) {
        int result = cuGraphLaunch(executable, stream);
        if (result != 0) {
          check(
              result,
              "running a step of %s",
              launches.stream().map(launch -> launch.kernel + "(" + launch.blocks + ")").toList());
        }
      }
    }

    @Override
    public void close() {
      if (open) {
        open = false;
        programs.remove(this);
        makeCurrent();
        check(cuGraphExecDestroy(executable), "freeing a graph");
      }
    }
  }

  @Override
  public void gather(Rows rows, Array order, Steps steps, int firstColumn, Array x, Array y) {
    Checks.gather(rows, order, steps, firstColumn, x, y);
    launch(
        "data",
        "gather_" + x.type().suffix(),
        y.count(),
        GATHER_THREADS,
        0,
        address(rows.pixels()),
        address(rows.labels()),
        address(order),
        rows.features(),
        number(x.type(), rows.scale()),
        address(x),
        address(y),
        address(steps.cells()),
        steps.columns(),
        firstColumn,
        address(steps.clock()));
  }

  @Override
  public void multiply(Product size, Array left, Array right, @Nullable Array bias, Array out) {
    size.check(left, right, out, bias);
    product(
        "multiply_",
        size,
        size.rows(),
        out.type(),
        address(left),
        size.leftStride(),
        address(right),
        address(bias),
        address(out),
        size.rows(),
        size.columns(),
        size.depth());
  }

  @Override
  public void multiplyTransposed(
      Product size, Array left, Array right, Array out, @Nullable Array ones) {
    size.check(left, right, out, ones);
    product(
        "multiply_transposed_",
        size,
        size.rows() + (ones == null ? 0 : 1),
        out.type(),
        address(left),
        size.leftStride(),
        address(right),
        address(out),
        address(ones),
        size.rows(),
        size.columns(),
        size.depth());
  }

  private void product(
      String kernel, Product size, int rows, ElementType type, Object... arguments) {
    long tiles =
        (long) size.models()
            * ((rows + TILE_ROWS - 1) / TILE_ROWS)
            * ((size.columns() + TILE_COLUMNS - 1) / TILE_COLUMNS);
    int chunks = (size.depth() + Exact.PRODUCT_CHUNK - 1) / Exact.PRODUCT_CHUNK;
    int warps = Math.max(1, Math.min(chunks, PRODUCT_WARPS));
    // Slab<T>::kSize numbers for each warp, a tile of sums for all.
    int slabDepth = 64 / type.bytes();
    int slab =
        Math.max(
            slabDepth * (TILE_ROWS + 16 / type.bytes() + TILE_COLUMNS), TILE_ROWS * TILE_COLUMNS);
    int numbers = warps * slab + TILE_ROWS * TILE_COLUMNS;
    launch("matmul", kernel + type.suffix(), tiles, 32 * warps, numbers * type.bytes(), arguments);
  }

  @Override
  public void loss(
      Loss loss,
      Array scores,
      Array labels,
      double scale,
      Array gradient,
      Array rowLoss,
      Array rowCorrect) {
    int classes = Checks.loss(scores, labels, gradient, rowLoss, rowCorrect);
    ElementType type = scores.type();
    int chunks = (classes + Exact.CHUNK - 1) / Exact.CHUNK;
    launch(
        "losses",
        loss.kernel() + "_" + type.suffix(),
        rowLoss.count(),
        32 * Math.min(chunks, LOSS_WARPS),
        2 * chunks * type.bytes(),
        address(scores),
        address(labels),
        (int) labels.count(),
        classes,
        number(type, scale),
        address(gradient),
        address(rowLoss),
        address(rowCorrect));
  }

  @Override
  public void tally(Array rowLoss, Array rowCorrect, Steps steps) {
    int rows = Checks.tally(rowLoss, rowCorrect, steps);
    launch(
        "data",
        "tally_" + rowLoss.type().suffix(),
        1,
        TALLY_THREADS,
        0,
        address(rowLoss),
        address(rowCorrect),
        rows,
        steps.models(),
        address(steps.results()),
        address(steps.clock()));
  }

  @Override
  public Tensors tensors(List<Parameter> parameters, int states) {
    Checks.tensors(parameters);
    return new CudaTensors(this, parameters, states);
  }

  @Override
  public void update(Optimizer rule, Tensors tensors, Steps steps, int column) {
    Checks.update(rule, tensors, steps, column);
    if (!(tensors instanceof CudaTensors own)) {
      throw new IllegalArgumentException("tensors of another device");
    }
    launch(
        "optimizers",
        rule.kernel() + "_" + steps.type().suffix(),
        own.blocks(),
        UPDATE_THREADS,
        0,
        address(own.table()),
        address(own.tensorOfBlock()),
        address(steps.cells()),
        steps.columns(),
        column,
        address(steps.clock()));
  }

  /** A module of the driver's own kernels, for tests that read the software driver's counters. */
  CUmodule module(String name) {
    makeCurrent();
    return kernels.module(name);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    makeCurrent();
    try {
      synchronize("closing the device");
      List.copyOf(programs).forEach(CudaProgram::close);
      List.copyOf(open).forEach(CudaArray::close);
      kernels.unload();
      check(cuStreamDestroy(stream), "freeing the stream");
    } finally {
      // Also where a kernel has failed, after which the driver refuses everything but this.
      closed = true;
      CURRENT.remove();
      check(cuDevicePrimaryCtxRelease(device), "closing the device");
    }
  }
}
