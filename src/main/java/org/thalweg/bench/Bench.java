package org.thalweg.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Device;
import org.thalweg.device.Program;
import org.thalweg.numeric.Require;

/**
 * Measures the time of a device's kernels with the host's clock, around many replays of a recorded
 * step and the download that waits for them. A step has several launches of one kernel, which share
 * the cost of a replay: on a GPU, the launch of a graph and the one-thread kernel that advances the
 * step. For launches of a few microseconds this cost is still visible.
 */
public final class Bench {
  /** The smallest number of elements to which a slow kernel is reduced. */
  private static final long FEWEST_ELEMENTS = 1024;

  /** So that indices and sizes fit in an int. */
  private static final long MOST_ELEMENTS = 1 << 28;

  private static final int LAUNCHES = 8;

  private final Device device;
  private final long elements;
  private final double mostSeconds;

  /**
   * Measures a device.
   *
   * @param elements that each kernel works on, 1 to 2^28; a kernel that takes long is measured on
   *     fewer
   * @param mostSeconds roughly the time for all runs of one kernel; each run takes at least an
   *     eighth of it
   * @throws IllegalArgumentException if one of them is not possible
   */
  public Bench(Device device, long elements, double mostSeconds) {
    if (elements < 1 || elements > MOST_ELEMENTS) {
      throw new IllegalArgumentException(
          "elements must be 1 to %d: %d".formatted(MOST_ELEMENTS, elements));
    }
    Require.that(
        mostSeconds > 0 && mostSeconds < Double.POSITIVE_INFINITY,
        "seconds must be finite and above 0: %s",
        mostSeconds);
    this.device = device;
    this.elements = elements;
    this.mostSeconds = mostSeconds;
  }

  /**
   * A kernel's figures.
   *
   * @param module the file of {@code kernels/} that it is in
   * @param kernel the operation, rule or loss, its type if it is not F32, and its size if it is not
   *     a vector operation
   * @param elements that a launch works on
   * @param bytes that a launch must move at least: each input read once, each output written once
   * @param microseconds of a launch: the median of the runs
   * @param runs each run's microseconds of a launch, ascending
   * @param replays of the step in a run
   * @param gigabytesPerSecond 10^9 bytes
   * @param ofCopy its bandwidth divided by that of the copy, which is the first line
   * @param gigafmaPerSecond 10^9 multiply-adds of a product; null for others
   */
  public record Line(
      String module,
      String kernel,
      long elements,
      long bytes,
      double microseconds,
      List<Double> runs,
      long replays,
      double gigabytesPerSecond,
      double ofCopy,
      @Nullable Double gigafmaPerSecond) {}

  /**
   * A training step: gather, two products, loss, tally, update.
   *
   * @param size minibatch × features × classes
   */
  public record TrainingStep(
      String size, double microseconds, List<Double> runs, long replays, double stepsPerSecond) {}

  /**
   * By how many milliseconds the first use of each module's kernels is slower than the second,
   * because they are read from the jar, compiled and loaded. To be called on a device that has
   * computed nothing yet.
   */
  public Map<String, Double> modules() {
    Map<String, Double> milliseconds = new LinkedHashMap<>();
    for (Workload workload : Workload.all()) {
      try (Measurement measurement = new Measurement(device)) {
        Runnable launch = workload.setup().on(measurement, 1).launch();
        double first = measurement.seconds(launch);
        double more = 1e3 * Math.max(0, first - measurement.seconds(launch));
        milliseconds.merge(workload.module(), more, Double::sum);
      }
    }
    return milliseconds;
  }

  /** Measures each kernel, the copy first. */
  public void kernels(Consumer<Line> listener) {
    List<Workload> workloads = Workload.all();
    measured(workloads.get(0), 1); // a GPU that has been idle needs a while to raise its clocks
    Line copy = measured(workloads.get(0), 0);
    listener.accept(copy);
    for (Workload workload : workloads.subList(1, workloads.size())) {
      listener.accept(measured(workload, copy.gigabytesPerSecond));
    }
  }

  private Line measured(Workload workload, double copied) {
    for (long n = elements; ; n /= 4) {
      try (Measurement measurement = new Measurement(device)) {
        Workload.Work work = workload.setup().on(measurement, n);
        Program program = measurement.record(LAUNCHES, work.launch());
        measurement.seconds(() -> program.run(1)); // the first one is slower
        if (measurement.seconds(() -> program.run(1)) > mostSeconds / 2
            && n / 4 >= FEWEST_ELEMENTS) {
          continue;
        }
        Measurement.Timing timing = measurement.time(program, mostSeconds);
        double seconds = timing.median() / LAUNCHES;
        double speed = work.bytes() / seconds * 1e-9;
        return new Line(
            workload.module(),
            (workload.name() + " " + work.size()).strip(),
            work.elements(),
            work.bytes(),
            seconds * 1e6,
            timing.seconds().stream().map(s -> s / LAUNCHES * 1e6).toList(),
            timing.replays(),
            speed,
            speed / (copied > 0 ? copied : speed),
            work.fma() == 0 ? null : work.fma() / seconds * 1e-9);
      }
    }
  }

  /** Measures the training step of softmax regression with Adam. */
  public TrainingStep trainingStep() {
    try (Measurement measurement = new Measurement(device)) {
      Workload.Work work = Workload.trainingStep(measurement);
      Program program = measurement.record(1, work.launch());
      Measurement.Timing timing = measurement.time(program, mostSeconds);
      return new TrainingStep(
          work.size(),
          timing.median() * 1e6,
          timing.seconds().stream().map(s -> s * 1e6).toList(),
          timing.replays(),
          1 / timing.median());
    }
  }
}
