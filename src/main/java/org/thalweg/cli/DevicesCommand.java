package org.thalweg.cli;

import java.io.PrintWriter;
import org.thalweg.device.DeviceException;
import org.thalweg.device.cuda.Driver;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code thalweg devices}. */
@Command(
    name = "devices",
    description = "Says which devices can be used here, and why the others cannot.",
    mixinStandardHelpOptions = true)
final class DevicesCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    out.println("java   " + describe(DeviceChoice.java));
    // A process loads one CUDA driver: the software driver is not opened, so that NVIDIA's can be.
    String why = Driver.SOFTWARE.missing();
    out.println(
        "sim    "
            + (why == null ? "the CUDA kernels on the software driver" : "not usable: " + why));
    out.println("cuda   " + describe(DeviceChoice.cuda));
    out.flush();
  }

  private static String describe(DeviceChoice choice) {
    try (DeviceChoice.Opened opened = choice.open()) {
      return opened.toString();
    } catch (DeviceException e) {
      return "not usable: " + e.getMessage();
    }
  }
}
