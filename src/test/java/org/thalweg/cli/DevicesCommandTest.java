package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.thalweg.Child;
import org.thalweg.device.cuda.Driver;

/** The list of a driver's devices, as the software driver plays them. */
@Tag("driver")
class DevicesCommandTest {
  /** In a process of its own, because the driver is what the environment says. */
  static final class Listing {
    private Listing() {}

    public static void main(String[] arguments) {
      DevicesCommand.gpus(Driver.SOFTWARE).forEach(System.out::println);
    }
  }

  private static final String FIRST = "sim, Thalweg software driver, compute capability ";

  @Test
  void severalHaveNumbers() throws Exception {
    assertEquals(
        "0: "
            + FIRST
            + "7.5, 8.6 GB, driver for CUDA 12.0\n1: "
            + FIRST
            + "7.5, 8.6 GB, driver for CUDA 12.0",
        Child.run(Listing.class, Map.of("THALWEG_SIM_DEVICES", "2")));
  }

  @ParameterizedTest
  @CsvSource({
    "THALWEG_SIM_CAPABILITY, 89, 'FIRST8.9, 8.6 GB, driver for CUDA 12.0'",
    "THALWEG_SIM_CAPABILITY, 61, 'not usable: FIRST6.1, 8.6 GB, driver for CUDA 12.0 is too old:"
        + " the kernels need 7.5 (Turing) or newer; --device java needs no GPU'",
    "THALWEG_SIM_VERSION, 11040, 'not usable: the NVIDIA driver is too old: it supports CUDA 11.4,"
        + " and 12.0 (R525) or newer is needed; --device java needs no GPU'",
    "THALWEG_SIM_FAIL, cuInit:1:2, 'not usable: starting the CUDA driver: CUDA_ERROR_OUT_OF_MEMORY"
        + " (out of memory); --device java needs no GPU'"
  })
  void one(String variable, String value, String expected) throws Exception {
    String out = Child.run(Listing.class, Map.of(variable, value));
    assertEquals(expected.replace("FIRST", FIRST), out);
  }
}
