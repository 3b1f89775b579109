package org.thalweg.device;

import java.util.List;
import java.util.Random;
import org.thalweg.numeric.ElementType;
import org.thalweg.selftest.Suite;

/** Numbers for tests. */
public final class Values {
  /** What both device types of a step can be. */
  public static final List<ElementType> TYPES = Suite.TYPES;

  private Values() {}

  /** Normal numbers of that deviation, rounded to nothing yet. */
  public static double[] normal(Random random, int n, double deviation) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = deviation * random.nextGaussian();
    }
    return values;
  }
}
