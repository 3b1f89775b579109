package org.thalweg.kernels;

import static java.nio.charset.StandardCharsets.UTF_8;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerCompile;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerCreate;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerDestroy;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetErrorLog;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetErrorLogSize;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetInfoLog;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetInfoLogSize;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What NVIDIA's own PTX compiler, the one inside a CUDA 12.0 driver, makes of the shipped kernels:
 * it accepts them, spills nothing, and the optimizers leave room for six blocks of 256 threads.
 */
@Tag("driver") // JCuda's natives hold the compiler; no GPU and no driver is needed
class RegistersTest {
  /** 65,536 registers / (6 blocks x 256 threads) = 42, and they are given out in eights. */
  static final int MOST_REGISTERS = 40;

  private static final Pattern KERNEL =
      Pattern.compile(
          "Compiling entry function '(\\w+)'.*?(\\d+) bytes spill stores, (\\d+) bytes spill loads"
              + ".*?Used (\\d+) registers",
          Pattern.DOTALL);

  private record Usage(int registers, int spilled) {}

  /**
   * JCuda extracts to fixed names in java.io.tmpdir, where another JVM may be at it: use our own.
   */
  @BeforeAll
  static void loadCompiler() throws IOException {
    String shared = System.getProperty("java.io.tmpdir");
    Path own = Files.createTempDirectory("thalweg-ptx");
    System.setProperty("java.io.tmpdir", own.toString());
    try {
      JNvPTXCompiler.setExceptionsEnabled(true);
    } finally {
      System.setProperty("java.io.tmpdir", shared);
      try (Stream<Path> extracted = Files.list(own)) {
        for (Path file : extracted.toList()) Files.delete(file);
      }
      Files.delete(own);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sm_75", "sm_80", "sm_90"})
  void kernelsFitTheirRegisters(String architecture) throws IOException {
    List<String> wrong = new ArrayList<>();
    int optimizers = 0;
    for (Path ptx : KernelSourcesTest.compiled()) {
      Map<String, Usage> usages = compile(ptx, architecture);
      assertNotEquals(Map.of(), usages, "no kernel found in " + ptx);
      for (var usage : usages.entrySet()) {
        boolean optimizer = ptx.endsWith("optimizers.ptx") && usage.getKey().endsWith("_f32");
        if (optimizer) optimizers++;
        boolean bounded = optimizer && !architecture.equals("sm_75"); // Turing holds 1,024 threads
        if (usage.getValue().spilled() > 0
            || (bounded && usage.getValue().registers() > MOST_REGISTERS)) {
          wrong.add(usage.getKey() + " on " + architecture + ": " + usage.getValue());
        }
      }
    }
    assertEquals(List.of(), wrong, "no spills, and at most 40 registers for an optimizer in f32");
    assertNotEquals(0, optimizers);
  }

  private static Map<String, Usage> compile(Path ptx, String architecture) throws IOException {
    byte[] text = Files.readAllBytes(ptx);
    nvPTXCompilerHandle compiler = new nvPTXCompilerHandle();
    nvPTXCompilerCreate(compiler, text.length, Arrays.copyOf(text, text.length + 1));
    try {
      String[] options = {"--gpu-name=" + architecture, "--verbose"};
      try {
        nvPTXCompilerCompile(compiler, options.length, options);
      } catch (RuntimeException refused) {
        long[] size = new long[1];
        nvPTXCompilerGetErrorLogSize(compiler, size);
        byte[] log = new byte[(int) size[0]];
        nvPTXCompilerGetErrorLog(compiler, log);
        throw new AssertionError(ptx + " for " + architecture + ": " + new String(log, UTF_8));
      }
      long[] size = new long[1];
      nvPTXCompilerGetInfoLogSize(compiler, size);
      byte[] log = new byte[(int) size[0]];
      nvPTXCompilerGetInfoLog(compiler, log);
      return usages(new String(log, UTF_8));
    } finally {
      nvPTXCompilerDestroy(compiler);
    }
  }

  private static Map<String, Usage> usages(String log) {
    Map<String, Usage> found = new LinkedHashMap<>();
    Matcher kernel = KERNEL.matcher(log);
    while (kernel.find()) {
      int spilled = Integer.parseInt(kernel.group(2)) + Integer.parseInt(kernel.group(3));
      found.put(kernel.group(1), new Usage(Integer.parseInt(kernel.group(4)), spilled));
    }
    return found;
  }
}
