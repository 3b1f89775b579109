package org.thalweg.device.java;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.MemorySize;
import org.thalweg.device.Norm;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.SparseMatrix;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;
import org.thalweg.optim.Optimizer;

/**
 * The device that needs no GPU: plain Java, with the same bits as the kernels. Rows and elements
 * are divided among threads, a sum never is, so the number of threads changes no result. In a JVM
 * that was started with {@code --add-modules jdk.incubator.vector}, large products, losses, gathers
 * of bytes and the updates of some rules are computed by the Vector API, several times faster and
 * with the same bits.
 */
public final class JavaDevice implements Device {
  /** The environment variable that says how many threads to use. */
  public static final String THREADS = "THALWEG_THREADS";

  private final Workers workers;
  private final long vectorsFrom; // the Vector API computes what takes as many fma
  private @Nullable List<Runnable> recording;
  private boolean closed;

  /** As many threads as {@code THALWEG_THREADS} says, or as there are processors. */
  public JavaDevice() {
    this(threadsFromEnvironment());
  }

  /**
   * With a number of threads, at least 1.
   *
   * @throws DeviceException if subnormal numbers are switched off in this process
   */
  public JavaDevice(int threads) {
    this(threads, VectorProduct.AVAILABLE ? VectorProduct.WORTHWHILE : Long.MAX_VALUE);
  }

  JavaDevice(int threads, long vectorsFrom) {
    Require.that(threads >= 1, "threads must be at least 1: %s", threads);
    this.vectorsFrom = vectorsFrom;
    workers = new Workers(threads);
    workers.onEach(JavaDevice::checkSubnormals);
  }

  private static int threadsFromEnvironment() {
    String threads = System.getenv(THREADS);
    if (threads == null) {
      return Runtime.getRuntime().availableProcessors();
    }
    if (!threads.matches("[1-9][0-9]{0,2}")) {
      throw new DeviceException(THREADS + " must be a number from 1 to 999: " + threads);
    }
    return Integer.parseInt(threads);
  }

  /** A native library built with -ffast-math switches subnormals off for whole threads. */
  private static void checkSubnormals() {
    float half = Float.MIN_NORMAL;
    half *= Float.parseFloat("0.5");
    if (half == 0) {
      throw new DeviceException(
          "a native library has switched off subnormal numbers in this process;"
              + " start Java with -XX:+RestoreMXCSROnJNICalls");
    }
  }

  /** Without the instruction, Math.fma computes with BigDecimal, 10,000 times slower. */
  private static boolean fmaIsSlow() {
    long best = Long.MAX_VALUE;
    double x = 1;
    for (int attempt = 0; attempt < 5; attempt++) {
      long start = System.nanoTime();
      for (int i = 0; i < 200; i++) {
        x = Math.fma(x, 0.75, 0.3);
      }
      best = Math.min(best, System.nanoTime() - start);
    }
    return best > 100_000 && x > 0;
  }

  @Override
  public String description() {
    return "java, %d %s%s%s"
        .formatted(
            workers.threads(),
            workers.threads() == 1 ? "thread" : "threads",
            vectorsFrom < Long.MAX_VALUE ? ", Vector API" : "",
            fmaIsSlow() ? "; VERY SLOW: this processor has no fused multiply-add" : "");
  }

  @Override
  public Array allocate(ElementType type, long count) {
    return array(type, count);
  }

  private JavaArray array(ElementType type, long count) {
    checkOpen();
    if (count < 0 || count > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "an array of the Java device has 0 to %d elements, not %d"
              .formatted(Integer.MAX_VALUE - 8, count));
    }
    Checks.notRecording(recording != null);
    try {
      return new JavaArray(this, type, (int) count);
    } catch (OutOfMemoryError e) {
      throw new DeviceException(
          String.format(
              Locale.ROOT,
              "allocating %,d %s: needs %s, %s free (java -Xmx sets how much Java may take)",
              count,
              type,
              MemorySize.text(count * type.bytes()),
              MemorySize.text(available())),
          e);
    }
  }

  /**
   * Makes the caller's array an array of this device. Nothing is copied: both have the same
   * elements. Closing it leaves the caller's array as it is.
   */
  public Array wrap(float[] values) {
    return wrap(ElementType.F32, values, values.length);
  }

  /** The same in binary64. */
  public Array wrap(double[] values) {
    return wrap(ElementType.F64, values, values.length);
  }

  private Array wrap(ElementType type, Object values, int count) {
    checkOpen();
    return new JavaArray(this, type, values, count);
  }

  /**
   * The free bytes of two thirds of the heap, which is what arrays have of it: collectors keep the
   * rest for what is young. Garbage counts as used, so it is collected first if more than half of
   * the heap is in use.
   */
  @Override
  public long available() {
    Runtime runtime = Runtime.getRuntime();
    if (heapInUse() > runtime.maxMemory() / 2) {
      System.gc();
    }
    return Math.max(0, runtime.maxMemory() / 3 * 2 - heapInUse());
  }

  private static long heapInUse() {
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public void upload(Array to, ByteBuffer from) {
    Checks.notRecording(recording != null);
    Checks.room(to, from);
    mine(to).copyFrom(from);
  }

  @Override
  public void download(Array from, ByteBuffer to) {
    Checks.notRecording(recording != null);
    Checks.room(from, to);
    mine(from).copyTo(to);
  }

  private JavaSparseMatrix mine(SparseMatrix matrix) {
    return new JavaSparseMatrix(
        mine(matrix.ranges()), mine(matrix.columns()), mine(matrix.values()));
  }

  private JavaArray mine(Array array) {
    if (array instanceof JavaArray own && own.device() == this) {
      return own;
    }
    throw new IllegalArgumentException("an array of another device");
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the Java device was used after close");
    }
  }

  private void submit(Runnable operation) {
    checkOpen();
    if (recording == null) {
      operation.run();
    } else {
      recording.add(operation);
    }
  }

  @Override
  public Program record(Steps steps, Runnable body) {
    checkOpen();
    Checks.notRecording(recording != null);
    JavaSteps table = mine(steps);
    List<Runnable> operations = new ArrayList<>();
    recording = operations;
    try {
      body.run();
    } finally {
      recording = null;
    }
    operations.add(table::advance);
    return new Program() {
      private boolean open = true;

      @Override
      public void run(long n) {
        if (!open) {
          throw new IllegalStateException("a program was used after close");
        }
        checkOpen();
        Checks.notRecording(recording != null);
        steps.take(n);
        workers.onEach(JavaDevice::checkSubnormals);
        for (long i = 0; i < n; i++) {
          operations.forEach(Runnable::run);
        }
      }

      @Override
      public void close() {
        open = false;
      }
    };
  }

  @Override
  public void gather(Rows rows, Array order, Steps steps, int firstColumn, Array x, Array y) {
    Checks.gather(rows, order, steps, firstColumn, x, y);
    JavaRows of =
        new JavaRows(
            mine(rows.values()),
            mine(rows.labels()),
            rows.features(),
            rows.scale(),
            rows.affine() == null ? null : mine(rows.affine()));
    JavaArray to = mine(x);
    boolean vectors = VectorScaling.WORTH * (double) to.count() >= vectorsFrom;
    JavaArray positions = mine(order);
    JavaSteps table = mine(steps);
    JavaRows.Gather gather = of.gather(workers, positions, to, mine(y), vectors);
    submit(() -> gather.run(positions.at() + table.ofBatch(firstColumn)));
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
    JavaSparseMatrix from = mine(rows);
    JavaArray classes = mine(labels);
    JavaArray positions = mine(order);
    JavaArray to = mine(ranges);
    JavaArray own = mine(y);
    JavaSteps table = mine(steps);
    submit(() -> from.gather(classes, positions, table.ofBatch(firstColumn), to, own));
  }

  @Override
  public void multiply(
      Product size, SparseMatrix left, Array right, @Nullable Array bias, Array out) {
    left.check(size, false, right, out, bias);
    JavaSparseProduct product = sparse(size, left, right, bias, out);
    submit(() -> product.run(workers));
  }

  @Override
  public void multiplyTransposed(
      Product size, SparseMatrix left, Array right, Array out, @Nullable Array ones) {
    left.check(size, true, right, out, ones);
    Checks.apart("row of ones", ones, left.values(), right);
    JavaSparseProduct product = sparse(size, left, right, null, out);
    submit(() -> product.runTransposed(workers));
    if (ones != null) {
      Array none = out.slice(0, 0);
      Product row = new Product(size.models(), false, 0, size.columns(), size.depth());
      multiplyTransposed(row, none, right, none, ones);
    }
  }

  private JavaSparseProduct sparse(
      Product size, SparseMatrix left, Array right, @Nullable Array bias, Array out) {
    JavaArray row = bias == null ? null : mine(bias);
    return new JavaSparseProduct(size, mine(left), mine(right), row, mine(out));
  }

  @Override
  public void multiply(Product size, Array left, Array right, @Nullable Array bias, Array out) {
    size.check(left, right, out, bias);
    JavaProduct product = new JavaProduct(size, false, mine(left), mine(right), mine(out), null);
    JavaArray row = bias == null ? null : mine(bias);
    submit(
        () -> {
          product.run(workers, vectorsFrom);
          if (row != null) {
            product.addToRows(row);
          }
        });
  }

  @Override
  public void multiplyTransposed(
      Product size, Array left, Array right, Array out, @Nullable Array ones) {
    size.check(left, right, out, ones);
    Checks.apart("row of ones", ones, left, right);
    JavaProduct product =
        new JavaProduct(
            size, true, mine(left), mine(right), mine(out), ones == null ? null : mine(ones));
    submit(() -> product.run(workers, vectorsFrom));
  }

  @Override
  public void multiplyByTransposed(Product size, Array left, Array right, Array out) {
    size.check(left, right, out, null);
    JavaArray from = mine(right);
    JavaArray turned = new JavaArray(this, right.type(), (int) right.count());
    JavaProduct product = new JavaProduct(size, false, mine(left), turned, mine(out), null);
    submit(
        () -> {
          product.turn(from, workers);
          product.run(workers, vectorsFrom);
        });
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
    JavaLoss rows = JavaLoss.of(loss, mine(scores), mine(labels), classes, scale, vectorsFrom);
    submit(rows.gradient(workers, mine(gradient), mine(rowLoss), mine(rowCorrect)));
  }

  @Override
  public void lossHessian(
      Loss loss, Array scores, Array labels, long rows, double scale, Array direction, Array out) {
    int classes = Checks.lossHessian(loss, scores, labels, rows, direction, out);
    JavaLoss at = JavaLoss.of(loss, mine(scores), mine(labels), classes, scale, vectorsFrom);
    submit(at.hessian(workers, (int) rows, mine(direction), mine(out)));
  }

  @Override
  public void tally(Array rowLoss, Array rowCorrect, Steps steps) {
    int rows = Checks.tally(rowLoss, rowCorrect, steps);
    JavaArray losses = mine(rowLoss);
    JavaArray correct = mine(rowCorrect);
    JavaSteps table = mine(steps);
    submit(() -> table.tally(losses, correct, rows));
  }

  private JavaSteps mine(Steps steps) {
    return new JavaSteps(steps, mine(steps.state()), mine(steps.cells()), mine(steps.results()));
  }

  @Override
  public Tensors tensors(List<Parameter> parameters, int states) {
    Checks.tensors(parameters, states);
    checkOpen();
    List<JavaTensor> tensors = new ArrayList<>();
    for (Parameter parameter : parameters) {
      JavaArray value = mine(parameter.value());
      JavaArray gradient = mine(parameter.gradient());
      JavaArray master = value;
      if (value.type() == ElementType.BF16) {
        master = array(ElementType.F32, value.count());
        value.read(0, (int) value.count(), master.floats());
      }
      List<JavaArray> own = new ArrayList<>();
      for (int k = 0; k < states; k++) {
        own.add(array(master.type(), value.count()));
      }
      tensors.add(new JavaTensor(value, master, gradient, parameter.group(), own));
    }
    return new JavaTensors(this, List.copyOf(parameters), states, tensors);
  }

  @Override
  public long tensorBytes(ElementType type, int states, long... counts) {
    int arrays = states + (type == type.computed() ? 0 : 1);
    return LongStream.of(counts).sum() * type.computed().bytes() * arrays;
  }

  private JavaTensors mine(Tensors tensors) {
    if (tensors instanceof JavaTensors own && own.device() == this) {
      return own;
    }
    throw new IllegalArgumentException("tensors of another device");
  }

  @Override
  public void clip(Tensors tensors, Steps steps, int column, boolean skipNotFinite) {
    Checks.clip(tensors, steps, column);
    JavaTensors own = mine(tensors);
    JavaSteps table = mine(steps);
    submit(
        () -> {
          if (!table.halted()) {
            table.clip(own.gradientNorm(workers), column, skipNotFinite);
          }
        });
  }

  @Override
  public void update(Optimizer rule, Tensors tensors, Steps steps, int column) {
    Checks.update(rule, tensors, steps, column);
    JavaTensors own = mine(tensors);
    submit(own.update(rule, workers, vectorsFrom, mine(steps), column));
  }

  @Override
  public void dot(Array x, Array y, Array out) {
    Checks.dot(x, y, out);
    submit(JavaVectors.dot(workers, mine(x), mine(y), mine(out)));
  }

  @Override
  public void norm(Norm which, Array x, Array out) {
    Checks.dot(x, x, out);
    submit(JavaVectors.norm(workers, which, mine(x), mine(out)));
  }

  @Override
  public void axpy(double a, Array x, Array y) {
    Checks.axpy(x, y);
    submit(JavaVectors.axpy(workers, a, mine(x), mine(y)));
  }

  @Override
  public void axpySign(double a, Array x, Array y) {
    Checks.axpy(x, y);
    submit(JavaVectors.axpySign(workers, a, mine(x), mine(y)));
  }

  @Override
  public void scale(double a, Array x) {
    Checks.sameType(x);
    submit(JavaVectors.scale(workers, a, mine(x)));
  }

  @Override
  public void scaleRows(Array factors, Array x) {
    int columns = Checks.scaleRows(factors, x);
    submit(JavaVectors.scaleRows(workers, mine(factors), mine(x), columns));
  }

  @Override
  public void copy(Array from, Array to) {
    Checks.copy(from, to);
    JavaArray source = mine(from);
    JavaArray copy = mine(to);
    int n = (int) source.count();
    submit(() -> System.arraycopy(source.data(), source.at(), copy.data(), copy.at(), n));
  }

  @Override
  public void close() {
    closed = true; // which closes the arrays too
    workers.close();
  }
}
