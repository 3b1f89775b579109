package org.thalweg.cli;

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
}
