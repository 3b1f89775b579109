package org.thalweg.device.java;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
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
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Rounding;

/**
 * The device that is always there: plain Java, the same bits as the kernels. Threads share out rows
 * and elements, never a sum, so their number does not matter.
 */
public final class JavaDevice implements Device {
  private final Workers workers;
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
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1: " + threads);
    }
    workers = new Workers(threads);
    workers.onEach(JavaDevice::checkSubnormals);
  }

  private static int threadsFromEnvironment() {
    String threads = System.getenv("THALWEG_THREADS");
    if (threads == null) {
      return Runtime.getRuntime().availableProcessors();
    }
    if (!threads.matches("[1-9][0-9]{0,2}")) {
      throw new DeviceException("THALWEG_THREADS must be a number from 1 to 999: " + threads);
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
    return "java, %d %s%s"
        .formatted(
            workers.threads(),
            workers.threads() == 1 ? "thread" : "threads",
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
   * The caller's own array, as an array of this device: what is done to the one is done to the
   * other, and nothing is copied. Closing it leaves the caller's array as it is.
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
   * Of the heap. Garbage counts as used, so it is collected first where it may be what fills the
   * heap.
   */
  @Override
  public long available() {
    Runtime runtime = Runtime.getRuntime();
    if (heapInUse() > runtime.maxMemory() / 2) {
      System.gc();
    }
    return runtime.maxMemory() - heapInUse();
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
    JavaArray state = mine(steps.state());
    List<Runnable> operations = new ArrayList<>();
    recording = operations;
    try {
      body.run();
    } finally {
      recording = null;
    }
    operations.add(() -> advance(state.cells()));
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

  private static void advance(long[] state) {
    if (state[Steps.HALTED] == Steps.Halt.RUNNING.code()) {
      state[Steps.BATCH]++;
      state[Steps.UPDATE] += 1 - state[Steps.SKIPPED];
      state[Steps.SKIPPED] = 0;
      state[Steps.FACTOR] = Double.doubleToRawLongBits(1);
    }
  }

  @Override
  public void gather(Rows rows, Array order, Steps steps, int firstColumn, Array x, Array y) {
    Checks.gather(rows, order, steps, firstColumn, x, y);
    JavaArray values = mine(rows.values());
    JavaArray labels = mine(rows.labels());
    JavaArray positions = mine(order);
    JavaArray to = mine(x);
    JavaArray classes = mine(y);
    JavaArray state = mine(steps.state());
    JavaArray cells = mine(steps.cells());
    JavaArray shift = rows.shift() == null ? null : mine(rows.shift());
    JavaGather gather = new JavaGather(values.type(), to, rows.features(), rows.scale(), shift);
    submit(
        () -> {
          long row = state.cells()[Steps.BATCH];
          int first = (int) cells.cells()[(int) row * steps.columns() + firstColumn];
          int n = (int) classes.count();
          for (int b = 0; b < n; b++) {
            int from = positions.ints()[positions.at() + first + b];
            classes.ints()[classes.at() + b] = labels.ints()[labels.at() + from];
          }
          gather.run(values, positions.ints(), positions.at() + first, n);
        });
  }

  @Override
  public void multiply(Product size, Array left, Array right, @Nullable Array bias, Array out) {
    size.check(left, right, out, bias);
    JavaProduct product = new JavaProduct(size, false, mine(left), mine(right), mine(out), null);
    JavaArray row = bias == null ? null : mine(bias);
    submit(
        () -> {
          product.run(workers);
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
    submit(() -> product.run(workers));
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
    JavaArray x = mine(scores);
    JavaArray y = mine(labels);
    JavaArray d = mine(gradient);
    JavaArray losses = mine(rowLoss);
    JavaArray correct = mine(rowCorrect);
    double[] c = loss.numbers(x.type(), classes);
    submit(
        () ->
            workers.forEach(
                (int) losses.count(),
                16L * classes,
                (from, to) -> {
                  for (int row = from; row < to; row++) {
                    int label = y.ints()[y.at() + row % (int) y.count()];
                    correct.ints()[correct.at() + row] = right(x, row * classes, classes, label);
                    row(loss, x, row * classes, classes, label, scale, c, d, losses, row);
                  }
                }));
  }

  /** 1 if the label's score is the largest, the first of equals; 0 if not; -1 if it is no class. */
  private static int right(JavaArray scores, int at, int classes, int label) {
    if (label < 0 || label >= classes) {
      return -1;
    }
    double best = scores.number(at + label);
    boolean beaten = Double.isNaN(best);
    for (int j = 0; j < classes; j++) {
      double x = scores.number(at + j);
      beaten |= j < label ? x >= best : x > best;
    }
    return beaten ? 0 : 1;
  }

  private static void row(
      Loss loss,
      JavaArray scores,
      int index,
      int classes,
      int label,
      double scale,
      double[] c,
      JavaArray gradient,
      JavaArray rowLoss,
      int row) {
    int x = scores.at() + index;
    int d = gradient.at() + index;
    if (scores.type() == ElementType.F32) {
      float[] own = Arrays.copyOfRange(scores.floats(), x, x + classes);
      float[] numbers = {(float) c[0], (float) c[1]};
      rowLoss.floats()[rowLoss.at() + row] = loss.row(own, label, (float) scale, numbers);
      System.arraycopy(own, 0, gradient.floats(), d, classes);
    } else {
      double[] own = Arrays.copyOfRange(scores.doubles(), x, x + classes);
      rowLoss.doubles()[rowLoss.at() + row] = loss.row(own, label, scale, c);
      System.arraycopy(own, 0, gradient.doubles(), d, classes);
    }
  }

  @Override
  public void lossHessian(
      Loss loss, Array scores, Array labels, long rows, double scale, Array direction, Array out) {
    int classes = Checks.lossHessian(loss, scores, labels, rows, direction, out);
    JavaArray x = mine(scores);
    JavaArray y = mine(labels);
    JavaArray u = mine(direction);
    JavaArray r = mine(out);
    double[] c = loss.numbers(x.type(), classes);
    submit(
        () ->
            workers.forEach(
                (int) rows,
                16L * classes,
                (from, to) -> {
                  for (int row = from; row < to; row++) {
                    int label = y.ints()[y.at() + row % (int) y.count()];
                    hessianRow(loss, x, row * classes, classes, label, scale, c, u, r);
                  }
                }));
  }

  private static void hessianRow(
      Loss loss,
      JavaArray scores,
      int index,
      int classes,
      int label,
      double scale,
      double[] c,
      JavaArray direction,
      JavaArray out) {
    int x = scores.at() + index;
    int u = direction.at() + index;
    int r = out.at() + index;
    if (scores.type() == ElementType.F32) {
      float[] own = Arrays.copyOfRange(scores.floats(), x, x + classes);
      float[] product = Arrays.copyOfRange(direction.floats(), u, u + classes);
      float[] numbers = {(float) c[0], (float) c[1]};
      loss.hessianRow(own, label, (float) scale, numbers, product);
      System.arraycopy(product, 0, out.floats(), r, classes);
    } else {
      double[] own = Arrays.copyOfRange(scores.doubles(), x, x + classes);
      double[] product = Arrays.copyOfRange(direction.doubles(), u, u + classes);
      loss.hessianRow(own, label, scale, c, product);
      System.arraycopy(product, 0, out.doubles(), r, classes);
    }
  }

  @Override
  public void tally(Array rowLoss, Array rowCorrect, Steps steps) {
    int rows = Checks.tally(rowLoss, rowCorrect, steps);
    JavaArray losses = mine(rowLoss);
    JavaArray correct = mine(rowCorrect);
    mine(steps.state());
    submit(() -> tally(losses, correct, rows, steps));
  }

  private void tally(JavaArray rowLoss, JavaArray rowCorrect, int rows, Steps steps) {
    long[] state = mine(steps.state()).cells();
    if (state[Steps.HALTED] != Steps.Halt.RUNNING.code()) {
      return;
    }
    double[] results = mine(steps.results()).doubles();
    int[] correct = rowCorrect.ints();
    boolean outOfRange = false;
    boolean notFinite = false;
    for (int model = 0; model < steps.models(); model++) {
      int from = rowLoss.at() + model * rows;
      double loss =
          rowLoss.type() == ElementType.F32
              ? Exact.sum(rowLoss.floats(), from, rows)
              : Exact.sum(rowLoss.doubles(), from, rows);
      notFinite |= !Double.isFinite(loss);
      int right = 0;
      for (int i = 0; i < rows; i++) {
        int one = correct[rowCorrect.at() + model * rows + i];
        right += one;
        outOfRange |= one < 0;
      }
      int result = Steps.RESULT * ((int) state[Steps.BATCH] * steps.models() + model);
      results[result] = loss;
      results[result + 1] = right;
    }
    if (outOfRange) {
      state[Steps.HALTED] = Steps.Halt.LABEL_OUT_OF_RANGE.code();
    } else if (notFinite) {
      state[Steps.HALTED] = Steps.Halt.LOSS_NOT_FINITE.code();
    }
  }

  @Override
  public Tensors tensors(List<Parameter> parameters, int states) {
    Checks.tensors(parameters, states);
    checkOpen();
    List<JavaTensor> tensors = new ArrayList<>();
    for (Parameter parameter : parameters) {
      JavaArray value = mine(parameter.value());
      ElementType type = value.type().computed();
      JavaArray master = value;
      if (value.type() == ElementType.BF16) {
        master = array(type, value.count());
        for (int i = 0; i < value.count(); i++) {
          master.floats()[i] = Exact.widen(value.shorts()[value.at() + i]);
        }
      }
      List<JavaArray> own = new ArrayList<>();
      for (int k = 0; k < states; k++) {
        own.add(array(type, value.count()));
      }
      tensors.add(
          new JavaTensor(value, master, mine(parameter.gradient()), parameter.group(), own));
    }
    return new JavaTensors(this, List.copyOf(parameters), states, tensors);
  }

  private record JavaTensors(
      JavaDevice device, List<Parameter> parameters, int states, List<JavaTensor> tensors)
      implements Tensors {
    @Override
    public Array state(int tensor, int k) {
      return tensors.get(tensor).states().get(k);
    }

    @Override
    public Array master(int tensor) {
      return tensors.get(tensor).master();
    }

    @Override
    public void close() {
      tensors.forEach(JavaTensor::close);
    }
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
    mine(steps.state());
    submit(
        () -> {
          long[] state = mine(steps.state()).cells();
          if (state[Steps.HALTED] != Steps.Halt.RUNNING.code()) {
            return;
          }
          double[] sums = new double[own.tensors().size()];
          for (int i = 0; i < sums.length; i++) {
            sums[i] = JavaVectors.squares(workers, own.tensors().get(i).gradient());
          }
          double norm = Math.sqrt(Exact.sum(sums, 0, sums.length));
          boolean finite = Double.isFinite(norm);
          long cell = mine(steps.cells()).cells()[row(steps, state) + column];
          double most = steps.type().ofCell(cell);
          state[Steps.NORM] = Double.doubleToRawLongBits(norm);
          state[Steps.FACTOR] = Double.doubleToRawLongBits(finite && norm > most ? most / norm : 1);
          state[Steps.SKIPPED] = skipNotFinite && !finite ? 1 : 0;
        });
  }

  /** Where the current update's row begins. */
  private static int row(Steps steps, long[] state) {
    return (int) state[Steps.UPDATE] * steps.columns();
  }

  @Override
  public void update(Optimizer rule, Tensors tensors, Steps steps, int column) {
    Checks.update(rule, tensors, steps, column);
    List<JavaTensor> own = mine(tensors).tensors();
    List<JavaUpdate> updates = own.stream().map(tensor -> new JavaUpdate(rule, tensor)).toList();
    boolean looksAhead = rule.lookAhead() != null;
    mine(steps.state());
    submit(
        () -> {
          long[] state = mine(steps.state()).cells();
          boolean idle =
              state[Steps.HALTED] != Steps.Halt.RUNNING.code() || state[Steps.SKIPPED] != 0;
          if (idle && !looksAhead) {
            return;
          }
          long[] cells = mine(steps.cells()).cells();
          double factor = Double.longBitsToDouble(state[Steps.FACTOR]);
          int at = row(steps, state) + column;
          for (int i = 0; i < updates.size(); i++) {
            JavaTensor tensor = own.get(i);
            boolean rounded = tensor.value().type() == ElementType.BF16;
            if (idle) {
              tensor.goBack();
            } else {
              updates.get(i).run(workers, cells, at + (rounded ? Rounding.COLUMNS : 0), factor);
            }
            if (rounded) {
              tensor.round(workers, cells[at], i);
            }
          }
        });
  }

  @Override
  public void dot(Array x, Array y, Array out) {
    Checks.dot(x, y, out);
    JavaArray left = mine(x);
    JavaArray right = mine(y);
    JavaArray result = mine(out);
    submit(() -> JavaVectors.dot(workers, left, right, result));
  }

  @Override
  public void norm(Norm which, Array x, Array out) {
    Checks.dot(x, x, out);
    JavaArray vector = mine(x);
    JavaArray result = mine(out);
    submit(() -> JavaVectors.norm(workers, which, vector, result));
  }

  @Override
  public void axpy(double a, Array x, Array y) {
    Checks.axpy(x, y);
    JavaArray added = mine(x);
    JavaArray sum = mine(y);
    submit(() -> JavaVectors.axpy(workers, a, added, sum));
  }

  @Override
  public void axpySign(double a, Array x, Array y) {
    Checks.axpy(x, y);
    JavaArray signs = mine(x);
    JavaArray sum = mine(y);
    submit(() -> JavaVectors.axpySign(workers, a, signs, sum));
  }

  @Override
  public void scale(double a, Array x) {
    Checks.sameType(x);
    JavaArray vector = mine(x);
    submit(() -> JavaVectors.scale(workers, a, vector));
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
    closed = true; // and the arrays with it
    workers.close();
  }
}
