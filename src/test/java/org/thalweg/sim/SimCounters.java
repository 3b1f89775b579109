package org.thalweg.sim;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Map;
import java.util.TreeMap;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import org.thalweg.device.cuda.DriverAccess;

/**
 * What the software driver has counted, read through the driver API from its reserved globals.
 * Lanes ask for bytes; a warp's instruction requests the 32-byte sectors that they lie in. There is
 * no cache in it.
 */
public final class SimCounters {
  private final Map<String, Long> values = new TreeMap<>();

  /** Starts the counts anew, or ends them. Any module of the current context will do. */
  public static void count(CUmodule module, boolean on) {
    set(module, "thalweg_sim_counting", on ? 1 : 0);
  }

  /** Sets one of the reserved globals that are numbers. */
  public static void set(CUmodule module, String global, long value) {
    DriverAccess.check(
        JCudaDriver.cuMemcpyHtoD(
            find(module, global, new long[1]), Pointer.to(new long[] {value}), Long.BYTES),
        "setting %s",
        global);
  }

  /** Reads one of the reserved globals that are numbers. */
  public static long get(CUmodule module, String global) {
    long[] value = new long[1];
    DriverAccess.check(
        JCudaDriver.cuMemcpyDtoH(Pointer.to(value), find(module, global, new long[1]), Long.BYTES),
        "reading %s",
        global);
    return value[0];
  }

  /** Injects a fault: {@code "NAME:N:CODE"}, where NAME may be *; none if empty. */
  public static void fail(CUmodule module, String fault) {
    byte[] text = (fault + "\0").getBytes(UTF_8);
    DriverAccess.check(
        JCudaDriver.cuMemcpyHtoD(
            find(module, "thalweg_sim_fail", new long[1]), Pointer.to(text), text.length),
        "injecting %s",
        fault);
  }

  private static CUdeviceptr find(CUmodule module, String global, long[] bytes) {
    CUdeviceptr address = new CUdeviceptr();
    DriverAccess.check(
        JCudaDriver.cuModuleGetGlobal(address, bytes, module, global), "finding %s", global);
    return address;
  }

  /** The counts as they are now. */
  public SimCounters(CUmodule module) {
    long[] bytes = new long[1];
    CUdeviceptr address = find(module, "thalweg_sim_counters", bytes);
    byte[] text = new byte[(int) bytes[0]];
    DriverAccess.check(JCudaDriver.cuMemcpyDtoH(Pointer.to(text), address, text.length), "reading");
    for (String line : new String(text, UTF_8).lines().toList()) {
      String[] words = line.split(" ");
      values.put(words[0] + " " + words[1], Long.parseLong(words[2]));
    }
  }

  /** The instructions of a kernel, of all kinds, that its lanes have executed. */
  public long lanes(String kernel) {
    return values.entrySet().stream()
        .filter(one -> one.getKey().startsWith(kernel + " lanes."))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  /**
   * A count of a kernel: launches, lanes.KIND (fp32, fp64, div, sqrt, integer, convert, memory,
   * warp, control), divergent, conflicts; 0 if the kernel has not run.
   */
  public long get(String kernel, String what) {
    return values.getOrDefault(kernel + " " + what, 0L);
  }

  /**
   * A count of a kernel's traffic with the allocation at an address: size, argument, and behind
   * "read." or "written.": bytes that lanes asked for, sectors that are different, requests for
   * sectors, and the fewest requests that could have done; 0 if the kernel has not touched it.
   */
  public long get(String kernel, long allocation, String what) {
    return get(kernel, "buffer.0x" + Long.toHexString(allocation) + "." + what);
  }

  /** The same, of all kernels together. */
  public long get(long allocation, String what) {
    String key = " buffer.0x" + Long.toHexString(allocation) + "." + what;
    return values.entrySet().stream()
        .filter(e -> e.getKey().endsWith(key))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  /**
   * Whether an argument of the kernel pointed into the allocation; otherwise a table in memory did.
   */
  public boolean isArgument(String kernel, long allocation) {
    return values.containsKey(kernel + " buffer.0x" + Long.toHexString(allocation) + ".argument");
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
