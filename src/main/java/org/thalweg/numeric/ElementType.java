package org.thalweg.numeric;

/** The type of an array's elements. */
public enum ElementType {
  F32(4),
  F64(8),
  /** bfloat16, the upper half of an F32. For storage only: arithmetic on it is done in F32. */
  BF16(2),
  /** binary16. For the rows of a data set, which are widened when they are gathered. */
  F16(2),
  I32(4),
  U8(1),
  /**
   * A cell of a step table: eight bytes that hold a number or an integer, depending on the column.
   */
  CELL(8);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** The size of an element in bytes. */
  public int bytes() {
    return bytes;
  }

  /**
   * Rounds x to this floating-point type; to BF16 and F16 in two roundings, the first one to F32.
   */
  public double round(double x) {
    return switch (this) {
      case F32 -> (float) x;
      case F64 -> x;
      case BF16 -> Exact.widen(Exact.bf16((float) x));
      case F16 -> Exact.widenHalf(Exact.half((float) x));
      default -> throw new IllegalArgumentException("not a floating-point type: " + this);
    };
  }

  /** What IEEE 754 calls the format of F16, F32 and F64, {@code "binary32"}; or bf16. */
  public String format() {
    return this == BF16 ? "bf16" : "binary" + 8 * bytes;
  }

  /** The number in a cell of a step table of this type, {@code F32} or {@code F64}. */
  public double ofCell(long cell) {
    return this == F32 ? Float.intBitsToFloat((int) cell) : Double.longBitsToDouble(cell);
  }

  /**
   * The type in which arithmetic on numbers of this type is done: F32 for BF16, otherwise the type
   * itself.
   */
  public ElementType computed() {
    return switch (this) {
      case F32, BF16 -> F32;
      case F64 -> F64;
      default -> throw new IllegalArgumentException("not a floating-point type: " + this);
    };
  }

  /** {@code "f32"}, {@code "u8"} and so on: as kernels are named. */
  public String suffix() {
    return switch (this) {
      case F32 -> "f32";
      case F64 -> "f64";
      case BF16 -> "bf16";
      case F16 -> "f16";
      case U8 -> "u8";
      default -> throw new IllegalArgumentException("no kernel takes it: " + this);
    };
  }
}
