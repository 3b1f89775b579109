package org.thalweg.device.cuda;

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
 * The kernels of one device: PTX from the jar, which the driver compiles when a module is first
 * needed.
 */
final class Kernels {
  private static final int LOG_BYTES = 8192;

  private final Map<String, CUmodule> modules = new HashMap<>();
  private final Map<String, CUfunction> functions = new HashMap<>();
  private final Owned owned = new Owned();

  /** The kernel of that name, if it has been loaded. */
  @Nullable CUfunction find(String kernel) {
    return functions.get(kernel);
  }

  /** The kernel of that name in {@code kernels/<module>.cu}. */
  CUfunction load(String module, String kernel) {
    CUfunction function = new CUfunction();
    Driver.check(
        JCudaDriver.cuModuleGetFunction(function, module(module), kernel),
        "looking up kernel %s in %s.ptx",
        kernel,
        module);
    functions.put(kernel, function);
    return function;
  }

  CUmodule module(String name) {
    return modules.computeIfAbsent(name, this::compile);
  }

  private CUmodule compile(String module) {
    JITOptions options = new JITOptions();
    options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[LOG_BYTES]);
    options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, LOG_BYTES);
    CUmodule result = new CUmodule();
    int code = JCudaDriver.cuModuleLoadDataJIT(result, Pointer.to(text(module)), options);
    if (code != 0) {
      String log =
          options.getString(CUjit_option.CU_JIT_ERROR_LOG_BUFFER).replace("\0", "").strip();
      Driver.check(code, "compiling %s.ptx: %s", module, log.isEmpty() ? "no log" : log);
    }
    owned.add(() -> Driver.check(JCudaDriver.cuModuleUnload(result), "unloading %s.ptx", module));
    return result;
  }

  /**
   * The PTX with the NUL that tells the driver where it ends; in a direct buffer, since the
   * collector waits for a heap array that a native call holds, and compiling takes a while.
   */
  private static ByteBuffer text(String module) {
    String name = "/org/thalweg/kernels/" + module + ".ptx";
    try (InputStream in = Kernels.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new DeviceException("the jar lacks " + name);
      }
      byte[] ptx = in.readAllBytes();
      return ByteBuffer.allocateDirect(ptx.length + 1).put(ptx).rewind();
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + name, e);
    }
  }

  void unload() {
    owned.close();
  }
}
