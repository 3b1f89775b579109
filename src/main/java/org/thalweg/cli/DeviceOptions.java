package org.thalweg.cli;

import org.thalweg.device.cuda.Matmul;
import picocli.CommandLine.Option;

/** Options for the device. */
final class DeviceOptions {
  @Option(
      names = "--device",
      paramLabel = "NAME",
      description =
          "${COMPLETION-CANDIDATES}; auto is cuda where there is a GPU, else java. Default: auto.")
  private DeviceChoice device = DeviceChoice.auto;

  @Option(
      names = "--matmul",
      paramLabel = "NAME",
      description =
          "The implementation of matrix products on a GPU: ${COMPLETION-CANDIDATES}; cuBLAS 12 must"
              + " be installed, and sums in an order of its own, so that weights are the same only"
              + " with own. Default: own.")
  private Matmul matmul = Matmul.OWN;

  DeviceChoice.Opened open() {
    return device.open(matmul);
  }
}
