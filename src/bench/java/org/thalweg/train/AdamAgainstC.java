package org.thalweg.train;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/**
 * One step of Adam on one thread of the Java device, and by turns the same loop in C, {@code
 * adam.c}, built here with {@code gcc -O3 -march=native -fno-math-errno} and run as a child
 * process. The ratio of the medians and what a step allocates are printed at the end; times are
 * processor time, for which a busy machine matters less.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-Xmx4g")
@Warmup(iterations = 20)
@Measurement(iterations = AdamAgainstC.TRIALS)
public class AdamAgainstC {
  static final int TRIALS = 41;

  /** Both sides with the same numbers. */
  @State(Scope.Benchmark)
  public static class Pair {
    private static final int BLOCK = 1 << 20;

    @Param({"16777216", "67108864"})
    int elements;

    private final ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final Device device = new JavaDevice(1);
    private final long[] java = new long[TRIALS];
    private final long[] c = new long[TRIALS];
    private final long[] allocated = new long[TRIALS];
    private int turns;
    private Steps steps;
    private Program program;
    private Path folder;
    private Process child;
    private BufferedReader answers;

    @Setup
    public void open() throws IOException, InterruptedException {
      Optimizer adam = Optimizers.named("adam");
      int columns = Group.columns(adam);
      steps = new Steps(device, ElementType.F32, columns, 1, 1);
      steps.numbers(0, 0, Group.PLAIN.numbers(adam, steps.type(), adam.lr(), 1, 1));
      Array w = device.allocate(ElementType.F32, elements);
      Array g = device.allocate(ElementType.F32, elements);
      ByteBuffer block = ByteBuffer.allocateDirect(4 * BLOCK).order(ByteOrder.LITTLE_ENDIAN);
      Random random = new Random(1);
      for (int i = 0; i < BLOCK; i++) {
        block.putFloat(4 * i, 2 * random.nextFloat() - 1);
      }
      for (int i = 0; i < elements; i += BLOCK) {
        device.upload(g.slice(i, BLOCK), block);
      }
      Tensors tensors = device.tensors(List.of(new Parameter(w, g, 0)), adam);
      program = device.record(steps, () -> device.update(adam, tensors, steps, 0));

      folder = Files.createTempDirectory("thalweg-adam");
      try (InputStream source = AdamAgainstC.class.getResourceAsStream("adam.c")) {
        Files.copy(source, folder.resolve("adam.c"));
      }
      int gcc =
          new ProcessBuilder("gcc -O3 -march=native -fno-math-errno -o adam adam.c -lm".split(" "))
              .directory(folder.toFile())
              .inheritIO()
              .start()
              .waitFor();
      if (gcc != 0) {
        throw new IOException("gcc failed: " + gcc);
      }
      child =
          new ProcessBuilder(folder.resolve("adam").toString(), "" + elements)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      answers = child.inputReader(StandardCharsets.US_ASCII);
    }

    void turn() throws IOException {
      steps.start();
      long bytes = thread.getCurrentThreadAllocatedBytes();
      long start = thread.getCurrentThreadCpuTime();
      program.run(1);
      java[turns % TRIALS] = thread.getCurrentThreadCpuTime() - start;
      allocated[turns % TRIALS] = thread.getCurrentThreadAllocatedBytes() - bytes;
      child.getOutputStream().write('\n');
      child.getOutputStream().flush();
      c[turns % TRIALS] = Long.parseLong(answers.readLine());
      turns++;
    }

    private static long median(long[] times) {
      return Arrays.stream(times).sorted().toArray()[times.length / 2];
    }

    @TearDown
    public void close() throws IOException, InterruptedException {
      System.out.printf(
          "%n%d parameters, medians of %d: Java %.2f ms, C %.2f ms, ratio %.3f; %d bytes"
              + " allocated%n",
          elements,
          TRIALS,
          median(java) / 1e6,
          median(c) / 1e6,
          (double) median(java) / median(c),
          median(allocated));
      child.getOutputStream().close();
      child.waitFor();
      device.close();
      for (String file : new String[] {"adam.c", "adam"}) {
        Files.delete(folder.resolve(file));
      }
      Files.delete(folder);
    }
  }

  @Benchmark
  public void javaThenC(Pair pair) throws IOException {
    pair.turn();
  }
}
