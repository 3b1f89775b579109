package org.thalweg.numeric;

/** What an array holds. */
public enum ElementType {
  F32(4),
  F64(8),
  /** The upper half of an F32. Storage only: it is computed in F32. */
  BF16(2),
  I32(4),
  U8(1),
  /** Eight bytes that a step table reads as the number or the integer that its column holds. */
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
   * The nearest number of this type, which is {@code F32} or {@code F64}; of {@code BF16}, by way
   * of F32.
   */
  public double round(double x) {
    return switch (this) {
      case F32 -> (float) x;
      case F64 -> x;
      case BF16 -> Exact.widen(Exact.bf16((float) x));
      default -> throw new IllegalArgumentException("not a floating-point type: " + this);
    };
  }

  /** The number in a cell of a step table of this type, {@code F32} or {@code F64}. */
  public double ofCell(long cell) {
    return this == F32 ? Float.intBitsToFloat((int) cell) : Double.longBitsToDouble(cell);
  }

  /** What numbers of this floating-point type are computed in: itself, or F32 for BF16. */
  public ElementType computed() {
    return switch (this) {
      case F32, BF16 -> F32;
      case F64 -> F64;
      default -> throw new IllegalArgumentException("not a floating-point type: " + this);
    };
  }

  /** {@code "f32"}, {@code "f64"} or {@code "bf16"}: the ending of a kernel's name. */
  public String suffix() {
    return switch (this) {
      case F32 -> "f32";
      case F64 -> "f64";
      case BF16 -> "bf16";
      default -> throw new IllegalArgumentException("not a floating-point type: " + this);
    };
  }
}
