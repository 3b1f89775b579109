package org.thalweg.cli;

import org.jspecify.annotations.Nullable;
import org.thalweg.data.Datasets;
import org.thalweg.model.Normalisation;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Options for what is done with the features first. */
final class NormalisationOptions {
  @Option(
      names = "--centre",
      description =
          "Subtracts from each feature its mean over the training rows; the model file keeps the"
              + " means.")
  private boolean centre;

  @Option(
      names = "--standardise",
      description =
          "Subtracts from each feature its mean over the training rows, and divides it by its"
              + " standard deviation; one that is constant is not divided. The model file keeps"
              + " both.")
  private boolean standardise;

  /** What they say together. */
  Normalisation get(CommandSpec spec) {
    if (centre && standardise) {
      throw Usage.wrong(spec, "--standardise centres too: leave --centre out");
    }
    return centre
        ? Normalisation.CENTRE
        : standardise ? Normalisation.STANDARDISE : Normalisation.NONE;
  }

  /** Refuses to make other numbers of the zeros that sparse rows do not store. */
  static void check(CommandSpec spec, @Nullable String data, Normalisation given) {
    if (given != Normalisation.NONE && data != null && Datasets.isSparse(data)) {
      throw Usage.wrong(
          spec, "--%s: the rows of %s are sparse, and their zeros would be no zeros", given, data);
    }
  }
}
