package org.thalweg.device.java;

/** {@code device.SparseMatrix}, of arrays of the Java device. */
record JavaSparseMatrix(JavaArray ranges, JavaArray columns, JavaArray values) {
  /** The place of a row's first element. */
  int begin(int row) {
    return ranges.ints()[ranges.at() + 2 * row];
  }

  /** The place behind a row's last element. */
  int end(int row) {
    return ranges.ints()[ranges.at() + 2 * row + 1];
  }

  /** The column of an element. */
  int column(int element) {
    return columns.ints()[columns.at() + element];
  }

  /**
   * Gathers a minibatch.
   *
   * @param order whose element {@code first} is the minibatch's first row
   */
  void gather(JavaArray labels, JavaArray order, int first, JavaArray to, JavaArray y) {
    for (int b = 0; b < y.count(); b++) {
      int row = order.ints()[order.at() + first + b];
      to.ints()[to.at() + 2 * b] = begin(row);
      to.ints()[to.at() + 2 * b + 1] = end(row);
      y.ints()[y.at() + b] = labels.ints()[labels.at() + row];
    }
  }
}
