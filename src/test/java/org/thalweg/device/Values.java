package org.thalweg.device;

import java.util.Random;
import org.thalweg.numeric.ElementType;

/** Numbers for tests. */
public final class Values {
  /** What both device types of a step can be. */
  public static final ElementType[] TYPES = {ElementType.F32, ElementType.F64};

  /** The sizes that break kernels and are small. */
  public static final int[] SIZES = {
    0, 1, 3, 4, 5, 31, 32, 33, 127, 128, 129, 511, 512, 513, 1023, 1024, 1025
  };

  private Values() {}

  /** Normal numbers of that deviation, rounded to nothing yet. */
  public static double[] normal(Random random, int n, double deviation) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = deviation * random.nextGaussian();
    }
    return values;
  }

  /** Zeros, subnormals, the ends of the range, infinities and NaN. */
  public static double[] special(ElementType type) {
    boolean f32 = type == ElementType.F32;
    double least = f32 ? Float.MIN_VALUE : Double.MIN_VALUE;
    double normal = f32 ? Float.MIN_NORMAL : Double.MIN_NORMAL;
    double most = f32 ? Float.MAX_VALUE : Double.MAX_VALUE;
    return new double[] {
      0.0,
      -0.0,
      least,
      -least,
      normal - least,
      normal,
      1,
      -1.5,
      most,
      -most,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      Double.NaN
    };
  }
}
