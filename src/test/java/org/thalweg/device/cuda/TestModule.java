package org.thalweg.device.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import org.thalweg.device.TestDevices;

/**
 * A module of {@code src/test/kernels} in a context of its own: closing it ends the context, with
 * the error that it may have come to and with its memory.
 */
final class TestModule implements AutoCloseable {
  /** The software driver's reserved globals. */
  private static final String SEED = "thalweg_sim_seed";

  private static final String BUDGET = "thalweg_sim_budget";
  private static final String MESSAGE = "thalweg_sim_message";

  private final CUdevice device = new CUdevice();
  private final CUmodule module = new CUmodule();
  private final String ptx;

  /** Loads {@code src/test/resources/kernels/<name>.ptx}. */
  TestModule(String name) {
    this(Path.of("src/test/resources/kernels", name + ".ptx").toString(), text(name), 0);
  }

  /** Loads a PTX text, without its head, on device 0. */
  static TestModule of(String text) {
    return of(text, 0);
  }

  /** The same on another device. */
  static TestModule of(String text, int ordinal) {
    String head = ".version 8.0\n.target sm_75\n.address_size 64\n";
    return new TestModule("a text", (head + text + "\0").getBytes(UTF_8), ordinal);
  }

  private TestModule(String ptx, byte[] text, int ordinal) {
    this.ptx = ptx;
    (TestDevices.GPU ? Driver.NVIDIA : Driver.SOFTWARE).load();
    CUcontext context = new CUcontext();
    Driver.check(JCudaDriver.cuInit(0), "initialising");
    Driver.check(JCudaDriver.cuDeviceGet(device, ordinal), "opening device %d", ordinal);
    Driver.check(
        JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "opening device %d", ordinal);
    Driver.check(JCudaDriver.cuCtxSetCurrent(context), "making the device current");
    Driver.check(JCudaDriver.cuModuleLoadData(module, text), "loading %s", ptx);
  }

  private static byte[] text(String name) {
    Path ptx = Path.of("src/test/resources/kernels", name + ".ptx");
    try {
      byte[] text = Files.readAllBytes(ptx);
      return Arrays.copyOf(text, text.length + 1); // ends in NUL
    } catch (IOException e) {
      throw new AssertionError("reading " + ptx, e);
    }
  }

  /** Blocks of a grid, threads of a block. */
  record Shape(int gridX, int gridY, int blockX, int blockY) {
    static Shape of(int blocks, int threads) {
      return new Shape(blocks, 1, threads, 1);
    }
  }

  CUmodule module() {
    return module;
  }

  long allocate(long bytes) {
    CudaArray.Address address = new CudaArray.Address();
    Driver.check(JCudaDriver.cuMemAlloc(address, bytes), "allocating %d bytes", bytes);
    return address.value();
  }

  void free(long address) {
    Driver.check(JCudaDriver.cuMemFree(pointer(address)), "freeing 0x%x", address);
  }

  long upload(int... values) {
    return upload(Pointer.to(values), 4L * values.length);
  }

  long upload(float... values) {
    return upload(Pointer.to(values), 4L * values.length);
  }

  long upload(double... values) {
    return upload(Pointer.to(values), 8L * values.length);
  }

  long upload(byte... values) {
    return upload(Pointer.to(values), values.length);
  }

  private long upload(Pointer values, long bytes) {
    long address = allocate(Math.max(1, bytes));
    write(address, values, bytes);
    return address;
  }

  void write(long address, int... values) {
    write(address, Pointer.to(values), 4L * values.length);
  }

  private static void write(long address, Pointer values, long bytes) {
    Driver.check(
        JCudaDriver.cuMemcpyHtoD(pointer(address), values, bytes), "uploading %d bytes", bytes);
  }

  int[] ints(long address, int n) {
    int[] values = new int[n];
    read(address, Pointer.to(values), 4L * n);
    return values;
  }

  float[] floats(long address, int n) {
    float[] values = new float[n];
    read(address, Pointer.to(values), 4L * n);
    return values;
  }

  double[] doubles(long address, int n) {
    double[] values = new double[n];
    read(address, Pointer.to(values), 8L * n);
    return values;
  }

  private static void read(long address, Pointer to, long bytes) {
    Driver.check(
        JCudaDriver.cuMemcpyDtoH(to, pointer(address), bytes), "downloading %d bytes", bytes);
  }

  /** Launches and waits. The arguments are Integer, Long, Float or Double. */
  void run(String kernel, Shape shape, int sharedBytes, Object... arguments) {
    int result = tryRun(kernel, shape, sharedBytes, arguments);
    if (result != 0) {
      Driver.check(result, "running %s over %s: %s", kernel, shape, message());
    }
  }

  /** The same; returns the code of the launch, or where that succeeded, of the waiting. */
  int tryRun(String kernel, Shape shape, int sharedBytes, Object... arguments) {
    CUfunction function = new CUfunction();
    Driver.check(
        JCudaDriver.cuModuleGetFunction(function, module, kernel), "finding %s in %s", kernel, ptx);
    Pointer[] pointers = new Pointer[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      pointers[i] = argument(arguments[i]);
    }
    int result =
        JCudaDriver.cuLaunchKernel(
            function,
            shape.gridX,
            shape.gridY,
            1,
            shape.blockX,
            shape.blockY,
            1,
            sharedBytes,
            null,
            Pointer.to(pointers),
            null);
    return result != 0 ? result : JCudaDriver.cuCtxSynchronize();
  }

  private static Pointer argument(Object value) {
    if (value instanceof Integer i) {
      return Pointer.to(new int[] {i});
    } else if (value instanceof Long l) {
      return Pointer.to(new long[] {l});
    } else if (value instanceof Float f) {
      return Pointer.to(new float[] {f});
    } else if (value instanceof Double d) {
      return Pointer.to(new double[] {d});
    }
    throw new AssertionError("no kernel argument: " + value);
  }

  /**
   * The order of the blocks and warps of later launches, where the software driver runs them; 0:
   * ascending.
   */
  void seed(long seed) {
    if (!TestDevices.GPU) {
      write(global(SEED), Pointer.to(new long[] {seed}), Long.BYTES);
    }
  }

  /** How many instructions the warps of a launch may issue, where the software driver runs them. */
  void budget(long instructions) {
    if (!TestDevices.GPU) {
      write(global(BUDGET), Pointer.to(new long[] {instructions}), Long.BYTES);
    }
  }

  /** What the software driver said last; also after an error that lost the context. */
  String message() {
    if (TestDevices.GPU) {
      return "";
    }
    byte[] text = new byte[4096];
    read(global(MESSAGE), Pointer.to(text), text.length);
    return new String(text, UTF_8).replaceFirst("(?s)\0.*", "");
  }

  private long global(String name) {
    CudaArray.Address address = new CudaArray.Address();
    Driver.check(
        JCudaDriver.cuModuleGetGlobal(address, new long[1], module, name), "looking up %s", name);
    return address.value();
  }

  static CUdeviceptr pointer(long address) {
    return new CudaArray.Address(new CudaArray.Address(), address);
  }

  @Override
  public void close() {
    Driver.check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "ending the context");
  }
}
