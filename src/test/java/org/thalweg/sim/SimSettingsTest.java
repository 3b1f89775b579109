package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.Child;
import org.thalweg.device.DeviceException;
import org.thalweg.device.TestDevices;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.Driver;
import org.thalweg.device.cuda.DriverAccess;

/**
 * What can be set of the software driver: limits, faults to inject, devices; and what it refuses.
 */
@Tag("driver")
class SimSettingsTest {
  private static final String KERNEL =
      """
      .extern .shared .align 16 .b8 s[];
      .visible .entry store(.param .u64 p) {
        .reg .b64 %rd<2>;
        ld.param.u64 %rd1, [p];
        st.global.u32 [%rd1], 1;
        ret;
      }
      .visible .entry count() {
        .reg .b32 %r<2>;
        .reg .pred %p<2>;
        mov.u32 %r1, 0;
      AGAIN:
        add.s32 %r1, %r1, 1;
        setp.lt.s32 %p1, %r1, 1000;
        @%p1 bra AGAIN;
        ret;
      }
      .visible .entry forever() {
      LOOP:
        bra.uni LOOP;
      }
      """;

  @BeforeAll
  static void onlyHere() {
    Assumptions.assumeFalse(TestDevices.GPU, "a GPU has no such settings");
  }

  @Test
  void aLaunchThatDoesNotEnd() {
    try (TestModule module = TestModule.of(KERNEL)) {
      SimCounters.set(module.module(), "thalweg_sim_budget", 1000);
      TestModule.Shape one = TestModule.Shape.of(1, 32);
      assertEquals(CUresult.CUDA_ERROR_LAUNCH_TIMEOUT, module.tryRun("forever", one, 0));
      assertEquals(
          "cuLaunchKernel: the launch has issued all of its 1000 instructions"
              + " (thalweg_sim_budget), at bra.uni, PTX line 23 of kernel forever, block (0,0,0),"
              + " thread (0,0,0)",
          module.message());
    }
    // The next context is intact, and has the budget that the environment says.
    try (TestModule module = TestModule.of(KERNEL)) {
      module.run("count", TestModule.Shape.of(1, 1), 0);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, 1, 1, 0, a grid of",
    "1, 65536, 1, 1, 0, a grid of",
    "1, 1, 0, 1, 0, a block of",
    "1, 1, 1025, 1, 0, a block of",
    "1, 1, 64, 17, 0, a block of",
    "1, 1, 1, 1, 49153, 49153 bytes of shared memory"
  })
  void aLaunchBeyondTheLimits(int gx, int gy, int bx, int by, int shared, String message) {
    try (TestModule module = TestModule.of(KERNEL)) {
      long buffer = module.allocate(4);
      TestModule.Shape shape = new TestModule.Shape(gx, gy, bx, by);
      assertEquals(
          CUresult.CUDA_ERROR_INVALID_VALUE, module.tryRun("store", shape, shared, buffer));
      assertTrue(module.message().contains("kernel store: " + message), module::message);
      module.run("store", TestModule.Shape.of(1, 1), 49152, buffer); // nothing is lost
    }
  }

  @Test
  void theSecondCallFails() {
    try (TestModule module = TestModule.of(KERNEL)) {
      SimCounters.fail(module.module(), "cuMemAlloc:2:2");
      CUdeviceptr[] buffer = {new CUdeviceptr(), new CUdeviceptr(), new CUdeviceptr()};
      assertEquals(0, JCudaDriver.cuMemAlloc(buffer[0], 4));
      assertEquals(CUresult.CUDA_ERROR_OUT_OF_MEMORY, JCudaDriver.cuMemAlloc(buffer[1], 4));
      assertEquals("cuMemAlloc: fails as thalweg_sim_fail asks", module.message());
      assertEquals(0, JCudaDriver.cuMemAlloc(buffer[2], 4));
      SimCounters.fail(module.module(), "");
      var refused =
          assertThrows(
              DeviceException.class, () -> SimCounters.fail(module.module(), "cuMemAloc:2:2"));
      assertTrue(refused.getMessage().contains("CUDA_ERROR_INVALID_VALUE"), refused.getMessage());
      assertTrue(module.message().contains("CALL:N:CODE"), module::message);
    }
  }

  @Test
  void aCallThatIsMissingIsRefused() {
    try (TestModule module = TestModule.of(KERNEL)) {
      assertEquals(CUresult.CUDA_ERROR_NOT_SUPPORTED, JCudaDriver.cuStreamQuery(null));
      module.allocate(4); // and nothing is the worse for it
    }
  }

  /** In a process of its own, because these come from the environment when the driver is loaded. */
  @ParameterizedTest
  @CsvSource({
    "THALWEG_SIM_MEMORY, 1048576, 1 device; total 1048576; 2 MiB: 2; other device: none",
    "THALWEG_SIM_DEVICES, 2, 2 devices; total 8589934592; 2 MiB: 0; other device: 700",
    "THALWEG_SIM_FAIL, cuMemAlloc:1:999, 1 device; total 8589934592; 2 MiB: 999; other device: none"
  })
  void fromTheEnvironment(String name, String value, String expected) throws Exception {
    assertEquals(expected, Child.run(SimSettingsTest.class, Map.of(name, value)));
  }

  /** Every variable with values that it does not take, and some that there are not. */
  static Stream<Arguments> misspelt() {
    Map<String, String> whole =
        Map.ofEntries(
            Map.entry("BASE", "0 to 1"),
            Map.entry("BUDGET", "1 to 18446744073709551615"),
            Map.entry("CAPABILITY", "10 to 999"),
            Map.entry("CHECKS", "0 to 1"),
            Map.entry("COUNT", "0 to 1"),
            Map.entry("DEVICES", "1 to 4"),
            Map.entry("LATE", "0 to 1"),
            Map.entry("MEMORY", "1 to 274877906944"),
            Map.entry("POOLS", "0 to 1"),
            Map.entry("PRINT", "0 to 1"),
            Map.entry("REPORT", "0 to 1"),
            Map.entry("SEED", "0 to 18446744073709551615"),
            Map.entry("THREADS", "1 to 65536"),
            Map.entry("VERSION", "1000 to 99999"));
    List<String> values = List.of("abc", "-1", "1x", " 1", "1.5", "99999999999999999999999");
    List<String> names = List.copyOf(new TreeMap<>(whole).keySet());
    Stream<Arguments> numbers = // each has one of the values, and the memory all
        IntStream.range(0, names.size() + values.size())
            .mapToObj(
                i -> {
                  String name = i < names.size() ? names.get(i) : "MEMORY";
                  return Arguments.of(name, values.get(i % values.size()), whole.get(name));
                });
    Stream<Arguments> failures =
        Stream.of("foo", "*:-1:2", "*:0:2", "*:1", "*:1:0", "*:1:2x", "cuMemAloc:1:2", "*:1:2:3")
            .map(value -> Arguments.of("FAIL", value, "CALL:N:CODE, as in cuMemAlloc:3:2"));
    Stream<Arguments> unknown =
        Map.of("MEMORI", "MEMORY", "FIAL", "FAIL", "THREAD", "THREADS", "seed", "SEED")
            .entrySet()
            .stream()
            .map(
                name ->
                    Arguments.of(
                        name.getKey(),
                        "1",
                        "there is no such variable; the nearest is THALWEG_SIM_"
                            + name.getValue()));
    return Stream.of(numbers, failures, unknown).flatMap(all -> all);
  }

  @ParameterizedTest
  @MethodSource("misspelt")
  void aVariableThatIsMisspeltStopsTheDriver(String name, String value, String allowed)
      throws Exception {
    String message = Child.withErrors(Opening.class, Map.of("THALWEG_SIM_" + name, value));
    String beginning =
        "starting the CUDA driver: CUDA_ERROR_INVALID_VALUE (THALWEG_SIM_%s=%s: "
            .formatted(name, value);
    assertTrue(message.startsWith(beginning), message);
    assertTrue(message.contains(allowed), message);
    assertEquals(1, message.lines().count(), message);
  }

  /** Prints why the driver cannot be opened. */
  static final class Opening {
    public static void main(String[] arguments) {
      try (CudaDevice device = new CudaDevice(Driver.SOFTWARE, 0)) {
        System.out.println(device.description());
      } catch (DeviceException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  /** Prints what {@link #fromTheEnvironment} expects. */
  public static void main(String[] arguments) {
    try (TestModule module = TestModule.of(KERNEL)) {
      int[] devices = new int[1];
      JCudaDriver.cuDeviceGetCount(devices);
      long[] total = new long[1];
      JCudaDriver.cuMemGetInfo(new long[1], total);
      CUdeviceptr buffer = DriverAccess.pointer();
      int result = JCudaDriver.cuMemAlloc(buffer, 2 << 20);
      String other = "none";
      if (devices[0] > 1) {
        try (TestModule there = TestModule.of(KERNEL, 1)) {
          long address = DriverAccess.address(buffer);
          other = "" + there.tryRun("store", TestModule.Shape.of(1, 1), 0, address);
        }
      }
      List<Object> values =
          List.of(devices[0], devices[0] == 1 ? "" : "s", total[0], result, other);
      Objects.requireNonNull(module.module());
      System.out.printf("%d device%s; total %d; 2 MiB: %d; other device: %s%n", values.toArray());
    }
  }
}
