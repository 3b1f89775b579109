package org.thalweg.device;

import java.util.List;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/** The tensors that one optimizer updates in one launch, with the state that it keeps for them. */
public interface Tensors extends AutoCloseable {
  /**
   * The most state arrays that a parameter can have: a row of the kernels' tensor table has room
   * for these.
   */
  int MAX_STATES = 3;

  /** The bytes that a row of that table takes at most. */
  int TABLE_ROW = 128;

  /** The bytes of a parameter that one block of threads updates. */
  int BLOCK = 16384;

  /** The parameters, in the order in which they were given. */
  List<Parameter> parameters();

  /** How many state arrays each parameter has. */
  int states();

  /** State array {@code k} of a tensor: as long as its parameter, 0 at first. */
  Array state(int tensor, int k);

  /** What is updated: the parameter's value, or where that is BF16 its master in F32. */
  Array master(int tensor);

  /**
   * Bytes that they take on the device at most: masters and states, each with a gap of less than 16
   * before it, and the kernels' tables.
   *
   * @param counts the elements of each parameter
   */
  static long bytes(ElementType type, int states, long... counts) {
    int arrays = states + (type == type.computed() ? 0 : 1);
    long bytes = 0;
    for (long count : counts) {
      long own = count * type.computed().bytes();
      bytes += arrays * (own + 16) + TABLE_ROW + 4 * (own / BLOCK + 1);
      bytes += 8 * (Exact.chunks(count) + 1);
    }
    return bytes;
  }

  /** Frees the state and the masters; the parameters and gradients belong to the caller. */
  @Override
  void close();
}
