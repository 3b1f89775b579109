package org.thalweg.device;

/** What tolerances are made of. */
final class Roundoff {
  private Roundoff() {}

  /** u: the largest relative error of one rounding to nearest. */
  static double unit(ElementType type) {
    return type == ElementType.F32 ? 0x1p-24 : 0x1p-53;
  }
}
