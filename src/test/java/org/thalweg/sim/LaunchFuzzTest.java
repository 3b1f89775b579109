package org.thalweg.sim;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Assumptions;
import org.thalweg.device.TestDevices;
import org.thalweg.device.cuda.Driver;
import org.thalweg.device.cuda.DriverAccess;

/**
 * Kernels that were mutated and still load run to an end, good or bad, within the software driver's
 * budget of instructions: they harm their context and nothing else. Each try has a context of its
 * own.
 */
@Tag("driver")
class LaunchFuzzTest {
  private static final long BUDGET = 20_000;
  private static final int THREADS = 64;

  /** The most bytes that a kernel's parameters take, by CUDA's rules; it has no more of them. */
  private static final int PARAMETER_BYTES = 4352;

  private static final Pattern ENTRY = Pattern.compile("\\.entry\\s+(\\w+)");

  private static final Set<Integer> OUTCOMES =
      Set.of(
          CUresult.CUDA_SUCCESS,
          CUresult.CUDA_ERROR_INVALID_VALUE,
          CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
          CUresult.CUDA_ERROR_LAUNCH_FAILED,
          CUresult.CUDA_ERROR_INVALID_PC);

  private static List<String> texts;
  private static final CUdevice DEVICE = new CUdevice();
  private static int launched;

  @BeforeContainer
  static void open() throws IOException {
    Assumptions.assumeFalse(TestDevices.GPU, "a GPU has no budget of instructions");
    texts = PtxMutations.texts();
    DriverAccess.load(Driver.SOFTWARE);
    DriverAccess.check(JCudaDriver.cuInit(0), "initialising");
    DriverAccess.check(JCudaDriver.cuDeviceGet(DEVICE, 0), "opening device 0");
  }

  @AfterContainer
  static void mostWereLaunched() {
    assertTrue(texts == null || launched > 10, "launched " + launched);
  }

  @Property(tries = 400, shrinking = ShrinkingMode.OFF)
  void mutatedKernelsEnd(@ForAll long seed) throws IOException {
    Random random = PtxMutations.begin(seed);
    String text = texts.get(random.nextInt(texts.size()));
    text = PtxMutations.mutate(text, random);
    Matcher entry = ENTRY.matcher(text);
    if (!entry.find()) return;
    CUcontext context = new CUcontext();
    DriverAccess.check(JCudaDriver.cuDevicePrimaryCtxRetain(context, DEVICE), "opening device 0");
    DriverAccess.check(JCudaDriver.cuCtxSetCurrent(context), "making the device current");
    try {
      CUmodule module = new CUmodule();
      byte[] bytes = (text + '\0').getBytes(ISO_8859_1);
      if (JCudaDriver.cuModuleLoadData(module, bytes) != CUresult.CUDA_SUCCESS) return;
      CUfunction function = new CUfunction();
      if (JCudaDriver.cuModuleGetFunction(function, module, entry.group(1)) != 0) return;
      // Both go with the context; what is wrong with a mutated kernel is nobody's concern.
      SimCounters.set(module, "thalweg_sim_budget", BUDGET);
      SimCounters.set(module, "thalweg_sim_print", 0);
      int code =
          JCudaDriver.cuLaunchKernel(
              function,
              1 + random.nextInt(3),
              1,
              1,
              THREADS,
              1,
              1,
              random.nextInt(2) * 4096,
              null,
              arguments(random),
              null);
      if (code == CUresult.CUDA_SUCCESS) code = JCudaDriver.cuCtxSynchronize();
      assertTrue(OUTCOMES.contains(code), "seed " + seed + ": " + CUresult.stringFor(code));
      launched++;
    } finally {
      DriverAccess.check(JCudaDriver.cuDevicePrimaryCtxReset(DEVICE), "ending the context");
    }
  }

  /** Addresses of memory, and small numbers; more of them than the kernel has parameters. */
  private static Pointer arguments(Random random) {
    CUdeviceptr memory = DriverAccess.pointer();
    DriverAccess.check(JCudaDriver.cuMemAlloc(memory, 1 << 16), "allocating");
    DriverAccess.check(
        JCudaDriver.cuMemsetD8(memory, (byte) random.nextInt(4), 1 << 16), "filling");
    Pointer[] some = new Pointer[8];
    for (int k = 0; k < some.length; k++) {
      long[] parameter = new long[PARAMETER_BYTES / Long.BYTES];
      Arrays.fill(parameter, k % 2 == 0 ? DriverAccess.address(memory) : random.nextInt(100));
      some[k] = Pointer.to(parameter);
    }
    return Pointer.to(
        Stream.generate(() -> some[random.nextInt(some.length)])
            .limit(PARAMETER_BYTES)
            .toArray(Pointer[]::new));
  }
}
