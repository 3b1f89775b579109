package org.thalweg.sim;

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
import org.thalweg.device.cuda.Driver;
import org.thalweg.device.cuda.DriverAccess;

/**
 * A module of {@code src/test/kernels} in a context of its own: closing it ends the context, with
 * the error that it may have come to and with its memory. The software driver prints nothing while
 * it is open.
 */
public final class TestModule implements AutoCloseable {
  /** The software driver's reserved globals. */
  private static final String SEED = "thalweg_sim_seed";

  private static final String BUDGET = "thalweg_sim_budget";
  private static final String MESSAGE = "thalweg_sim_message";

  private final CUdevice device = new CUdevice();
  private final CUmodule module = new CUmodule();
  private final String ptx;

  /** Loads {@code src/test/resources/kernels/<name>.ptx}. */
  public TestModule(String name) {
    this(Path.of("src/test/resources/kernels", name + ".ptx").toString(), text(name), 0);
  }

  /** Loads a PTX text, without its head, on device 0. */
  public static TestModule of(String text) {
    return of(text, 0);
  }

  /** The same on another device. */
  public static TestModule of(String text, int ordinal) {
    String head = ".version 8.0\n.target sm_75\n.address_size 64\n";
    return new TestModule("a text", (head + text + "\0").getBytes(UTF_8), ordinal);
  }

  private TestModule(String ptx, byte[] text, int ordinal) {
    this.ptx = ptx;
    DriverAccess.load(TestDevices.GPU ? Driver.NVIDIA : Driver.SOFTWARE);
    CUcontext context = new CUcontext();
    DriverAccess.check(JCudaDriver.cuInit(0), "initialising");
    DriverAccess.check(JCudaDriver.cuDeviceGet(device, ordinal), "opening device %d", ordinal);
    DriverAccess.check(
        JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "opening device %d", ordinal);
    DriverAccess.check(JCudaDriver.cuCtxSetCurrent(context), "making the device current");
    DriverAccess.check(JCudaDriver.cuModuleLoadData(module, text), "loading %s", ptx);
    if (!TestDevices.GPU) {
      SimCounters.set(module, "thalweg_sim_print", 0); // who plants a defect asks for message()
    }
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
  public record Shape(int gridX, int gridY, int blockX, int blockY) {
    public static Shape of(int blocks, int threads) {
      return new Shape(blocks, 1, threads, 1);
    }
  }

  public CUmodule module() {
    return module;
  }

  public long allocate(long bytes) {
    CUdeviceptr address = DriverAccess.pointer();
    DriverAccess.check(JCudaDriver.cuMemAlloc(address, bytes), "allocating %d bytes", bytes);
    return DriverAccess.address(address);
  }

  public void free(long address) {
    DriverAccess.check(JCudaDriver.cuMemFree(pointer(address)), "freeing 0x%x", address);
  }

  public long upload(int... values) {
    return upload(Pointer.to(values), 4L * values.length);
  }

  public long upload(float... values) {
    return upload(Pointer.to(values), 4L * values.length);
  }

  public long upload(double... values) {
    return upload(Pointer.to(values), 8L * values.length);
  }

  public long upload(byte... values) {
    return upload(Pointer.to(values), values.length);
  }

  private long upload(Pointer values, long bytes) {
    long address = allocate(Math.max(1, bytes));
    write(address, values, bytes);
    return address;
  }

  public void write(long address, int... values) {
    write(address, Pointer.to(values), 4L * values.length);
  }

  private static void write(long address, Pointer values, long bytes) {
    DriverAccess.check(
        JCudaDriver.cuMemcpyHtoD(pointer(address), values, bytes), "uploading %d bytes", bytes);
  }

  public int[] ints(long address, int n) {
    int[] values = new int[n];
    read(address, Pointer.to(values), 4L * n);
    return values;
  }

  public float[] floats(long address, int n) {
    float[] values = new float[n];
    read(address, Pointer.to(values), 4L * n);
    return values;
  }

  public double[] doubles(long address, int n) {
    double[] values = new double[n];
    read(address, Pointer.to(values), 8L * n);
    return values;
  }

  private static void read(long address, Pointer to, long bytes) {
    DriverAccess.check(
        JCudaDriver.cuMemcpyDtoH(to, pointer(address), bytes), "downloading %d bytes", bytes);
  }

  /** Launches and waits. The arguments are Integer, Long, Float or Double. */
  public void run(String kernel, Shape shape, int sharedBytes, Object... arguments) {
    int result = tryRun(kernel, shape, sharedBytes, arguments);
    if (result != 0) {
      DriverAccess.check(result, "running %s over %s: %s", kernel, shape, message());
    }
  }

  /** The same; returns the code of the launch, or where that succeeded, of the waiting. */
  public int tryRun(String kernel, Shape shape, int sharedBytes, Object... arguments) {
    CUfunction function = new CUfunction();
    DriverAccess.check(
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
  public void seed(long seed) {
    if (!TestDevices.GPU) {
      write(global(SEED), Pointer.to(new long[] {seed}), Long.BYTES);
    }
  }

  /** How many instructions the warps of a launch may issue, where the software driver runs them. */
  public void budget(long instructions) {
    if (!TestDevices.GPU) {
      write(global(BUDGET), Pointer.to(new long[] {instructions}), Long.BYTES);
    }
  }

  /** What the software driver said last; also after an error that lost the context. */
  public String message() {
    if (TestDevices.GPU) {
      return "";
    }
    byte[] text = new byte[4096];
    read(global(MESSAGE), Pointer.to(text), text.length);
    return new String(text, UTF_8).replaceFirst("(?s)\0.*", "");
  }

  private long global(String name) {
    CUdeviceptr address = DriverAccess.pointer();
    DriverAccess.check(
        JCudaDriver.cuModuleGetGlobal(address, new long[1], module, name), "looking up %s", name);
    return DriverAccess.address(address);
  }

  public static CUdeviceptr pointer(long address) {
    return DriverAccess.pointer(address);
  }

  @Override
  public void close() {
    DriverAccess.check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "ending the context");
  }
}
