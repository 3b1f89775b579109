package org.thalweg.device;

import org.jspecify.annotations.Nullable;

/**
 * The sizes of a batched product: for each model, {@code left [rows × depth] · right [depth ×
 * columns]}, dense and row-major, one model behind the other.
 *
 * @param models how many products
 * @param leftShared whether all models share one left operand
 * @param rows rows of the result
 * @param columns columns of the result
 * @param depth length of the inner sum
 */
public record Product(int models, boolean leftShared, int rows, int columns, int depth) {
  private static final int LARGEST = 1 << 30;

  /** Checks that no size is negative or too large. */
  public Product {
    if (models < 0 || rows < 0 || columns < 0 || depth < 0) {
      throw new IllegalArgumentException(
          "sizes must not be negative: %d models, %d rows, %d columns, depth %d"
              .formatted(models, rows, columns, depth));
    }
    // So that the indices of rows, chunks and tiles fit an int on every device.
    if (Math.max(Math.max(rows, columns), depth) > LARGEST
        || models * (rows + 1L) > Integer.MAX_VALUE
        || (long) models * columns > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          ("sizes must be at most %d, and models * (rows + 1) and models * columns %d: %d models,"
                  + " %d rows, %d columns, depth %d")
              .formatted(LARGEST, Integer.MAX_VALUE, models, rows, columns, depth));
    }
  }

  /** One model. */
  public static Product of(int rows, int columns, int depth) {
    return new Product(1, false, rows, columns, depth);
  }

  /** Elements from one model's left operand to the next. */
  public long leftStride() {
    return leftShared ? 0 : (long) rows * depth;
  }

  /**
   * Checks the operands' sizes and types, and that the product overlaps with none of them.
   *
   * @param row a vector of {@code columns} numbers for each model, or null
   */
  public void check(Array left, Array right, Array out, @Nullable Array row) {
    Checks.sameType(left, right, out, row);
    Checks.count("left operand", left, (leftShared ? 1L : models) * rows * depth);
    Checks.count("right operand", right, (long) models * depth * columns);
    Checks.count("product", out, (long) models * rows * columns);
    if (row != null) {
      Checks.count("row vector", row, (long) models * columns);
    }
    Checks.apart("product", out, left, right, row);
  }
}
