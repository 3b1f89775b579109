package org.thalweg.data;

import org.thalweg.numeric.Require;

/**
 * How a LIBSVM file is read.
 *
 * @param zeroBased whether its indices begin at 0, not at 1
 * @param features how many a row has; 0 for as many as the largest index says
 * @param owner what has so many features, for the message about an index beyond them
 * @param manyClasses whether the labels may have about as many values as there are rows, or be
 *     numbers that are not whole; they may where the number of features is given
 */
public record LibsvmOptions(boolean zeroBased, int features, String owner, boolean manyClasses) {
  /** Indices begin at 1, and the largest says how many features there are. */
  public static final LibsvmOptions DEFAULT = new LibsvmOptions(false, 0, "", false);

  /** Checks the number of features. */
  public LibsvmOptions {
    Require.that(features >= 0, "features must be at least 0: %s", features);
  }

  /** These for rows of so many features. */
  public LibsvmOptions withFeatures(int of, String whose) {
    return new LibsvmOptions(zeroBased, of, whose, manyClasses);
  }
}
