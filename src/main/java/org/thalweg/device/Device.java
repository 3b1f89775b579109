package org.thalweg.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.loss.Loss;
import org.thalweg.optim.Optimizer;

/**
 * The one seam: holds arrays and does arithmetic on them, in the order that makes every device's bits
 * the same. {@link JavaDevice} and {@code CudaDevice} are twins.
 *
 * <p>An operation runs at once, or, inside {@link #record}, is recorded. None of them takes a number that
 * changes from step to step: it reads a column of {@link Steps}. All sizes are checked here at the door;
 * a wrong one is an {@link IllegalArgumentException}. A device is used by one thread at a time, any thread.
 */
public interface Device extends AutoCloseable {
  /** What it is, for people: {@code "java, 2 threads"}. */
  String description();

  /** A new array, filled with zeros. Close it, or it lives as long as the device. */
  Array allocate(ElementType type, long count);

  /**
   * Copies from the buffer's position on, little-endian, as many bytes as the array has. Waits.
   *
   * @param from a direct buffer with at least that many bytes left
   */
  void upload(Array to, ByteBuffer from);

  /** The other way round; waits for everything before it. The buffer's position stays. */
  void download(Array from, ByteBuffer to);

  /**
   * Makes ready to update these parameters together: allocates the state, all zeros.
   *
   * @param parameters all of one type
   * @param states how many state arrays each parameter has
   */
  Tensors tensors(List<Parameter> parameters, int states);

  /**
   * Records a step: the operations that {@code body} calls, and at their end the move of both cursors of
   * {@code steps} to the next row. Nothing is run, and nothing may be allocated in the body.
   */
  Program record(Steps steps, Runnable body);

  /**
   * Gathers a minibatch: {@code x[b] = scale * pixels[order[first + b]]} and {@code y[b]} its label, where
   * {@code first} is the integer in a column of the current batch's row.
   *
   * @param order I32, a row of {@code rows} for each position of an epoch
   * @param x [y.count() × features]
   * @param y I32
   */
  void gather(Rows rows, Array order, Steps steps, int firstColumn, Array x, Array y);

  /**
   * {@code out = left · right + bias} for each model; the bias is one row for each model, added last.
   *
   * @param out overlaps with no operand
   */
  void multiply(Product size, Array left, Array right, @Nullable Array bias, Array out);

  /**
   * {@code out = leftᵀ · right} for each model.
   *
   * @param left stored as [depth × rows] for each model
   * @param out overlaps with no operand
   * @param ones where not null, receives the product of a row of ones with {@code right}: a bias's gradient;
   *     overlaps neither with an operand nor with {@code out}
   */
  void multiplyTransposed(Product size, Array left, Array right, Array out, @Nullable Array ones);

  /**
   * The loss of each row of scores, its gradient times {@code scale}, and whether the row is right: 1, 0,
   * or -1 for a label that is no class, whose loss is NaN.
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
   * Adds up each model's row losses and right rows into the result of the current batch. A sum that is not
   * finite, or a label that is no class, halts: this step's update and all later steps do nothing.
   */
  void tally(Array rowLoss, Array rowCorrect, Steps steps);

  /**
   * One update of all the tensors by the numbers in the current update's row.
   *
   * @param column where the columns of group 0 begin; see {@code optim.Group}
   */
  void update(Optimizer rule, Tensors tensors, Steps steps, int column);

  /** Frees everything that was allocated here and is still open. */
  @Override
  void close();

  // ---- For the host's convenience.

  /** A new array of F32 or F64 with these values, each rounded to the type. */
  default Array of(ElementType type, double... values) {
    Array array = allocate(type, values.length);
    write(array, values);
    return array;
  }

  /** Sets an F32 or F64 array, each value rounded to its type. */
  default void write(Array to, double... values) {
    ElementType type = to.type();
    Checks.count("array", to, values.length);
    ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(values.length, type.bytes()));
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      if (type == ElementType.F32) {
        bytes.putFloat((float) value);
      } else {
        bytes.putDouble(type.round(value));
      }
    }
    upload(to, bytes.flip());
  }

  /** A new I32 array. */
  default Array of(int... values) {
    Array array = allocate(ElementType.I32, values.length);
    write(array, values);
    return array;
  }

  /** Sets an I32 array. */
  default void write(Array to, int... values) {
    Checks.type("array", to, ElementType.I32);
    Checks.count("array", to, values.length);
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(values);
    upload(to, bytes);
  }

  /** The numbers of an F32 or F64 array. */
  default double[] read(Array from) {
    int n = Math.toIntExact(from.count());
    ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(n, from.type().bytes()));
    download(from, bytes.order(ByteOrder.LITTLE_ENDIAN));
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = from.type() == ElementType.F32 ? bytes.getFloat(4 * i) : bytes.getDouble(8 * i);
    }
    return values;
  }
}
