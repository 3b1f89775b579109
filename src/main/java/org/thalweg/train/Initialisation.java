package org.thalweg.train;

/** How the weights are initialised; the bias starts at 0. */
public enum Initialisation {
  /** All weights are 0. */
  ZEROS,
  /** Normal draws; the scale is their standard deviation. */
  NORMAL,
  /**
   * Normal draws of standard deviation {@code scale * sqrt(2 / (features + classes))}. (Glorot and
   * Bengio, AISTATS 2010, equation 12.)
   */
  XAVIER;

  /** The standard deviation of the weights. */
  double deviation(double scale, int features, int classes) {
    return switch (this) {
      case ZEROS -> 0;
      case NORMAL -> scale;
      case XAVIER -> scale * Math.sqrt(2.0 / ((double) features + classes));
    };
  }
}
