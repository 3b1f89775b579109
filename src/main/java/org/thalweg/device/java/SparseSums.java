package org.thalweg.device.java;

/**
 * The totals of a chunk for one row of a sparse product's result. Places are counted from the
 * beginning of each operand.
 */
interface SparseSums {
  /** Sets the row of the result that begins at {@code to} to +0. */
  void begin(int to);

  /** Adds an element times the row of the right operand that begins at {@code from}. */
  void add(int element, int from);

  /** Adds the totals to the row of the result that begins at {@code to}, and sets them to +0. */
  void endChunk(int to);

  /**
   * Adds the bias that begins at {@code from} to the row of the result that begins at {@code to}.
   */
  void addBias(int from, int to);
}
