package org.thalweg.device.cuda;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.DeviceException;
import org.thalweg.device.Owned;

/**
 * The kernels of one device: PTX from the jar, of which the driver compiles each kernel when it is
 * first needed, and no other.
 */
final class Kernels {
  private static final int LOG_BYTES = 8192;
  private static final String ENTRY = ".visible .entry "; // begins a kernel

  private final Map<String, String> sources = new HashMap<>();
  private final Map<String, CUmodule> modules = new HashMap<>();
  private final Map<String, CUfunction> functions = new HashMap<>();
  private final Owned owned = new Owned();

  /** The kernel of that name, if it has been loaded. */
  @Nullable CUfunction find(String kernel) {
    return functions.get(kernel);
  }

  /** The kernel of that name in {@code kernels/<source>.cu}. */
  CUfunction load(String source, String kernel) {
    CUfunction function = new CUfunction();
    Driver.check(
        JCudaDriver.cuModuleGetFunction(function, module(source, kernel), kernel),
        "looking up kernel %s in %s.ptx",
        kernel,
        source);
    functions.put(kernel, function);
    return function;
  }

  /** A module of that kernel alone. */
  CUmodule module(String source, String kernel) {
    return modules.computeIfAbsent(kernel, name -> compile(source, name));
  }

  private CUmodule compile(String source, String kernel) {
    String all = sources.computeIfAbsent(source, Kernels::read);
    JITOptions options = new JITOptions();
    options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[LOG_BYTES]);
    options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, LOG_BYTES);
    CUmodule result = new CUmodule();
    Pointer text = Pointer.to(terminated(alone(all, source, kernel)));
    int code = JCudaDriver.cuModuleLoadDataJIT(result, text, options);
    if (code != 0) {
      String log =
          options.getString(CUjit_option.CU_JIT_ERROR_LOG_BUFFER).replace("\0", "").strip();
      Driver.check(
          code, "compiling %s of %s.ptx: %s", kernel, source, log.isEmpty() ? "no log" : log);
    }
    owned.add(() -> Driver.check(JCudaDriver.cuModuleUnload(result), "unloading %s", kernel));
    return result;
  }

  /** The declarations before the first kernel of a PTX file, and one kernel. */
  static String alone(String ptx, String source, String kernel) {
    int from = ptx.indexOf(ENTRY + kernel + "(");
    if (from < 0) {
      throw new DeviceException("%s.ptx lacks the kernel %s".formatted(source, kernel));
    }
    int next = ptx.indexOf(ENTRY, from + 1);
    return ptx.substring(0, ptx.indexOf(ENTRY))
        + ptx.substring(from, next < 0 ? ptx.length() : next);
  }

  /**
   * With the NUL that tells the driver where it ends; in a direct buffer, since the collector waits
   * for a heap array that a native call holds, and compiling takes a while.
   */
  private static ByteBuffer terminated(String ptx) {
    byte[] bytes = ptx.getBytes(US_ASCII);
    return ByteBuffer.allocateDirect(bytes.length + 1).put(bytes).rewind();
  }

  private static String read(String source) {
    String name = "/org/thalweg/kernels/" + source + ".ptx";
    try (InputStream in = Kernels.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new DeviceException("the jar lacks " + name);
      }
      return new String(in.readAllBytes(), US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + name, e);
    }
  }

  void unload() {
    owned.close();
  }
}
