package org.thalweg.model;

import java.util.Locale;
import org.thalweg.data.Dataset;
import org.thalweg.data.SparseRows;
import org.thalweg.numeric.Require;

/** What is done with the features before a model is trained on them, and used later. */
public enum Normalisation {
  /** They are used as they are. */
  NONE,
  /** The mean of each over the training rows is subtracted. */
  CENTRE,
  /** The same, and then each is divided by its standard deviation over the training rows. */
  STANDARDISE;

  /**
   * By the means and deviations of these rows.
   *
   * @throws IllegalArgumentException if they are sparse, and not used as they are
   */
  public Scaling of(Dataset training) {
    Require.that(
        this == NONE || !(training.values() instanceof SparseRows),
        "sparse rows cannot be centred: what is not stored would no longer be 0");
    double scale = training.scaleOr1();
    return switch (this) {
      case NONE -> Scaling.of(scale);
      case CENTRE -> new Scaling(scale, training.means(), null);
      case STANDARDISE -> {
        double[] means = training.means();
        yield new Scaling(scale, means, training.deviations(means));
      }
    };
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
