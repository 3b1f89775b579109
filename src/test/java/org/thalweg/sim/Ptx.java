package org.thalweg.sim;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;
import org.thalweg.device.cuda.DriverAccess;

/** A PTX text, loaded. The device must be current on the calling thread. */
final class Ptx implements AutoCloseable {
  /** Threads of a block in {@link #run}, where the launch is none of its arguments. */
  static final int BLOCK = 128;

  private static final int LOG_BYTES = 4096;
  private static final String HEAD = ".version 8.0\n.target sm_75\n.address_size 64\n";

  private final CUmodule module = new CUmodule();

  /** How an attempt to load ended. */
  record Outcome(int code, String log) {}

  private Ptx() {}

  /** A text that must be right, without its head. */
  static Ptx of(String text) {
    Ptx ptx = new Ptx();
    Outcome outcome = load(ptx.module, (HEAD + text).getBytes(UTF_8));
    DriverAccess.check(
        outcome.code, "loading: %s\n%s%s", outcome.log.replace("%", "%%"), HEAD, text);
    return ptx;
  }

  /** Tries to load any bytes; those that load are unloaded again. */
  static Outcome tryLoad(byte[] bytes) {
    CUmodule module = new CUmodule();
    Outcome outcome = load(module, bytes);
    if (outcome.code == 0) DriverAccess.check(JCudaDriver.cuModuleUnload(module), "unloading");
    return outcome;
  }

  private static Outcome load(CUmodule module, byte[] bytes) {
    JITOptions options = new JITOptions();
    options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[LOG_BYTES]);
    options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, LOG_BYTES);
    byte[] text = Arrays.copyOf(bytes, bytes.length + 1); // ends in NUL
    int code = JCudaDriver.cuModuleLoadDataJIT(module, Pointer.to(text), options);
    String log = options.getString(CUjit_option.CU_JIT_ERROR_LOG_BUFFER);
    return new Outcome(code, log.substring(0, (log + '\0').indexOf('\0')));
  }

  /** Memory of the device, for one run. */
  private record Buffer(CUdeviceptr address, ByteBuffer host) implements AutoCloseable {
    static Buffer of(ByteBuffer host) {
      CUdeviceptr address = new CUdeviceptr();
      DriverAccess.check(JCudaDriver.cuMemAlloc(address, host.capacity()), "allocating");
      DriverAccess.check(
          JCudaDriver.cuMemcpyHtoD(address, pointer(host), host.capacity()), "uploading");
      return new Buffer(address, host);
    }

    static Pointer pointer(ByteBuffer host) {
      return Pointer.to(array(host));
    }

    void download() {
      DriverAccess.check(
          JCudaDriver.cuMemcpyDtoH(pointer(host), address, host.capacity()), "reading");
    }

    @Override
    public void close() {
      DriverAccess.check(JCudaDriver.cuMemFree(address), "freeing");
    }
  }

  /** What {@link #bytes} has allocated. */
  @SuppressWarnings("ByteBufferBackingArray")
  static byte[] array(ByteBuffer buffer) {
    return buffer.array();
  }

  static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
  }

  static ByteBuffer longs(long... values) {
    ByteBuffer buffer = bytes(values.length * Long.BYTES);
    buffer.asLongBuffer().put(values);
    return buffer;
  }

  /** Runs {@code kernel(in, out)} with blocks of one dimension and changes {@code out} in place. */
  void run(String kernel, ByteBuffer in, ByteBuffer out, int blocks, int threads, int shared) {
    run(kernel, in, out, new int[] {blocks, 1, 1}, new int[] {threads, 1, 1}, shared);
  }

  /** The same with blocks of three dimensions, and further parameters, given as bytes. */
  void run(
      String kernel,
      ByteBuffer in,
      ByteBuffer out,
      int[] grid,
      int[] block,
      int shared,
      byte[]... parameters) {
    CUfunction function = new CUfunction();
    DriverAccess.check(
        JCudaDriver.cuModuleGetFunction(function, module, kernel), "finding %s", kernel);
    try (Buffer from = Buffer.of(in);
        Buffer to = Buffer.of(out)) {
      List<Pointer> arguments = new ArrayList<>();
      arguments.add(Pointer.to(from.address));
      arguments.add(Pointer.to(to.address));
      for (byte[] parameter : parameters) arguments.add(Pointer.to(parameter));
      DriverAccess.check(
          JCudaDriver.cuLaunchKernel(
              function,
              grid[0],
              grid[1],
              grid[2],
              block[0],
              block[1],
              block[2],
              shared,
              null,
              Pointer.to(arguments.toArray(new Pointer[0])),
              null),
          "launching %s",
          kernel);
      DriverAccess.check(JCudaDriver.cuCtxSynchronize(), "waiting for %s", kernel);
      to.download();
    }
  }

  @Override
  public void close() {
    DriverAccess.check(JCudaDriver.cuModuleUnload(module), "unloading");
  }
}
