package org.thalweg.device.java;

/**
 * The loop that scales gathered bytes, by the Vector API: the JIT does not vectorise the plain one,
 * which takes nine times as long.
 */
interface VectorScaling {
  /** How many fma a scaled byte counts as, of those that make it worth loading the loops. */
  int WORTH = 8;

  /** {@code to[at + i] = (from[i] & 0xff) * factor} for the first n bytes. */
  void widen(byte[] from, int n, float factor, float[] to, int at);

  /** Loads the loop on first use. */
  final class Loaded {
    static final VectorScaling LOOPS = VectorProduct.load(VectorScaling.class, "Byte");

    private Loaded() {}
  }
}
