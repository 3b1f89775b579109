package org.thalweg.device;

import org.thalweg.numeric.ElementType;

/** What tolerances are made of. */
public final class Roundoff {
  private Roundoff() {}

  /** u: the largest relative error of one rounding to nearest. */
  public static double unit(ElementType type) {
    return type == ElementType.F32 ? 0x1p-24 : 0x1p-53;
  }
}
