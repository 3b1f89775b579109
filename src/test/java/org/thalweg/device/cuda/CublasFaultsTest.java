package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import jcuda.Pointer;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasStatus;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.thalweg.device.Array;
import org.thalweg.device.DeviceException;
import org.thalweg.device.Product;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;

/**
 * What is said where cuBLAS is missing or fails, and that Thalweg's own products work after that.
 */
@Tag("driver")
class CublasFaultsTest {
  /** In a process of its own: what is loaded, and what fails, is settled when the driver starts. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "missing | | cuBLAS 12 (libcublas.so.12) was not found: it comes with the CUDA toolkit 12,"
            + " or apt install libcublas-12-6 from NVIDIA's repository (cuBLAS 13 will not do)",
        "fails | cuMemAllocAsync:3:2 | allocating 4,194,304 U8: needs 4.2 MB, 8.6 GB free:"
            + " CUDA_ERROR_OUT_OF_MEMORY (out of memory)",
        "fails | cuLaunchKernel:1:999 | multiplying by cuBLAS: F32 Product[models=1,"
            + " leftShared=false, rows=2, columns=2, depth=2]: CUBLAS_STATUS_EXECUTION_FAILED (a"
            + " status of cuBLAS)",
        // Nothing else is unloaded there: so closing a device closes its handle.
        "fails | cuModuleUnload:1:999 | closing cuBLAS: CUBLAS_STATUS_NOT_INITIALIZED (a status of"
            + " cuBLAS)",
      })
  void theMessageSaysWhatWasDone(String how, String fault, String expected) throws Exception {
    ProcessBuilder child =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            CublasFaultsTest.class.getName(),
            how);
    if (fault != null) {
      child.environment().put("THALWEG_SIM_FAIL", fault);
    }
    Process process = child.redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    if (out.startsWith("the system has it")) {
      return;
    }
    assertEquals(expected + "\n19.0 22.0 43.0 50.0\n", out);
  }

  /** As NVIDIA documents it, where it does; without a workspace the real one would allocate. */
  @Test
  void whatTheStandInRefuses() {
    Assumptions.assumeFalse(TestDevices.GPU, "a GPU has the real one");
    try (CudaDevice device = TestDevices.openDriver(Matmul.CUBLAS);
        CudaArray x = device.context().array(ElementType.F32, 4)) {
      cublasHandle handle = new cublasHandle();
      assertEquals(cublasStatus.CUBLAS_STATUS_SUCCESS, JCublas2.cublasCreate(handle));
      assertEquals(cublasStatus.CUBLAS_STATUS_ALLOC_FAILED, square(handle, 2, 2, x));
      assertEquals(
          cublasStatus.CUBLAS_STATUS_INVALID_VALUE,
          JCublas2.cublasSetWorkspace(handle, x.slice(1, 3).pointer(), 12));
      JCublas2.cublasSetWorkspace(handle, x.pointer(), 16);
      assertEquals(cublasStatus.CUBLAS_STATUS_SUCCESS, square(handle, 2, 2, x));
      assertEquals(cublasStatus.CUBLAS_STATUS_INVALID_VALUE, square(handle, 2, 1, x));
      assertEquals(cublasStatus.CUBLAS_STATUS_INVALID_VALUE, square(handle, -1, 2, x));
      assertEquals(cublasStatus.CUBLAS_STATUS_NOT_SUPPORTED, JCublas2.cublasSetMathMode(handle, 0));
      assertEquals(cublasStatus.CUBLAS_STATUS_SUCCESS, JCublas2.cublasDestroy(handle));
    }
  }

  private static int square(cublasHandle handle, int n, int ld, CudaArray x) {
    Pointer one = Pointer.to(new float[] {1});
    Pointer to = x.pointer();
    int compute = cublasComputeType.CUBLAS_COMPUTE_32F;
    return JCublas2.cublasGemmStridedBatchedEx_new(
        handle, 0, 0, n, n, n, one, to, 0, ld, 4, to, 0, ld, 4, one, to, 0, ld, 4, 0, compute, -1);
  }

  /**
   * Prints what {@link #theMessageSaysWhatWasDone} expects. One device stays open, so that one
   * context, and one count of calls, is all there is.
   */
  public static void main(String[] arguments) {
    try (CudaDevice own = new CudaDevice(Driver.SOFTWARE, 0)) {
      try {
        if (arguments[0].equals("missing")) {
          Cublas.load((String) null);
          System.out.println("the system has it");
        }
        try (CudaDevice device = new CudaDevice(Driver.SOFTWARE, 0, Matmul.CUBLAS)) {
          multiply(device);
        }
      } catch (DeviceException e) {
        System.out.println(e.getMessage());
      }
      System.out.println(multiply(own));
    }
  }

  private static String multiply(CudaDevice device) {
    try (Array left = device.of(ElementType.F32, 1, 2, 3, 4);
        Array right = device.of(ElementType.F32, 5, 6, 7, 8);
        Array out = device.context().array(ElementType.F32, 4)) {
      device.multiply(Product.of(2, 2, 2), left, right, null, out);
      double[] x = device.download(out);
      return "%s %s %s %s".formatted(x[0], x[1], x[2], x[3]);
    }
  }
}
