package org.thalweg.device;

/** How long a vector is; see {@link Device#norm}. */
public enum Norm {
  /** The sum of the magnitudes. */
  ONE,
  /** The root of the sum of the squares. */
  TWO,
  /** The largest magnitude. */
  MAX
}
