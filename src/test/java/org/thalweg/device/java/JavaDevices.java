package org.thalweg.device.java;

import org.junit.jupiter.api.Assumptions;

/** {@link JavaDevice} with one of its two kinds of loops. */
public final class JavaDevices {
  private JavaDevices() {}

  /** Plain loops only. */
  public static JavaDevice plain(int threads) {
    return new JavaDevice(threads, Long.MAX_VALUE);
  }

  /** Those of the Vector API wherever there are some, however small the operation is. */
  public static JavaDevice vectors(int threads) {
    Assumptions.assumeTrue(VectorProduct.AVAILABLE, "this JVM has no jdk.incubator.vector");
    return new JavaDevice(threads, 0);
  }
}
