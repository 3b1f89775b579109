package org.thalweg.device;

/** The norms of a vector; see {@link Device#norm}. */
public enum Norm {
  /** The sum of the magnitudes. */
  ONE,
  /** The root of the sum of the squares. */
  TWO,
  /** The largest magnitude. */
  MAX
}
