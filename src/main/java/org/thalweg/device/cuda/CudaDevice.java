package org.thalweg.device.cuda;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.Norm;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.SparseMatrix;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Optimizer;

/**
 * An NVIDIA GPU, or the software driver in its place. Every operation is one kernel launch on one
 * stream, or a few; a recorded step is one graph, in which some operations are joined ({@link
 * Fusion}), and running it is one call into the driver.
 */
public final class CudaDevice implements Device {
  // Threads per block of the kernels that work with any number of threads.
  private static final int GATHER_THREADS = 128;
  private static final int TALLY_THREADS = 256;
  private static final int CLIP_THREADS = 256;
  private static final int CHUNK_WARPS = 8;
  private static final int WHOLE_THREADS = 512;

  // Constants that the kernels have too.
  static final int VECTOR_THREADS = 256;
  static final int VECTOR_STRIDES = 4; // 16-byte accesses of a thread to each array

  private final CudaContext context;
  private final CudaQueue queue;
  private final Products products;
  private final SparseKernels sparse;
  private final LossKernels losses;
  private final @Nullable Cublas cublas; // computes the dense products, if there is one
  private final Owned owned;

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
   * closing wait. With a stream of the device's own, other work on shared memory is enqueued on
   * {@link #stream}, too, or waits: it is waited for before the device is called, and it waits for
   * a download before it goes on.
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
    try (Owned opening = new Owned()) {
      context = opening.add(new CudaContext(driver, ordinal, stream));
      queue = new CudaQueue(context);
      ProductKernels own = new ProductKernels(context, queue, ProductKernels.room(context));
      opening.add(context.closing(own::close));
      sparse = new SparseKernels(queue, own);
      losses = new LossKernels(queue);
      if (matmul == Matmul.OWN) {
        cublas = null;
        products = own;
      } else {
        cublas = Cublas.open(driver, context, matmul == Matmul.CUBLAS_TF32);
        opening.add(context.closing(cublas::close));
        products = new CublasProducts(context, queue, cublas, own);
      }
      opening.add(context.closing(() -> context.synchronize("closing the device")));
      owned = opening.keep();
    }
  }

  /**
   * Loads the driver and counts its devices.
   *
   * @throws DeviceException if it cannot be used; the message says why and what to do
   */
  public static int count(Driver driver) {
    return CudaContext.count(driver);
  }

  @Override
  public String description() {
    String own = context.description();
    return cublas == null ? own : own + ", products by " + cublas.description();
  }

  CudaContext context() {
    return context;
  }

  @Override
  public Array allocate(ElementType type, long count) {
    return context.array(type, count);
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
    return context.wrap(address, type, count);
  }

  /**
   * Where element 0 of an array of this device lies, for kernels and libraries of the caller's: a
   * {@code CUdeviceptr} as a number, in the device's primary context. It is valid until the array,
   * or the one that it is a slice of, is closed; it keeps neither open.
   *
   * <p>Work on the memory belongs on {@link #stream}, where even its allocation is enqueued. Work
   * elsewhere waits for that stream first, and is waited for before the device is called again.
   */
  public long address(Array array) {
    return context.mine(array).address();
  }

  /**
   * The stream on which the device works, a {@code CUstream} as a number: the caller's, or one of
   * its own, which is valid until the device is closed. What is enqueued there runs after the
   * operations that were called before, and before those that are called later. Each call leaves
   * the primary context current on its thread.
   */
  public long stream() {
    context.makeCurrent();
    return Streams.handle(context.stream());
  }

  @Override
  public long available() {
    return context.available();
  }

  @Override
  public void upload(Array to, ByteBuffer from) {
    context.beginCall();
    Checks.room(to, from);
    context.staging().upload(context.mine(to), from);
  }

  @Override
  public void uploadBeside(Array to, ByteBuffer from) {
    context.beginCall();
    Checks.room(to, from);
    CudaArray own = context.mine(to);
    Staging beside = context.beside();
    beside.upload(own, from);
    beside.await(own);
  }

  @Override
  public void download(Array from, ByteBuffer to) {
    context.beginCall();
    Checks.room(from, to);
    context.staging().download(context.mine(from), to);
  }

  @Override
  public Program record(Steps steps, Runnable body) {
    return queue.record(
        steps,
        () -> {
          body.run();
          queue.launch(new Operation.Advance(steps), "data", "advance", 1, 1, 0, steps.state());
        });
  }

  /** A number as a kernel's argument, in the kernel's own type. */
  static Object number(ElementType type, double value) {
    return type == ElementType.F32 ? (Object) (float) value : (Object) value;
  }

  /** A kernel's arguments for a column of the current row: cells, columns, column. */
  private static Object[] row(Steps steps, int column) {
    return new Object[] {steps.cells(), steps.columns(), column};
  }

  @Override
  public void gather(Rows rows, Array order, Steps steps, int firstColumn, Array x, Array y) {
    Checks.gather(rows, order, steps, firstColumn, x, y);
    Array values = rows.values();
    String kernel = "gather_%s_%s".formatted(values.type().suffix(), x.type().suffix());
    Array labels = rows.labels();
    Array affine = rows.affine();
    int features = rows.features();
    Object scale = number(x.type(), rows.scale());
    Object[] first = row(steps, firstColumn);
    @Nullable Object[] arguments = {
      values, labels, order, features, scale, affine, x, y, first, steps.state()
    };
    Operation gather = new Operation.Gather(rows, order, steps, x, y);
    queue.launch(gather, "data", kernel, y.count(), GATHER_THREADS, 0, arguments);
  }

  @Override
  public void gather(
      SparseMatrix rows,
      Array labels,
      Array order,
      Steps steps,
      int firstColumn,
      Array ranges,
      Array y) {
    Checks.gather(rows, labels, order, steps, firstColumn, ranges, y);
    sparse.gather(rows, labels, order, ranges, y, row(steps, firstColumn), steps.state());
  }

  @Override
  public void multiply(
      Product size, SparseMatrix left, Array right, @Nullable Array bias, Array out) {
    left.check(size, false, right, out, bias);
    sparse.multiply(size, left, right, bias, out);
  }

  @Override
  public void multiplyTransposed(
      Product size, SparseMatrix left, Array right, Array out, @Nullable Array ones) {
    left.check(size, true, right, out, ones);
    Checks.apart("row of ones", ones, left.values(), right);
    sparse.multiplyTransposed(size, left, right, out, ones);
  }

  @Override
  public void multiply(Product size, Array left, Array right, @Nullable Array bias, Array out) {
    size.check(left, right, out, bias);
    products.multiply(size, left, right, bias, out);
  }

  @Override
  public void multiplyTransposed(
      Product size, Array left, Array right, Array out, @Nullable Array ones) {
    size.check(left, right, out, ones);
    Checks.apart("row of ones", ones, left, right);
    products.multiplyTransposed(size, left, right, out, ones);
  }

  @Override
  public void multiplyByTransposed(Product size, Array left, Array right, Array out) {
    size.check(left, right, out, null);
    products.multiplyByTransposed(size, left, right, out);
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
    losses.loss(loss, scores, labels, classes, scale, gradient, rowLoss, rowCorrect);
  }

  @Override
  public void lossHessian(
      Loss loss, Array scores, Array labels, long rows, double scale, Array direction, Array out) {
    int classes = Checks.lossHessian(loss, scores, labels, rows, direction, out);
    losses.hessian(loss, scores, labels, rows, classes, scale, direction, out);
  }

  @Override
  public void tally(Array rowLoss, Array rowCorrect, Steps steps) {
    int rows = Checks.tally(rowLoss, rowCorrect, steps);
    Object[] arguments = {
      rowLoss, rowCorrect, rows, steps.models(), steps.results(), steps.state()
    };
    boolean alone = steps.models() == 1;
    Operation tally = alone ? new Operation.Tally(rowLoss, rowCorrect, steps) : null;
    String kernel = "tally_" + rowLoss.type().suffix();
    queue.launch(tally, "data", kernel, 1, TALLY_THREADS, 0, arguments);
  }

  @Override
  public Tensors tensors(List<Parameter> parameters, int states) {
    Checks.tensors(parameters, states);
    try (Owned opening = new Owned()) {
      CudaTensors tensors = opening.add(new CudaTensors(context, parameters, states));
      if (tensors.type() == ElementType.BF16) {
        update(null, "masters", tensors);
      }
      opening.keep();
      return tensors;
    }
  }

  @Override
  public long tensorBytes(ElementType type, int states, long... counts) {
    return CudaTensors.bytes(type, states, counts);
  }

  /**
   * Checks the tensors, and notes that the recorded step uses their arrays, which kernels find by
   * the table.
   */
  private CudaTensors mine(Tensors tensors) {
    if (!(tensors instanceof CudaTensors own)) {
      throw new IllegalArgumentException("tensors of another device");
    }
    queue.touch(own.memory()); // by way of the table
    for (Parameter parameter : own.parameters()) {
      queue.touch(parameter.value()).address();
      queue.touch(parameter.gradient()).address();
    }
    return own;
  }

  @Override
  public void clip(Tensors tensors, Steps steps, int column, boolean skipNotFinite) {
    Checks.clip(tensors, steps, column);
    CudaTensors own = mine(tensors);
    int count = own.parameters().size();
    Array tensorSums = own.sums().slice(own.sums().count() - count, count);
    int chunks = (int) own.tensorOfChunk().count();
    Object[] squares = {own.table(), own.tensorOfChunk(), chunks, own.sums(), steps.state()};
    String kernel = "chunk_squares_" + own.type().suffix();
    queue.launch("clip", kernel, chunkBlocks(chunks), 32 * CHUNK_WARPS, 0, squares);
    Object[] sums = {own.table(), count, own.sums(), tensorSums};
    Object[] numbers = {row(steps, column), skipNotFinite ? 1 : 0, steps.state()};
    String clip = "clip_" + steps.type().suffix();
    queue.launch("clip", clip, Math.max(1, count), CLIP_THREADS, 0, sums, numbers);
  }

  @Override
  public void update(Optimizer rule, Tensors tensors, Steps steps, int column) {
    Checks.update(rule, tensors, steps, column);
    CudaTensors own = mine(tensors);
    String kernel = rule.definition().kernel() + "_" + own.type().suffix();
    // The move of a rule that looks ahead and the proximal step follow no gradient.
    boolean byGradient = !kernel.startsWith("shrink_") && !kernel.startsWith("look_ahead_");
    Operation operation = new Operation.Update(own, steps, byGradient);
    int last = 0; // Fusion makes it 1
    update(operation, kernel, own, row(steps, column), steps.state(), last);
  }

  private void update(
      @Nullable Operation operation, String kernel, CudaTensors of, Object... arguments) {
    Object[] table = {of.table(), of.tensorOfBlock(), of.strides()};
    int threads = CudaTensors.THREADS;
    queue.launch(operation, "optimizers", kernel, of.blocks(), threads, 0, table, arguments);
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
    Object[] arguments = {x, y, x.count(), out};
    String typed = kernel + "_" + x.type().suffix();
    queue.launch("vectors", typed, chunkBlocks(chunks), 32 * CHUNK_WARPS, 0, arguments);
    queue.launch("vectors", kernel + "_whole", 1, WHOLE_THREADS, 0, chunks, out);
  }

  /** Blocks of CHUNK_WARPS warps, of which each takes a chunk. */
  private static long chunkBlocks(long chunks) {
    return (chunks + CHUNK_WARPS - 1) / CHUNK_WARPS;
  }

  @Override
  public void axpy(double a, Array x, Array y) {
    Checks.axpy(x, y);
    elements("axpy_" + y.type().suffix(), y, number(y.type(), a), x, y, y.count());
  }

  @Override
  public void axpySign(double a, Array x, Array y) {
    Checks.axpy(x, y);
    elements("axpy_sign_" + y.type().suffix(), y, number(y.type(), a), x, y, y.count());
  }

  @Override
  public void scale(double a, Array x) {
    Checks.sameType(x);
    elements("scale_" + x.type().suffix(), x, number(x.type(), a), x, x.count());
  }

  @Override
  public void scaleRows(Array factors, Array x) {
    int columns = Checks.scaleRows(factors, x);
    long block = (long) VECTOR_STRIDES * VECTOR_THREADS;
    long blocks = (x.count() + block - 1) / block;
    String kernel = "scale_rows_" + x.type().suffix();
    queue.launch("vectors", kernel, blocks, VECTOR_THREADS, 0, factors, x, x.count(), columns);
  }

  @Override
  public void copy(Array from, Array to) {
    Checks.copy(from, to);
    elements("copy_" + 8 * to.type().bytes(), to, from, to, to.count());
  }

  private void elements(String kernel, Array written, Object... arguments) {
    int block = 16 / written.type().bytes() * VECTOR_STRIDES * VECTOR_THREADS;
    long blocks = (written.count() + block - 1) / block;
    queue.launch("vectors", kernel, blocks, VECTOR_THREADS, 0, arguments);
  }

  @Override
  public void close() {
    owned.close();
  }
}
