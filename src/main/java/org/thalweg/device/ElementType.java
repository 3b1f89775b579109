package org.thalweg.device;

/** What an array holds. */
public enum ElementType {
  F32(4),
  F64(8),
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

  /** The nearest number of this type, which is {@code F32} or {@code F64}. */
  public double round(double x) {
    return switch (this) {
      case F32 -> (float) x;
      case F64 -> x;
      default -> throw new IllegalArgumentException("not a floating-point type: " + this);
    };
  }

  /** {@code "f32"} or {@code "f64"}: the ending of a kernel's name. */
  public String suffix() {
    return switch (this) {
      case F32 -> "f32";
      case F64 -> "f64";
      default -> throw new IllegalArgumentException("not a floating-point type: " + this);
    };
  }
}
