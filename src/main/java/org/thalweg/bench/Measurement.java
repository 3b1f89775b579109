package org.thalweg.bench;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.SparseMatrix;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Optimizer;

/** The resources of one measurement on the device, freed together. */
final class Measurement implements AutoCloseable {
  /** The most replays of a run: rows of the step table. */
  private static final int MOST_REPLAYS = 2048;

  private static final int RUNS = 5;

  /** How many numbers are drawn on the host; the device repeats them. */
  private static final int BLOCK = 4096;

  private static final double TO_SECONDS = 1e-9;

  final Device device;
  private final Owned owned = new Owned();
  private final Random random = new Random(1);
  private @Nullable Steps steps;

  Measurement(Device device) {
    this.device = device;
  }

  <T extends AutoCloseable> T own(T resource) {
    return owned.add(resource);
  }

  /** Numbers between -1 and 1. */
  Array numbers(ElementType type, long n) {
    Array array = own(device.allocate(type, n));
    int block = (int) Math.min(n, BLOCK);
    device.upload(array.slice(0, block), random.doubles(block, -1, 1).toArray());
    return repeated(array, block);
  }

  private Array repeated(Array array, long block) {
    for (long done = block; done < array.count(); done *= 2) {
      long more = Math.min(done, array.count() - done);
      device.copy(array.slice(0, more), array.slice(done, more));
    }
    return array;
  }

  /** Integers from 0 to {@code below - 1}. */
  Array integers(int n, int below) {
    return own(device.of(random.ints(n, 0, below).toArray()));
  }

  /** Rows of bytes with their labels. */
  Rows rows(int rows, int features, int classes) {
    Array pixels = own(device.allocate(ElementType.U8, (long) rows * features));
    byte[] bytes = new byte[(int) Math.min(pixels.count(), BLOCK)];
    random.nextBytes(bytes);
    device.upload(
        pixels.slice(0, bytes.length), ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
    return new Rows(repeated(pixels, bytes.length), integers(rows, classes), features, 1.0 / 255);
  }

  /** Rows of so many stored features each, which lie anywhere. */
  SparseMatrix sparse(int rows, int features, int each) {
    int[] ranges = IntStream.range(0, 2 * rows).map(i -> (i + 1) / 2 * each).toArray();
    int part = features / each;
    int[] columns =
        IntStream.range(0, rows * each).map(i -> i % each * part + random.nextInt(part)).toArray();
    return new SparseMatrix(
        own(device.of(ranges)),
        own(device.of(columns)),
        numbers(ElementType.F32, columns.length),
        features);
  }

  /** One parameter. */
  Tensors tensors(ElementType type, long n, Optimizer rule) {
    return own(device.tensors(List.of(new Parameter(numbers(type, n), numbers(type, n), 0)), rule));
  }

  /** Makes the step table of this measurement. The default one has a single column of zeros. */
  Steps steps(ElementType type, int columns) {
    steps = own(new Steps(device, type, columns, MOST_REPLAYS, 1));
    return steps;
  }

  Steps steps() {
    return steps == null ? steps(ElementType.F32, 1) : steps;
  }

  /** Records a step of so many launches. */
  Program record(int launches, Runnable launch) {
    return own(
        device.record(
            steps(),
            () -> {
              for (int i = 0; i < launches; i++) {
                launch.run();
              }
            }));
  }

  /** Seconds until the device has done this work. */
  double seconds(Runnable work) {
    steps().start();
    long start = System.nanoTime();
    work.run();
    Steps.Account account = steps().account(); // waits
    double seconds = (System.nanoTime() - start) * TO_SECONDS;
    if (account.halt() != Steps.Halt.RUNNING) {
      throw new IllegalStateException("the measured step stopped: " + account.halt());
    }
    return seconds;
  }

  /**
   * The times of a program's runs.
   *
   * @param replays of the step in each run
   * @param seconds of one replay in each run, ascending
   */
  record Timing(long replays, List<Double> seconds) {
    double median() {
      return seconds.get(seconds.size() / 2);
    }
  }

  /**
   * Doubles the replays until a run takes an eighth of {@code most} seconds, which also warms up
   * the JIT; then times up to {@value #RUNS} runs, fewer where they would take longer than that
   * together.
   */
  Timing time(Program program, double most) {
    long replays = 1;
    double last = seconds(() -> program.run(1));
    while (last < most / 8 && 2 * replays <= MOST_REPLAYS) {
      replays *= 2;
      long n = replays;
      last = seconds(() -> program.run(n));
    }
    long n = replays;
    List<Double> each = new ArrayList<>();
    double sum = 0;
    while (each.size() < RUNS && (each.isEmpty() || sum + last < most)) {
      last = seconds(() -> program.run(n));
      sum += last;
      each.add(last / n);
    }
    return new Timing(n, each.stream().sorted().toList());
  }

  @Override
  public void close() {
    owned.close();
  }
}
