package org.thalweg.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.Driver;
import org.thalweg.device.java.JavaDevice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code thalweg devices}. */
@Command(
    name = "devices",
    description = "Lists the devices that can be used here, and says why the others cannot.",
    mixinStandardHelpOptions = true,
    descriptionHeading = "%n",
    optionListHeading = "%n",
    parameterListHeading = "%n",
    footerHeading = "%nExample%n",
    footer = "  thalweg devices")
final class DevicesCommand implements Runnable {
  @Spec CommandSpec spec;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    out.println("java   " + describe(JavaDevice::new, ""));
    List<String> gpus = gpus(Driver.NVIDIA);
    String why = Driver.SOFTWARE.missing();
    String sim = why == null ? "the CUDA kernels on the software driver" : "not usable: " + why;
    if (why == null && !Driver.NVIDIA.isLoaded()) { // a process loads one CUDA driver
      sim = describe(() -> new CudaDevice(Driver.SOFTWARE, 0), "");
    }
    out.println("sim    " + sim);
    gpus.forEach(gpu -> out.println("cuda   " + gpu));
    out.flush();
  }

  /**
   * Describes each device of a driver, with its number if there are several. {@code --device} takes
   * the first.
   */
  static List<String> gpus(Driver driver) {
    String advice = "; --device java needs no GPU";
    try {
      int count = CudaDevice.count(driver);
      return IntStream.range(0, count)
          .mapToObj(
              i -> (count == 1 ? "" : i + ": ") + describe(() -> new CudaDevice(driver, i), advice))
          .toList();
    } catch (DeviceException e) {
      return List.of("not usable: " + e.getMessage() + advice);
    }
  }

  private static String describe(Supplier<Device> open, String advice) {
    try (Device device = open.get()) {
      return device.description();
    } catch (DeviceException e) {
      return "not usable: " + e.getMessage() + advice;
    }
  }
}
