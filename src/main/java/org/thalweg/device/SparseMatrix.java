package org.thalweg.device;

import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;

/**
 * A matrix on a device of which only some elements are stored; the others are 0. It owns no memory.
 *
 * @param ranges I32 [2 × rows]: for each row the place of its first element in the other two
 *     arrays, and the place behind its last
 * @param columns I32, the column of each element, ascending within a row and below {@code width};
 *     what is on the device is not checked
 * @param values the elements, F32 or F64
 * @param width columns of the matrix
 */
public record SparseMatrix(Array ranges, Array columns, Array values, int width) {
  /** Checks sizes and types. */
  public SparseMatrix {
    Checks.type("ranges", ranges, ElementType.I32);
    Checks.type("columns", columns, ElementType.I32);
    Checks.computed(values.type());
    Checks.count("values", values, columns.count());
    Require.that(ranges.count() % 2 == 0, "%s ends of ranges are not pairs", ranges.count());
    Require.that(width >= 0, "width must not be negative: %s", width);
  }

  /** How many rows. */
  public int rows() {
    return Math.toIntExact(ranges.count() / 2);
  }

  /** Rows {@code from .. from + n - 1}. */
  public SparseMatrix slice(int from, int n) {
    return with(ranges.slice(2L * from, 2L * n));
  }

  /** Other rows whose elements lie in the same arrays. */
  public SparseMatrix with(Array ranges) {
    return new SparseMatrix(ranges, columns, values, width);
  }

  /**
   * Checks that it is the left operand of a product, as {@link Product#check} does for dense ones.
   *
   * @param transposed whether it is stored as [depth × rows]
   */
  public void check(Product size, boolean transposed, Array right, Array out, @Nullable Array row) {
    int rows = transposed ? size.depth() : size.rows();
    int columns = transposed ? size.rows() : size.depth();
    Require.that(
        rows() == rows && width == columns,
        "left operand must be [%s × %s], not [%s × %s]",
        rows,
        columns,
        rows(),
        width);
    Require.that(size.leftShared() || size.models() == 1, "all models share a sparse left operand");
    Checks.sameType(values, right, out, row);
    Checks.count("right operand", right, (long) size.models() * size.depth() * size.columns());
    Checks.count("product", out, (long) size.models() * size.rows() * size.columns());
    Require.that(
        out.count() <= Integer.MAX_VALUE,
        "a sparse product has at most %s elements, not %s",
        Integer.MAX_VALUE,
        out.count());
    if (row != null) {
      Checks.count("row vector", row, (long) size.models() * size.columns());
    }
    Checks.apart("product", out, ranges, columns(), values, right, row);
  }
}
