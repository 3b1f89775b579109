package org.thalweg.device.cuda;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuDeviceTotalMem;
import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemAllocAsync;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemFreeAsync;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static org.thalweg.device.cuda.Driver.check;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.MemorySize;
import org.thalweg.device.Norm;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Optimizer;

/**
 * An NVIDIA GPU, or the software driver in its place. Every operation is one kernel launch on one
 * stream; a recorded step is one graph, and running it is one call into the driver.
 */
public final class CudaDevice implements Device {
  private static final int LEAST_CAPABILITY = 75; // the PTX is for sm_75
  private static final int LEAST_DRIVER = 12_000; // and its version 8.0 is CUDA 12.0's

  // The launch shapes of kernels/*.cu.
  private static final int UPDATE_THREADS = 256;
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
  private final CUstream own = new CUstream();
  private final CUstream stream; // own, or the caller's
  private final Kernels kernels = new Kernels();
  private final Leases leases = new Leases();
  private final Staging staging;
  private final boolean pools;
  private final Owned owned;
  private final String description;
  private @Nullable Cublas cublas; // computes the products, if there is one
  private @Nullable List<Enqueue> recording;
  private final Set<CudaArray> touched = new LinkedHashSet<>(); // by the step that is recorded
  private boolean closed;

  /** Opens a device that computes with Thalweg's own kernels only, with a stream of its own. */
  public CudaDevice(Driver driver, int ordinal) {
    this(driver, ordinal, Matmul.OWN, 0);
  }

  /**
   * Opens a device with a stream of its own.
   *
   * @param ordinal which of the driver's devices, from 0
   * @param matmul what computes the products
   * @throws DeviceException if there is none, or no cuBLAS where that is asked for; the message
   *     says why and what to do
   */
  public CudaDevice(Driver driver, int ordinal, Matmul matmul) {
    this(driver, ordinal, matmul, 0);
  }

  /**
   * Opens a device that works on the caller's stream: it sees what was enqueued there before, and
   * what is enqueued there after sees its results, without the host waiting. Only downloads and
   * closing wait. With a stream of the device's own, whoever shares memory with it waits: for other
   * work on that memory before calling the device, and by a download before other work goes on.
   *
   * @param ordinal which of the driver's devices, from 0
   * @param stream a {@code CUstream} of the device's primary context as a number, which stays open
   *     as long as this device; 1 is the default stream
   * @throws DeviceException if there is no such device; the message says why and what to do
   */
  public CudaDevice(Driver driver, int ordinal, long stream) {
    this(driver, ordinal, Matmul.OWN, stream);
  }

  /** With a stream of its own if {@code stream} is 0. */
  private CudaDevice(Driver driver, int ordinal, Matmul matmul, long stream) {
    int count = count(driver);
    if (matmul != Matmul.OWN) {
      Cublas.load(driver);
    }
    this.stream = stream == 0 ? own : Streams.of(stream);
    int[] version = new int[1];
    check(cuDriverGetVersion(version), "reading the driver's version");
    if (version[0] < LEAST_DRIVER) {
      throw new DeviceException(
          "the NVIDIA driver is too old: it supports CUDA %d.%d, and 12.0 (R525) or newer is needed"
              .formatted(version[0] / 1000, version[0] % 1000 / 10));
    }
    if (ordinal < 0 || ordinal >= count) {
      throw new DeviceException(
          "there is no device %d: the driver has %d".formatted(ordinal, count));
    }
    check(cuDeviceGet(device, ordinal), "opening device %d", ordinal);
    byte[] name = new byte[256];
    check(cuDeviceGetName(name, name.length, device), "reading the name of device %d", ordinal);
    int major = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    int minor = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    long[] bytes = new long[1];
    check(cuDeviceTotalMem(bytes, device), "reading the memory of device %d", ordinal);
    description =
        "%s, %s, compute capability %d.%d, %s, driver for CUDA %d.%d"
            .formatted(
                driver.device(),
                new String(name, StandardCharsets.UTF_8).replace("\0", ""),
                major,
                minor,
                MemorySize.text(bytes[0]),
                version[0] / 1000,
                version[0] % 1000 / 10);
    if (10 * major + minor < LEAST_CAPABILITY) {
      throw new DeviceException(
          description + " is too old: the kernels need 7.5 (Turing) or newer");
    }
    if (matmul == Matmul.CUBLAS_TF32 && major < TF32_MAJOR && driver == Driver.NVIDIA) {
      // cuBLAS would compute in binary32 and not say so; the stand-in rounds on any device.
      throw new DeviceException(description + " has no TF32, which came with 8.0 (Ampere)");
    }
    pools = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED) != 0;
    try (Owned opening = new Owned()) {
      check(cuDevicePrimaryCtxRetain(context, device), "opening device %d", ordinal);
      opening.add(() -> check(cuDevicePrimaryCtxRelease(device), "closing device %d", ordinal));
      makeCurrent();
      check(cuStreamCreate(own, CUstream_flags.CU_STREAM_NON_BLOCKING), "creating a stream");
      opening.add(closing(() -> check(cuStreamDestroy(own), "freeing the stream")));
      staging = new Staging(this.stream);
      opening.add(closing(staging::close));
      opening.add(closing(kernels::unload));
      opening.add(closing(leases::close));
      if (matmul != Matmul.OWN) {
        CudaArray workspace = array(ElementType.U8, major < 9 ? WORKSPACE : WORKSPACE_HOPPER);
        Cublas found = new Cublas(own, workspace, matmul == Matmul.CUBLAS_TF32);
        opening.add(closing(found::close));
        cublas = found;
      }
      opening.add(closing(() -> synchronize("closing the device")));
      owned = opening.keep();
    }
  }

  /**
   * Loads the driver and counts its devices.
   *
   * @throws DeviceException if it cannot be used; the message says why and what to do
   */
  public static int count(Driver driver) {
    driver.load();
    check(cuInit(0), "starting the CUDA driver");
    int[] count = new int[1];
    check(cuDeviceGetCount(count), "counting devices");
    return count[0];
  }

  /** Each by itself in this device's context, whatever has failed before it. */
  private AutoCloseable closing(Runnable close) {
    return () -> {
      try {
        makeCurrent("closing the device");
      } finally {
        close.run();
      }
    };
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
    makeCurrent("making the device current on a thread");
  }

  /** The same; an error says what it was for. */
  void makeCurrent(String doing) {
    if (closed) {
      throw new IllegalStateException("device " + description + " was used after close");
    }
    // Each time: others may have a context of their own on this thread.
    check(cuCtxSetCurrent(context), doing);
  }

  /** Makes the context current for a call that cannot be recorded. */
  void beginCall() {
    makeCurrent();
    Checks.notRecording(recording != null);
  }

  @Override
  public Array allocate(ElementType type, long count) {
    return array(type, count);
  }

  CudaArray array(ElementType type, long count) {
    makeCurrent();
    if (count < 0) {
      throw new IllegalArgumentException("an array cannot have " + count + " elements");
    }
    Checks.notRecording(recording != null);
    leases.reclaim();
    CudaArray.Address address = new CudaArray.Address();
    long bytes = Math.max(1, Math.multiplyExact(count, type.bytes()));
    int result = pools ? cuMemAllocAsync(address, bytes, stream) : cuMemAlloc(address, bytes);
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      String needs = MemorySize.text(bytes);
      String free = MemorySize.text(available());
      check(result, "allocating %,d %s: needs %s, %s free", count, type, needs, free);
    }
    check(result, "allocating %,d %s", count, type);
    String what = "an array of %d %s".formatted(count, type);
    try (Owned opening = new Owned()) {
      Leases.Lease memory = opening.add(leases.add(what, () -> free(address, what)));
      check(cuMemsetD8Async(address, (byte) 0, bytes, stream), "clearing %s", what);
      opening.keep();
      return new CudaArray(this, memory, type, address, count);
    }
  }

  private void free(CudaArray.Address address, String what) {
    makeCurrent("freeing " + what);
    check(pools ? cuMemFreeAsync(address, stream) : cuMemFree(address), "freeing %s", what);
  }

  /**
   * Device memory that the caller owns, as an array of this device; nothing is copied. It must be
   * accessible from the device's primary context, and must stay valid until the array and every
   * program that was recorded with it have been closed. Closing the array leaves the memory as it
   * is.
   *
   * @param address of element 0, a multiple of the element's size
   */
  public Array wrap(long address, ElementType type, long count) {
    makeCurrent();
    if (count < 0 || (address == 0 && count > 0) || address % type.bytes() != 0) {
      throw new IllegalArgumentException(
          "%d %s cannot lie at address %#x: it must be a multiple of %d, and 0 only for none"
              .formatted(count, type, address, type.bytes()));
    }
    return new CudaArray(this, leases.borrow(), type, new CudaArray.Address(address), count);
  }

  @Override
  public long available() {
    beginCall();
    leases.reclaim();
    synchronize(
        "reading the free memory"); // what is freed in the stream's order is free when it comes
    // there
    long[] free = new long[1];
    check(cuMemGetInfo(free, new long[1]), "reading the free memory");
    return free[0];
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
    staging.upload(mine(to), from);
  }

  @Override
  public void download(Array from, ByteBuffer to) {
    beginCall();
    Checks.room(from, to);
    staging.download(mine(from), to);
  }

  /** A kernel's error shows at the next call that waits for it. */
  private void synchronize(String doing) {
    check(cuStreamSynchronize(stream), "%s, waiting for the device", doing);
  }

  /**
   * Launches at once, or adds to the step that is being recorded. Nothing is launched for no
   * blocks.
   */
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
    try {
      body.run();
      launch("data", "advance", 1, 1, 0, address(steps.state()));
      // The kernels are loaded by now; memory is not touched until the graph is run.
      return new CudaProgram(this, own, stream, leases, launches, steps, List.copyOf(touched));
    } finally {
      recording = null;
      touched.clear();
    }
  }

  @Override
  public void gather(Rows rows, Array order, Steps steps, int firstColumn, Array x, Array y) {
    Checks.gather(rows, order, steps, firstColumn, x, y);
    launch(
        "data",
        "gather_%s_%s"
            .formatted(rows.values().type() == ElementType.U8 ? "u8" : "f32", x.type().suffix()),
        y.count(),
        GATHER_THREADS,
        0,
        address(rows.values()),
        address(rows.labels()),
        address(order),
        rows.features(),
        number(x.type(), rows.scale()),
        address(rows.shift()),
        address(x),
        address(y),
        address(steps.cells()),
        steps.columns(),
        firstColumn,
        address(steps.state()));
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
    Checks.apart("row of ones", ones, left, right);
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
    ProductTile tile = ProductTile.of(type, size, rows);
    int warps = tile.warps(size);
    launch(
        "matmul",
        kernel + tile.suffix,
        tile.tiles(size, rows),
        32 * warps,
        tile.sharedBytes(warps),
        arguments);
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
        2 * (chunks + 1) * type.bytes(),
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
        address(steps.state()));
  }

  @Override
  public Tensors tensors(List<Parameter> parameters, int states) {
    Checks.tensors(parameters, states);
    try (Owned opening = new Owned()) {
      CudaTensors tensors = new CudaTensors(this, parameters, states, opening);
      opening.add(tensors);
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
      opening.keep();
      return tensors;
    }
  }

  /** With their arrays, which kernels find by the table, as touched by what is recorded. */
  private CudaTensors mine(Tensors tensors) {
    if (!(tensors instanceof CudaTensors own)) {
      throw new IllegalArgumentException("tensors of another device");
    }
    address(own.memory()); // by way of the table
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
        address(steps.state()));
    launch(
        "clip",
        "tensor_squares",
        count,
        CLIP_THREADS,
        0,
        address(own.table()),
        address(own.sums()),
        address(tensorSums),
        address(steps.state()));
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
        address(steps.state()));
  }

  @Override
  public void update(Optimizer rule, Tensors tensors, Steps steps, int column) {
    Checks.update(rule, tensors, steps, column);
    CudaTensors own = mine(tensors);
    launch(
        "optimizers",
        rule.definition().kernel() + "_" + own.type().suffix(),
        own.blocks(),
        UPDATE_THREADS,
        0,
        address(own.table()),
        address(own.tensorOfBlock()),
        address(steps.cells()),
        steps.columns(),
        column,
        address(steps.state()));
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
    try {
      owned.close();
    } finally {
      closed = true;
    }
  }
}
