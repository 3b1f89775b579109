package org.thalweg.device.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.device.Array;
import org.thalweg.device.Product;
import org.thalweg.numeric.ElementType;

/**
 * JVMs that start together do not load each other's half-written libraries, and libraries that lie
 * in a folder are loaded from there.
 */
@Tag("driver")
class NativesTest {
  private static final int PROCESSES = 6;
  private static final String CLASS_PATH =
      System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

  /**
   * What each process does: waits for the sign, opens the software driver and the stand-in for
   * cuBLAS, runs a kernel, prints its result.
   */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws IOException {
      System.out.println("ready");
      int sign = System.in.read();
      if (sign < 0) return;
      try (CudaDevice device = new CudaDevice(Driver.SOFTWARE, 0, Matmul.CUBLAS);
          Array left = device.of(ElementType.F32, 1, 2, 3, 4);
          Array right = device.of(ElementType.F32, 5, 6, 7, 8);
          Array out = device.allocate(ElementType.F32, 4)) {
        device.multiply(Product.of(2, 2, 2), left, right, null, out);
        for (double x : device.download(out)) System.out.println(x);
      }
    }
  }

  @RepeatedTest(3)
  void sixProcessesStartTogether(@TempDir Path temporary) throws Exception {
    Path empty = Files.createDirectory(temporary.resolve("tmp"));
    List<Process> processes = new ArrayList<>();
    List<Path> logs = new ArrayList<>();
    try {
      for (int i = 0; i < PROCESSES; i++) {
        Path log = temporary.resolve("log" + i);
        logs.add(log);
        processes.add(start(CLASS_PATH, empty, log));
      }
      for (Path log : logs) awaitReady(log);
      for (Process process : processes) {
        process.getOutputStream().write('\n');
        process.getOutputStream().close();
      }
      Set<String> outputs = new HashSet<>();
      for (int i = 0; i < PROCESSES; i++) {
        assertTrue(processes.get(i).waitFor(60, TimeUnit.SECONDS), "process " + i + " hangs");
        String output = Files.readString(logs.get(i));
        assertEquals(0, processes.get(i).exitValue(), "process " + i + ": " + output);
        outputs.add(output);
      }
      assertEquals(Set.of("ready\n19.0\n22.0\n43.0\n50.0\n"), outputs);
    } finally {
      processes.forEach(Process::destroyForcibly);
    }
    try (Stream<Path> left = Files.list(empty)) {
      List<Path> natives =
          left.filter(p -> !p.endsWith("hsperfdata_" + System.getProperty("user.name"))).toList();
      assertEquals(List.of(), natives, "left behind");
    }
  }

  @Test
  void nativesInAFolderNeedNoTemporaryFiles(@TempDir Path temporary) throws Exception {
    Path folder = temporary.resolve("natives");
    String ours = "/org/thalweg/native/linux-x86_64/";
    for (String resource :
        List.of(
            Natives.jcuda("JCudaDriver"),
            Natives.jcuda("JCublas2"),
            ours + "libcuda.so.1",
            ours + "libcublas.so.12")) {
      Path file = Path.of(folder + resource);
      Files.createDirectories(file.getParent());
      try (InputStream in = NativesTest.class.getResourceAsStream(resource)) {
        Files.copy(in, file);
      }
    }
    Path log = temporary.resolve("log");
    String classPath = folder + File.pathSeparator + CLASS_PATH;
    Process process = start(classPath, temporary.resolve("missing"), log);
    process.getOutputStream().write('\n');
    process.getOutputStream().close();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "hangs");
    assertEquals("ready\n19.0\n22.0\n43.0\n50.0\n", Files.readString(log));
  }

  /** Says what is against the software driver. */
  static final class Missing {
    private Missing() {}

    public static void main(String[] args) {
      System.out.println(Driver.SOFTWARE.missing());
    }
  }

  /** Before anything is loaded, so that a list of devices is right. */
  @Test
  void theFolderForTemporaryFilesIsTried(@TempDir Path temporary) throws Exception {
    Path missing = temporary.resolve("missing");
    Path file = Files.createFile(temporary.resolve("file"));
    for (Path folder : List.of(temporary, missing, file)) {
      String said = org.thalweg.Child.run(Missing.class, Map.of(), "-Djava.io.tmpdir=" + folder);
      if (folder.equals(temporary)) {
        assertEquals("null", said);
      } else {
        String start = "the folder for temporary files, %s, cannot be written to: ";
        assertTrue(said.startsWith(start.formatted(folder)), said);
        assertTrue(said.contains("java.io.tmpdir=FOLDER"), said);
        assertFalse(said.contains("Exception"), said);
      }
    }
    try (Stream<Path> left = Files.list(temporary)) {
      assertEquals(
          List.of(file),
          left.filter(path -> !path.endsWith("hsperfdata_" + System.getProperty("user.name")))
              .toList());
    }
  }

  private static Process start(String classPath, Path temporary, Path log) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+IgnoreUnrecognizedVMOptions",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1", // six at once: starting counts, speed does not
            "-Djava.io.tmpdir=" + temporary,
            "-cp",
            classPath,
            Child.class.getName());
    return builder.redirectErrorStream(true).redirectOutput(Redirect.to(log.toFile())).start();
  }

  private static void awaitReady(Path log) throws Exception {
    for (int i = 0; i < 600; i++) {
      if (Files.readString(log, UTF_8).startsWith("ready\n")) return;
      Thread.sleep(50);
    }
    throw new AssertionError("a process does not start: " + Files.readString(log));
  }
}
