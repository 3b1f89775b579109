package org.thalweg.device.java;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Product;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * The twin of {@code kernels/sparse.cu}: products whose left operand has stored elements only, in
 * the order of {@link JavaProduct}.
 *
 * @param bias added to each row of a plain product; null for none
 */
record JavaSparseProduct(
    Product size, JavaSparseMatrix left, JavaArray right, @Nullable JavaArray bias, JavaArray out) {
  /** Computes {@code left · right + bias} for each model. */
  void run(Workers workers) {
    int rows = size.rows();
    long each = rows == 0 ? 0 : left.values().count() / rows * size.columns();
    workers.forEach(
        size.models() * rows,
        each,
        (from, to) -> {
          SparseSums sums = sums();
          for (int i = from; i < to; i++) {
            row(i / rows, i % rows, i * size.columns(), sums);
          }
        });
  }

  private void row(int model, int row, int to, SparseSums sums) {
    int depth = size.depth();
    int chunk = 0;
    sums.begin(to);
    for (int k = left.begin(row); k < left.end(row); k++) {
      int column = left.column(k);
      if (column / Exact.PRODUCT_CHUNK != chunk) {
        sums.endChunk(to);
        chunk = column / Exact.PRODUCT_CHUNK;
      }
      sums.add(k, (model * depth + column) * size.columns());
    }
    sums.endChunk(to);
    if (bias != null) {
      sums.addBias(model * size.columns(), to);
    }
  }

  private SparseSums sums() {
    return out.type() == ElementType.F32 ? new FloatSparseSums(this) : new DoubleSparseSums(this);
  }

  /** Computes {@code leftᵀ · right} for each model; each thread has some rows of the result. */
  void runTransposed(Workers workers) {
    int width = size.rows();
    long each = width == 0 ? 0 : left.values().count() / width * size.columns();
    int parts = workers.threads();
    workers.forEach(
        parts,
        each * width / parts,
        (begin, end) -> {
          for (int part = begin; part < end; part++) {
            int first = (int) ((long) width * part / parts);
            int last = (int) ((long) width * (part + 1) / parts);
            for (int model = 0; model < size.models(); model++) {
              transposed(model, first, last);
            }
          }
        });
  }

  /**
   * Rows {@code first .. last - 1} of one model's result. A chunk's elements are put into a list
   * for each column of the left operand, and the lists are added one after the other.
   */
  private void transposed(int model, int first, int last) {
    SparseSums sums = sums();
    Lists lists = new Lists(last - first);
    int to = (model * size.rows() + first) * size.columns();
    for (int column = 0; column < last - first; column++) {
      sums.begin(to + column * size.columns());
    }
    for (int chunk = 0; chunk < size.depth(); chunk += Exact.PRODUCT_CHUNK) {
      int end = Math.min(chunk + Exact.PRODUCT_CHUNK, size.depth());
      for (int row = end - 1; row >= chunk; row--) { // a list's last element is put in first
        for (int k = firstFrom(row, first); k < left.end(row); k++) {
          int column = left.column(k);
          if (column >= last) {
            break;
          }
          lists.put(column - first, k, row);
        }
      }
      for (int i = 0; i < lists.used; i++) {
        int column = lists.columns[i];
        for (int at = lists.heads[column]; at >= 0; at = lists.next[at]) {
          sums.add(lists.elements[at], (model * size.depth() + lists.rows[at]) * size.columns());
        }
        sums.endChunk(to + column * size.columns());
      }
      lists.clear();
    }
  }

  /** The place of a row's first element in a column from {@code first} on. */
  private int firstFrom(int row, int first) {
    JavaArray columns = left.columns();
    int at = columns.at();
    int found =
        Arrays.binarySearch(columns.ints(), at + left.begin(row), at + left.end(row), first);
    return (found < 0 ? -found - 1 : found) - at;
  }

  /** For some columns the elements in each, with their rows. */
  private static final class Lists {
    final int[] heads; // -1 for an empty list
    int[] columns = new int[16]; // that have elements
    int used;
    int[] next = new int[16];
    int[] elements = new int[16];
    int[] rows = new int[16];
    int count;

    Lists(int width) {
      heads = new int[width];
      Arrays.fill(heads, -1);
    }

    void put(int column, int element, int row) {
      if (count == next.length) {
        next = Arrays.copyOf(next, 2 * count);
        elements = Arrays.copyOf(elements, 2 * count);
        rows = Arrays.copyOf(rows, 2 * count);
        columns = Arrays.copyOf(columns, 2 * count);
      }
      if (heads[column] < 0) {
        columns[used++] = column;
      }
      next[count] = heads[column];
      elements[count] = element;
      rows[count] = row;
      heads[column] = count++;
    }

    void clear() {
      for (int i = 0; i < used; i++) {
        heads[columns[i]] = -1;
      }
      used = 0;
      count = 0;
    }
  }
}
