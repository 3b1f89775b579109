package org.thalweg.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Device;
import org.thalweg.device.Program;

/**
 * How long the kernels of a device take, by the host's clock around many replays of a recorded step
 * and the download that waits for them. A step has several launches of one kernel, so that they
 * share what a replay itself costs: on a GPU, a graph's launch and the one thread that moves the
 * cursors. Where a launch takes only some microseconds, it still shows.
 */
public final class Bench {
  /** Elements below which nothing is made smaller. */
  private static final long FEWEST_ELEMENTS = 1024;

  /** So that indices and sizes fit an int. */
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
   * @param mostSeconds about what the runs of one kernel may take together; each takes at least an
   *     eighth
   * @throws IllegalArgumentException if one of them is not possible
   */
  public Bench(Device device, long elements, double mostSeconds) {
    if (elements < 1 || elements > MOST_ELEMENTS) {
      throw new IllegalArgumentException(
          "elements must be 1 to %d: %d".formatted(MOST_ELEMENTS, elements));
    }
    if (!(mostSeconds > 0 && mostSeconds < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("seconds must be finite and above 0: " + mostSeconds);
    }
    this.device = device;
    this.elements = elements;
    this.mostSeconds = mostSeconds;
  }

  /**
   * A kernel's figures.
   *
   * @param module the file of {@code kernels/} that it is in
   * @param kernel the operation, rule or loss, its type where that is not F32, and the size of what
   *     is no vector
   * @param elements that a launch works on
   * @param bytes that a launch cannot but move: each input is read once, each output written once
   * @param microseconds of a launch: the median of the runs
   * @param runs each run's microseconds of a launch, ascending
   * @param replays of the step in a run
   * @param gigabytesPerSecond 10^9 bytes
   * @param ofCopy the share of the bytes a second that the copy reached, which is the first line
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
   * Milliseconds that the first use of each module takes longer than the second: reading its
   * kernels from the jar, and compiling and loading them. On a device that has computed nothing
   * yet.
   */
  public Map<String, Double> modules() {
    Map<String, Double> milliseconds = new LinkedHashMap<>();
    for (Workload load : Workload.all()) {
      if (!milliseconds.containsKey(load.module())) {
        try (Measurement room = new Measurement(device)) {
          Runnable launch = load.setup().on(room, 1).launch();
          double first = room.seconds(launch);
          milliseconds.put(load.module(), 1e3 * Math.max(0, first - room.seconds(launch)));
        }
      }
    }
    return milliseconds;
  }

  /** Measures each kernel, the copy first. */
  public void kernels(Consumer<Line> listener) {
    List<Workload> loads = Workload.all();
    measured(loads.get(0), 1); // a GPU that has been idle needs a while to raise its clocks
    Line copy = measured(loads.get(0), 0);
    listener.accept(copy);
    for (Workload load : loads.subList(1, loads.size())) {
      listener.accept(measured(load, copy.gigabytesPerSecond));
    }
  }

  private Line measured(Workload load, double copied) {
    for (long n = elements; ; n /= 4) {
      try (Measurement room = new Measurement(device)) {
        Workload.Work work = load.setup().on(room, n);
        Program program = room.record(LAUNCHES, work.launch());
        room.seconds(() -> program.run(1)); // the first one is slower
        if (room.seconds(() -> program.run(1)) > mostSeconds / 2 && n / 4 >= FEWEST_ELEMENTS) {
          continue;
        }
        Measurement.Timing timing = room.time(program, mostSeconds);
        double seconds = timing.median() / LAUNCHES;
        double speed = work.bytes() / seconds * 1e-9;
        return new Line(
            load.module(),
            (load.name() + " " + work.size()).strip(),
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
    try (Measurement room = new Measurement(device)) {
      Workload.Work work = Workload.trainingStep(room);
      Program program = room.record(1, work.launch());
      Measurement.Timing timing = room.time(program, mostSeconds);
      return new TrainingStep(
          work.size(),
          timing.median() * 1e6,
          timing.seconds().stream().map(s -> s * 1e6).toList(),
          timing.replays(),
          1 / timing.median());
    }
  }
}
