package org.thalweg.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Optimizer;

/**
 * A device holds arrays and does arithmetic on them, in a fixed order, so that all devices compute
 * the same bits. {@code JavaDevice} and {@code CudaDevice} implement it.
 *
 * <p>An operation runs at once, or, inside {@link #record}, is recorded. A number that changes from
 * step to step is not an argument: the operation reads it from a column of {@link Steps}. Sizes are
 * checked when an operation is called; a wrong one is an {@link IllegalArgumentException}. A device
 * is used by one thread at a time, any thread.
 */
public interface Device extends AutoCloseable {
  /** What it is, for people: {@code "java, 2 threads"}. */
  String description();

  /** Bytes of memory that are free. */
  long available();

  /**
   * A new array, filled with zeros. Close it: one that nobody can reach any more is freed too, but
   * late, and on a GPU with a warning in the log.
   *
   * @throws DeviceException if there is not that much memory; the message says how much there is
   */
  Array allocate(ElementType type, long count);

  /**
   * Copies from the buffer's position on, little-endian, as many bytes as the array has. The buffer
   * may be reused on return, even if the device has not made the copy yet.
   *
   * @param from any buffer with at least that many bytes left
   */
  void upload(Array to, ByteBuffer from);

  /**
   * {@link #upload(Array, ByteBuffer)} while the device works on what it was given before. Waits
   * for the copy, not for that work.
   *
   * @param to nothing that was given to the device since the last download uses it, or was enqueued
   *     on its stream since then; nor was it allocated since then
   */
  default void uploadBeside(Array to, ByteBuffer from) {
    upload(to, from);
  }

  /** Copies the array to the buffer's position; waits for all earlier work. The position stays. */
  void download(Array from, ByteBuffer to);

  /**
   * Prepares a joint update of these parameters: allocates their state, all zeros.
   *
   * @param parameters all of one type
   * @param states how many state arrays each parameter has
   */
  Tensors tensors(List<Parameter> parameters, int states);

  /**
   * Bytes of memory that {@link #tensors} takes, at most.
   *
   * @param type of the parameters
   * @param counts the elements of each
   */
  long tensorBytes(ElementType type, int states, long... counts);

  /** {@link #tensors(List, int)} with the state arrays of a rule, set to its initial values. */
  default Tensors tensors(List<Parameter> parameters, Optimizer rule) {
    try (Owned opening = new Owned()) {
      Tensors tensors = opening.add(tensors(parameters, rule.states()));
      for (int k = 0; k < rule.states(); k++) {
        double first = rule.definition().states().get(k);
        for (int i = 0; i < parameters.size() && first != 0; i++) {
          double[] values = new double[Math.toIntExact(parameters.get(i).value().count())];
          Arrays.fill(values, first);
          upload(tensors.state(i, k), values);
        }
      }
      opening.keep();
      return tensors;
    }
  }

  /**
   * Records a step: the operations that {@code body} calls, followed by the move of both cursors of
   * {@code steps} to the next row. Nothing is executed, and the body may not allocate anything.
   */
  Program record(Steps steps, Runnable body);

  /**
   * Gathers a minibatch: {@code x[b]} is row {@code order[first + b]}, scaled as {@link Rows} says,
   * and {@code y[b]} its label, where {@code first} is the integer in a column of the current
   * batch's row.
   *
   * @param order I32, a row of {@code rows} for each position of an epoch
   * @param x [y.count() × features]
   * @param y I32
   */
  void gather(Rows rows, Array order, Steps steps, int firstColumn, Array x, Array y);

  /**
   * Gathers a minibatch of sparse rows: row b has the elements of row {@code order[first + b]},
   * which stay where they are, and {@code y[b]} is its label, where {@code first} is as for the
   * other {@code gather}.
   *
   * @param labels the class of each row, I32
   * @param order I32, a row of {@code rows} for each position of an epoch
   * @param ranges I32 [2 × y.count()], for {@link SparseMatrix#with}
   * @param y I32
   */
  void gather(
      SparseMatrix rows,
      Array labels,
      Array order,
      Steps steps,
      int firstColumn,
      Array ranges,
      Array y);

  /**
   * {@code out = left · right + bias} for each model; the bias is one row for each model, added
   * last.
   *
   * @param out overlaps with no operand
   */
  void multiply(Product size, Array left, Array right, @Nullable Array bias, Array out);

  /**
   * {@code out = leftᵀ · right} for each model.
   *
   * @param left stored as [depth × rows] for each model
   * @param out overlaps with no operand
   * @param ones where not null, receives the product of a row of ones with {@code right}: a bias's
   *     gradient; overlaps neither with an operand nor with {@code out}
   */
  void multiplyTransposed(Product size, Array left, Array right, Array out, @Nullable Array ones);

  /**
   * {@code out = left · right + bias} for each model. What is not stored of the left operand is
   * left out: where the right one is finite, the bits are those of the dense product.
   *
   * @param left one for all models
   * @param out overlaps with no operand
   */
  void multiply(Product size, SparseMatrix left, Array right, @Nullable Array bias, Array out);

  /**
   * {@code out = leftᵀ · right} for each model, as above.
   *
   * @param left one for all models, [depth × rows]
   * @param out overlaps with no operand
   * @param ones as for dense operands
   */
  void multiplyTransposed(
      Product size, SparseMatrix left, Array right, Array out, @Nullable Array ones);

  /**
   * {@code out = left · rightᵀ} for each model: the gradient of a layer's inputs, from that of its
   * outputs and its weights.
   *
   * @param right stored as [columns × depth] for each model
   * @param out overlaps with no operand
   */
  void multiplyByTransposed(Product size, Array left, Array right, Array out);

  /**
   * The loss of each row of scores, its gradient times {@code scale}, and whether the row is right:
   * 1, 0, or -1 for a label that is no class, whose loss is NaN.
   *
   * @param scores [rows × classes]
   * @param labels I32; row r has label {@code r % labels.count()}, so that models share them
   * @param gradient as large as the scores; may be the same array
   * @param rowLoss [rows]
   * @param rowCorrect I32 [rows]
   */
  void loss(
      Loss loss,
      Array scores,
      Array labels,
      double scale,
      Array gradient,
      Array rowLoss,
      Array rowCorrect);

  /**
   * The product of each row's Hessian, that of the loss with respect to its scores, with a
   * direction, times {@code scale}.
   *
   * @param loss one that is {@link Loss#twiceDifferentiable}
   * @param scores [rows × classes]
   * @param labels I32, as for {@link #loss}, one for each row or each of a few that models share
   * @param rows how many there are
   * @param direction as large as the scores
   * @param out as large as the scores; may be the direction, and shares no element with the scores
   */
  void lossHessian(
      Loss loss, Array scores, Array labels, long rows, double scale, Array direction, Array out);

  /**
   * Adds up each model's row losses and right rows into the result of the current batch. A sum that
   * is not finite, or a label that is no class, halts the run: this step's update and all later
   * steps do nothing.
   */
  void tally(Array rowLoss, Array rowCorrect, Steps steps);

  /**
   * Computes the joint norm of all gradients, before they are scaled or regularised, and stores it
   * for {@link Steps#account}. Where it is larger than the number in a column of the current
   * update's row, this step's update multiplies each gradient by the quotient. (Pascanu, Mikolov,
   * Bengio, ICML 2013.) Squares are summed in binary64, first within each tensor and then over all
   * tensors.
   *
   * @param column holds the largest norm: of the gradients as they are, so divided by their scale;
   *     may be infinite
   * @param skipNotFinite whether a NaN or infinity among the gradients skips this step's update,
   *     which then does not move the update cursor; else nothing is clipped, and they spread to the
   *     parameters
   */
  void clip(Tensors tensors, Steps steps, int column, boolean skipNotFinite);

  /**
   * One update of all the tensors by the numbers in the current update's row.
   *
   * @param column where the columns of group 0 begin, see {@code optim.Group}; for BF16 parameters,
   *     where the cell of {@code optim.Rounding} is, before them
   */
  void update(Optimizer rule, Tensors tensors, Steps steps, int column);

  // ---- Vectors: F32 or F64 arrays of one type and one count.

  /** Elements that {@link #dot} and {@link #norm} need in {@code out} for vectors of n elements. */
  static long dotRoom(long n) {
    return 1 + Exact.chunks(n);
  }

  /**
   * {@code out[0]} is the sum of all {@code x[i] * y[i]}. Each product and each sum is rounded to
   * binary64, whatever the vectors' type; a product of two floats is exact. Chunks of {@link
   * Exact#CHUNK} elements are summed first; the elements of {@code out} behind the first receive
   * their sums.
   *
   * @param y may be x
   * @param out F64, at least {@link #dotRoom} elements; shares none with x or y
   */
  void dot(Array x, Array y, Array out);

  /**
   * {@code out[0]} is the norm of x, in binary64: no square of a float overflows. A NaN anywhere
   * gives NaN, an empty vector 0.
   *
   * @param out as for {@link #dot}
   */
  void norm(Norm which, Array x, Array out);

  /**
   * {@code y[i] = a * x[i] + y[i]}, rounded once.
   *
   * @param a rounded to the vectors' type; a recorded step keeps it
   * @param x may be y; otherwise it shares no element with it
   */
  void axpy(double a, Array x, Array y);

  /**
   * {@code y[i] = a * sign(x[i]) + y[i]}, rounded once, where the sign is 1, -1, or x itself where
   * that is 0 or NaN: adds a subgradient of {@code a} times the sum of the magnitudes.
   *
   * @param a rounded to the vectors' type; a recorded step keeps it
   * @param x may be y; otherwise it shares no element with it
   */
  void axpySign(double a, Array x, Array y);

  /**
   * {@code x[i] = a * x[i]}.
   *
   * @param a rounded to the vector's type; a recorded step keeps it
   */
  void scale(double a, Array x);

  /**
   * {@code x[i][j] = factors[i] * x[i][j]}: what weights do to rows of gradients, or to their
   * losses.
   *
   * @param factors [rows], of x's type; shares no element with it
   * @param x row-major [rows × columns]; its count says how many columns
   */
  void scaleRows(Array factors, Array x);

  /**
   * {@code to[i] = from[i]}, bit for bit.
   *
   * @param from of any type
   * @param to of the same type and count; shares no element with {@code from}
   */
  void copy(Array from, Array to);

  /** Frees everything that was allocated here and is still open. */
  @Override
  void close();

  // ---- Convenience methods for the host.

  /** A new array with these values: {@link #upload(Array, double...)}. */
  default Array of(ElementType type, double... values) {
    try (Owned opening = new Owned()) {
      Array array = opening.add(allocate(type, values.length));
      upload(array, values);
      opening.keep();
      return array;
    }
  }

  /** Sets an array. Each value is rounded to its type; those for I32 and U8 must be integers. */
  default void upload(Array to, double... values) {
    ElementType type = to.type();
    Checks.count("array", to, values.length);
    ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(values.length, type.bytes()));
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      switch (type) {
        case F32 -> bytes.putFloat((float) value);
        case BF16 -> bytes.putShort(Exact.bf16((float) value));
        case F16 -> bytes.putShort(Exact.half((float) value));
        case I32 -> bytes.putInt((int) value);
        case U8 -> bytes.put((byte) (int) value);
        case F64, CELL -> bytes.putDouble(value);
      }
    }
    upload(to, bytes.flip());
  }

  /** Sets an F32 array. */
  default void upload(Array to, float[] from) {
    Checks.type("array", to, ElementType.F32);
    Checks.count("array", to, from.length);
    ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(4, from.length));
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(from);
    upload(to, bytes);
  }

  /** Copies an F32 array to the host; waits for all earlier work. */
  default void download(Array from, float[] to) {
    Checks.type("array", from, ElementType.F32);
    Checks.count("array", from, to.length);
    ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(4, to.length));
    download(from, bytes);
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(to);
  }

  /** A new I32 array. */
  default Array of(int... values) {
    try (Owned opening = new Owned()) {
      Array array = opening.add(allocate(ElementType.I32, values.length));
      upload(array, values);
      opening.keep();
      return array;
    }
  }

  /** Sets an I32 array. */
  default void upload(Array to, int... values) {
    Checks.type("array", to, ElementType.I32);
    Checks.count("array", to, values.length);
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(values);
    upload(to, bytes);
  }

  /** Waits for the dot product and returns it. The other {@code dot} allocates nothing. */
  default double dot(Array x, Array y) {
    try (Array out = allocate(ElementType.F64, dotRoom(x.count()))) {
      dot(x, y, out);
      return download(out.slice(0, 1))[0];
    }
  }

  /** Waits for the norm and returns it. The other {@code norm} allocates nothing. */
  default double norm(Norm which, Array x) {
    try (Array out = allocate(ElementType.F64, dotRoom(x.count()))) {
      norm(which, x, out);
      return download(out.slice(0, 1))[0];
    }
  }

  /** The numbers of an array; the bits of a cell are read as a binary64 number. */
  default double[] download(Array from) {
    int n = Math.toIntExact(from.count());
    ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(n, from.type().bytes()));
    download(from, bytes.order(ByteOrder.LITTLE_ENDIAN));
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] =
          switch (from.type()) {
            case F32 -> bytes.getFloat(4 * i);
            case BF16 -> Exact.widen(bytes.getShort(2 * i));
            case F16 -> Exact.widenHalf(bytes.getShort(2 * i));
            case I32 -> bytes.getInt(4 * i);
            case U8 -> bytes.get(i) & 0xff;
            case F64, CELL -> bytes.getDouble(8 * i);
          };
    }
    return values;
  }
}
