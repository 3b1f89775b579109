package org.thalweg.data;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.thalweg.numeric.ElementType;

/**
 * The speed at which the rows of a mapped .npy file are read in order, against dd, by turns, with a
 * cold cache; and how soon after its start a process has gathered a first row. On Linux, as root,
 * who alone may empty the cache. Argument: a path for the file, which is made if it is not there (5
 * GB of float16, 1,000 features): {@code mvn -q -P bench test-compile exec:exec
 * -Dbench.main=org.thalweg.data.MappedReadBench -Dbench=/path/to/big.npy}.
 */
public final class MappedReadBench {
  private static final int FEATURES = 1000;
  private static final int ROWS = 2_500_000;
  private static final int AT_ONCE = 2000;
  private static final int ROUNDS = 5;

  private MappedReadBench() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    long start = ManagementFactory.getRuntimeMXBean().getStartTime();
    double before = 1e-3 * (System.currentTimeMillis() - start);
    Path file = Path.of(arguments[0]);
    if (!Files.exists(file)) {
      write(file);
    }
    forget();
    double first = before + seconds(() -> read(file, new int[] {ROWS / 2}));
    System.out.printf("the first row %.3f s after the start%n", first);
    double gigabytes = 1e-9 * Files.size(file);
    double[] ratios = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      forget();
      double dd = seconds(() -> run("dd", "if=" + file, "of=/dev/null", "bs=1M"));
      forget();
      double own = seconds(() -> read(file, IntStream.range(0, ROWS).toArray()));
      ratios[round] = dd / own;
      System.out.printf(
          "dd %.0f MB/s, mapped %.0f MB/s: %.2f%n",
          1e3 * gigabytes / dd, 1e3 * gigabytes / own, dd / own);
    }
    Arrays.sort(ratios);
    System.out.printf("median of %d: %.2f%n", ROUNDS, ratios[ROUNDS / 2]);
  }

  private interface Task {
    void run() throws IOException, InterruptedException;
  }

  private static double seconds(Task task) throws IOException, InterruptedException {
    long start = System.nanoTime();
    task.run();
    return 1e-9 * (System.nanoTime() - start);
  }

  /** Gathers rows as a training does, some at a time. */
  private static void read(Path file, int[] rows) {
    MappedRows all = MappedRows.open(List.of(file), ElementType.F32);
    ByteBuffer to =
        ByteBuffer.allocateDirect(AT_ONCE * FEATURES * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < rows.length; from += AT_ONCE) {
      int[] some = Arrays.copyOfRange(rows, from, Math.min(from + AT_ONCE, rows.length));
      all.select(some, FEATURES).put(to.clear());
    }
  }

  /** Empties the cache, after what was mapped: those pages would stay. */
  private static void forget() throws IOException, InterruptedException {
    System.gc();
    Thread.sleep(500);
    run("sync");
    Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3\n");
  }

  private static void run(String... command) throws IOException, InterruptedException {
    int code =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
    if (code != 0) {
      throw new IOException(command[0] + " failed: " + code);
    }
  }

  private static void write(Path file) throws IOException {
    String text =
        "{'descr': '<f2', 'fortran_order': False, 'shape': (%d, %d), }".formatted(ROWS, FEATURES);
    byte[] header =
        (text + " ".repeat(117 - text.length()) + "\n").getBytes(StandardCharsets.UTF_8);
    ByteBuffer start = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
    start.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) 118);
    ByteBuffer some =
        ByteBuffer.allocate(AT_ONCE * FEATURES * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    Random random = new Random(1);
    while (some.hasRemaining()) {
      some.putShort((short) (random.nextInt() & 0xbfff)); // below 2 in magnitude
    }
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      out.write(start.flip());
      out.write(ByteBuffer.wrap(header));
      for (int row = 0; row < ROWS; row += AT_ONCE) {
        some.rewind();
        while (some.hasRemaining()) {
          out.write(some);
        }
      }
    }
  }
}
