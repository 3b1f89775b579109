package org.thalweg.oracle;

import java.math.BigDecimal;

/** Sums without a rounding. */
public final class VectorOracle {
  private VectorOracle() {}

  /** {@code sum of x[i] * y[i]}. */
  public static BigDecimal dot(double[] x, double[] y) {
    BigDecimal sum = BigDecimal.ZERO;
    for (int i = 0; i < x.length; i++) {
      sum = sum.add(new BigDecimal(x[i]).multiply(new BigDecimal(y[i])));
    }
    return sum;
  }
}
