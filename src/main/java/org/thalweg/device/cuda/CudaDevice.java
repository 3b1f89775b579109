package org.thalweg.device.cuda;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static org.thalweg.device.cuda.Driver.check;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.ElementType;
import org.thalweg.device.Exact;
import org.thalweg.device.Norm;
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
  private static final int LEAST_CAPABILITY = 75; // the PTX is for sm_75
  private static final int LEAST_DRIVER = 12_000; // and its version 8.0 is CUDA 12.0's

  // The launch shapes of kernels/*.cu.
  private static final int UPDATE_THREADS = 256;
  private static final int TILE_ROWS = 32;
  private static final int TILE_COLUMNS = 16;
  private static final int PRODUCT_WARPS = 8;
  private static final int LOSS_WARPS = 16;
  private static final int GATHER_THREADS = 128;
  private static final int TALLY_THREADS = 256;
  private static final int CLIP_THREADS = 256;
  private static final int CHUNK_WARPS = 8;
  private static final int WHOLE_THREADS = 512;
  private static final int VECTOR_THREADS = 256;
  private static final int VECTOR_BYTES = 4 * 16 * VECTOR_THREADS; // of each array, by a block
  private static final int BIAS_THREADS = 256;

  private static final int TF32_MAJOR = 8; // compute capability of the first GPUs that have it

  // What NVIDIA recommends for cuBLAS: more from Hopper (9.0) on.
  private static final long WORKSPACE = 4 << 20;
  private static final long WORKSPACE_HOPPER = 32 << 20;

  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final CUstream stream = new CUstream();
  private final Kernels kernels = new Kernels();
  private final Set<CudaArray> open = new LinkedHashSet<>();
  private final Set<CudaProgram> programs = new LinkedHashSet<>();
  private final String description;
  private @Nullable Cublas cublas; // computes the products, if there is one
  private @Nullable List<Enqueue> recording;
  private final Set<CudaArray> touched = new LinkedHashSet<>(); // by the step that is recorded
  private boolean closed;

  /** Opens a device that computes with Thalweg's own kernels only. */
  public CudaDevice(Driver driver, int ordinal) {
    this(driver, ordinal, Matmul.OWN);
  }

  /**
   * Opens a device.
   *
   * @param ordinal which of the driver's devices, from 0
   * @param matmul what computes the products
   * @throws DeviceException if there is none, or no cuBLAS where that is asked for; the message says why and what to
   *     do
   */
  public CudaDevice(Driver driver, int ordinal, Matmul matmul) {
    driver.load();
    if (matmul != Matmul.OWN) {
      Cublas.load(driver);
    }
    check(cuInit(0), "starting the CUDA driver");
    int[] version = new int[1];
    check(cuDriverGetVersion(version), "reading the driver's version");
    if (version[0] < LEAST_DRIVER) {
      throw new DeviceException(
          "the NVIDIA driver is too old: it supports CUDA %d.%d, and 12.0 (R525) or newer is needed"
              .formatted(version[0] / 1000, version[0] % 1000 / 10));
    }
    int[] count = new int[1];
    check(cuDeviceGetCount(count), "counting devices");
    if (ordinal < 0 || ordinal >= count[0]) {
      throw new DeviceException(
          "there is no device %d: the driver has %d".formatted(ordinal, count[0]));
    }
    check(cuDeviceGet(device, ordinal), "opening device %d", ordinal);
    byte[] name = new byte[256];
    check(cuDeviceGetName(name, name.length, device), "reading the name of device %d", ordinal);
    int major = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    int minor = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    description =
        "%s, %s, compute capability %d.%d"
            .formatted(
                driver.device(),
                new String(name, StandardCharsets.UTF_8).replace("\0", ""),
                major,
                minor);
    if (10 * major + minor < LEAST_CAPABILITY) {
      throw new DeviceException(
          description + " is too old: the kernels need 7.5 (Turing) or newer");
    }
    if (matmul == Matmul.CUBLAS_TF32 && major < TF32_MAJOR && driver == Driver.NVIDIA) {
      // cuBLAS would compute in binary32 and not say so; the stand-in rounds on any device.
      throw new DeviceException(description + " has no TF32, which came with 8.0 (Ampere)");
    }
    check(cuDevicePrimaryCtxRetain(context, device), "opening device %d", ordinal);
    makeCurrent();
    check(cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "creating a stream");
    if (matmul != Matmul.OWN) {
      try {
        long bytes = major < 9 ? WORKSPACE : WORKSPACE_HOPPER;
        CudaArray workspace = allocate(ElementType.U8, bytes);
        cublas = new Cublas(stream, workspace, matmul == Matmul.CUBLAS_TF32);
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }
  }

  private int attribute(int which) {
    int[] value = new int[1];
    check(cuDeviceGetAttribute(value, which, device), "reading device attribute %d", which);
    return value[0];
  }

  @Override
  public String description() {
    return cublas == null ? description : description + ", products by " + cublas.description();
  }

  /** Makes this device's context the calling thread's. */
  void makeCurrent() {
    if (closed) {
      throw new IllegalStateException("device " + description + " was used after close");
    }
    // Each time: others may have a context of their own on this thread.
    check(cuCtxSetCurrent(context), "making the device current on a thread");
  }

  /** Makes the context current for a call that cannot be recorded. */
  void beginCall() {
    makeCurrent();
    Checks.notRecording(recording != null);
  }

  @Override
  public CudaArray allocate(ElementType type, long count) {
    makeCurrent();
    if (count < 0) {
      throw new IllegalArgumentException("an array cannot have " + count + " elements");
    }
    Checks.notRecording(recording != null);
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

  void forget(CudaProgram program) {
    programs.remove(program);
  }

  CudaArray mine(Array array) {
    if (array instanceof CudaArray own && own.device() == this) {
      return own;
    }
    throw new IllegalArgumentException("an array of another device");
  }

  @Override
  public void upload(Array to, ByteBuffer from) {
    beginCall();
    Checks.room(to, from);
    CudaArray array = mine(to);
    if (array.count() == 0) {
      return;
    }
    try {
      check(
          cuMemcpyHtoDAsync(array.pointer(), Pointer.to(from.slice()), array.bytes(), stream),
          "uploading %d %s",
          to.count(),
          to.type());
      synchronize("uploading");
    } finally {
      Reference.reachabilityFence(from); // the copy knows its address only
    }
  }

  @Override
  public void download(Array from, ByteBuffer to) {
    beginCall();
    Checks.room(from, to);
    CudaArray array = mine(from);
    if (array.count() == 0) {
      return;
    }
    try {
      check(
          cuMemcpyDtoHAsync(Pointer.to(to.slice()), array.pointer(), array.bytes(), stream),
          "downloading %d %s",
          from.count(),
          from.type());
      synchronize("downloading");
    } finally {
      Reference.reachabilityFence(to); // the copy knows its address only
    }
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
    CUfunction function = kernels.find(kernel);
    if (function == null) {
      function = kernels.load(module, kernel);
      Launch.ofNothing(kernel, function, sharedBytes, arguments.length).enqueue(stream);
    }
    enqueue(
        new Launch(
            kernel, function, (int) blocks, threads, sharedBytes, Launch.pointers(arguments)));
  }

  private void enqueue(Enqueue work) {
    if (recording == null) {
      work.enqueue(stream);
    } else {
      recording.add(work);
    }
  }

  /** An array as a kernel's argument; 0 for none. */
  private long address(@Nullable Array array) {
    if (array == null) {
      return 0;
    }
    return touch(array).address();
  }

  private CudaArray touch(Array array) {
    CudaArray own = mine(array);
    if (recording != null) {
      touched.add(own);
    }
    return own;
  }

  /** A number as a kernel's argument, in the kernel's own type. */
  private static Object number(ElementType type, double value) {
    return type == ElementType.F32 ? (Object) (float) value : (Object) value;
  }

  @Override
  public Program record(Steps steps, Runnable body) {
    beginCall();
    List<Enqueue> launches = new ArrayList<>();
    recording = launches;
    touched.clear();
    try {
      body.run();
      launch("data", "advance", 1, 1, 0, address(steps.clock()));
    } finally {
      recording = null;
    }
    // The kernels are loaded by now; memory is not touched until the graph is run.
    CudaProgram program = new CudaProgram(this, stream, launches, steps, List.copyOf(touched));
    programs.add(program);
    return program;
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
    if (cublas != null) {
      boolean add = bias != null || size.depth() == 0;
      if (add) {
        fill(size, bias, out);
      }
      gemm(cublas, size, false, left, right, out, add);
      return;
    }
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
    if (cublas != null) {
      if (size.depth() == 0) {
        fill(size, null, out);
      }
      gemm(cublas, size, true, left, right, out, false);
      if (ones != null) {
        // cuBLAS has no such row; of a product of no rows only this one is left.
        Product row = new Product(size.models(), false, 0, size.columns(), size.depth());
        multiplyTransposedByOwn(row, left, right, out, ones);
      }
      return;
    }
    multiplyTransposedByOwn(size, left, right, out, ones);
  }

  private void multiplyTransposedByOwn(
      Product size, Array left, Array right, Array out, @Nullable Array ones) {
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

  /** Sets each row of {@code out} to its model's bias, or to 0. */
  private void fill(Product size, @Nullable Array bias, Array out) {
    launch(
        "bias",
        "bias_" + out.type().suffix(),
        size.columns() == 0 ? 0 : (long) size.models() * size.rows(),
        BIAS_THREADS,
        0,
        address(bias),
        address(out),
        size.rows(),
        size.columns());
  }

  private void gemm(
      Cublas by,
      Product size,
      boolean transposed,
      Array left,
      Array right,
      Array out,
      boolean add) {
    makeCurrent();
    Cublas.Gemm gemm =
        new Cublas.Gemm(
            by,
            out.type(),
            size,
            transposed,
            touch(left).pointer(),
            touch(right).pointer(),
            touch(out).pointer(),
            add);
    if (size.models() == 0 || size.rows() == 0 || size.columns() == 0 || size.depth() == 0) {
      return;
    }
    if (recording != null) {
      gemm.rehearse(stream);
    }
    enqueue(gemm);
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
  public void lossHessian(
      Loss loss, Array scores, Array labels, long rows, double scale, Array direction, Array out) {
    int classes = Checks.lossHessian(loss, scores, labels, rows, direction, out);
    ElementType type = scores.type();
    int chunks = (classes + Exact.CHUNK - 1) / Exact.CHUNK;
    launch(
        "hessians",
        loss.kernel() + "_hessian_" + type.suffix(),
        rows,
        32 * Math.min(chunks, LOSS_WARPS),
        2 * chunks * type.bytes(),
        address(scores),
        address(labels),
        (int) labels.count(),
        classes,
        number(type, scale),
        address(direction),
        address(out));
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
    Checks.tensors(parameters, states);
    CudaTensors tensors = new CudaTensors(this, parameters, states);
    if (tensors.type() == ElementType.BF16) {
      launch(
          "optimizers",
          "masters",
          tensors.blocks(),
          UPDATE_THREADS,
          0,
          address(tensors.table()),
          address(tensors.tensorOfBlock()));
    }
    return tensors;
  }

  /** With their parameters and gradients, which kernels find by the table, as touched by what is recorded. */
  private CudaTensors mine(Tensors tensors) {
    if (!(tensors instanceof CudaTensors own)) {
      throw new IllegalArgumentException("tensors of another device");
    }
    for (Parameter parameter : own.parameters()) {
      address(parameter.value());
      address(parameter.gradient());
    }
    return own;
  }

  @Override
  public void clip(Tensors tensors, Steps steps, int column, boolean skipNotFinite) {
    Checks.clip(tensors, steps, column);
    CudaTensors own = mine(tensors);
    int count = own.parameters().size();
    Array tensorSums = own.sums().slice(own.sums().count() - count, count);
    launch(
        "clip",
        "chunk_squares_" + own.type().suffix(),
        own.blocks(),
        32 * (16 / steps.type().bytes() + 1),
        0,
        address(own.table()),
        address(own.tensorOfBlock()),
        address(own.sums()),
        address(steps.clock()));
    launch(
        "clip",
        "tensor_squares",
        count,
        CLIP_THREADS,
        0,
        address(own.table()),
        address(own.sums()),
        address(tensorSums),
        address(steps.clock()));
    launch(
        "clip",
        "clip_" + steps.type().suffix(),
        1,
        CLIP_THREADS,
        0,
        address(tensorSums),
        count,
        address(steps.cells()),
        steps.columns(),
        column,
        skipNotFinite ? 1 : 0,
        address(steps.clock()));
  }

  @Override
  public void update(Optimizer rule, Tensors tensors, Steps steps, int column) {
    Checks.update(rule, tensors, steps, column);
    CudaTensors own = mine(tensors);
    launch(
        "optimizers",
        rule.kernel() + "_" + own.type().suffix(),
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

  @Override
  public void dot(Array x, Array y, Array out) {
    Checks.dot(x, y, out);
    reduce("dot", x, y, out);
  }

  @Override
  public void norm(Norm which, Array x, Array out) {
    Checks.dot(x, x, out);
    reduce("norm_" + which.name().toLowerCase(Locale.ROOT), x, x, out);
  }

  private void reduce(String kernel, Array x, Array y, Array out) {
    long chunks = Exact.chunks(x.count());
    launch(
        "vectors",
        kernel + "_" + x.type().suffix(),
        (chunks + CHUNK_WARPS - 1) / CHUNK_WARPS,
        32 * CHUNK_WARPS,
        0,
        address(x),
        address(y),
        x.count(),
        address(out));
    launch("vectors", kernel + "_whole", 1, WHOLE_THREADS, 0, chunks, address(out));
  }

  @Override
  public void axpy(double a, Array x, Array y) {
    axpy("axpy_", a, x, y);
  }

  @Override
  public void axpySign(double a, Array x, Array y) {
    axpy("axpy_sign_", a, x, y);
  }

  private void axpy(String kernel, double a, Array x, Array y) {
    Checks.axpy(x, y);
    elements(kernel + y.type().suffix(), y, number(y.type(), a), address(x), address(y), y.count());
  }

  @Override
  public void scale(double a, Array x) {
    Checks.sameType(x);
    elements("scale_" + x.type().suffix(), x, number(x.type(), a), address(x), x.count());
  }

  @Override
  public void copy(Array from, Array to) {
    Checks.copy(from, to);
    elements("copy_" + 8 * to.type().bytes(), to, address(from), address(to), to.count());
  }

  private void elements(String kernel, Array written, Object... arguments) {
    int block = VECTOR_BYTES / written.type().bytes();
    long blocks = (written.count() + block - 1) / block;
    launch("vectors", kernel, blocks, VECTOR_THREADS, 0, arguments);
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
    try {
      makeCurrent();
      synchronize("closing the device");
      List.copyOf(programs).forEach(CudaProgram::close);
      if (cublas != null) {
        cublas.close();
      }
      List.copyOf(open).forEach(CudaArray::close);
      kernels.unload();
      check(cuStreamDestroy(stream), "freeing the stream");
    } finally {
      // Also where a kernel has failed, after which the driver refuses everything but this.
      closed = true;
      List.copyOf(open).forEach(CudaArray::close);
      cuDevicePrimaryCtxRelease(
          device); // with it goes what could not be freed; nothing to say that was not said
    }
  }

  /** Whether the context is gone, and everything in it. */
  boolean isClosed() {
    return closed;
  }
}
