package org.thalweg.data;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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
import org.openjdk.jmh.annotations.Warmup;
import org.thalweg.numeric.ElementType;

/**
 * Reading a CSV file of 100,000 rows of 50 numbers and a label, which lies in memory; one thread.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgsAppend = "-Xmx3g")
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class CsvBench {
  @Param({"%.4f", "%.8e", "%.0f"})
  String format;

  @Param({"F32", "F64"})
  String type;

  private byte[] text = {};

  /** Counts what is read. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Rate {
    /** Millions of bytes. */
    public double megabytes;
  }

  @Setup
  public void write() {
    Random random = new Random(1);
    StringBuilder rows = new StringBuilder();
    String[] numbers = new String[5000];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = String.format(Locale.ROOT, format, 100 * random.nextGaussian());
    }
    for (int row = 0; row < 100_000; row++) {
      for (int i = 0; i < 50; i++) {
        rows.append(numbers[random.nextInt(numbers.length)]).append(',');
      }
      rows.append(row % 10).append('\n');
    }
    text = rows.toString().getBytes(StandardCharsets.US_ASCII);
  }

  @Benchmark
  public Object read(Rate rate) throws IOException {
    rate.megabytes += text.length * 1e-6;
    return Csv.read(
        "bench.csv",
        new ByteArrayInputStream(text),
        CsvOptions.DEFAULT,
        ElementType.valueOf(type),
        null);
  }
}
