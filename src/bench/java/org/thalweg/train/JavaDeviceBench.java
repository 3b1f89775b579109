package org.thalweg.train;

import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.device.java.JavaDevices;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/**
 * The Java device on one thread; the gathering of rows also on two. Rates of a busy machine swing:
 * compare what stands in one run.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-Xmx4g")
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class JavaDeviceBench {
  /** One step of a rule in binary32. */
  @State(Scope.Benchmark)
  public static class OptimizerStep {
    @Param({"1048576", "16777216"})
    int elements;

    @Param("adam")
    String rule;

    final Device device = new JavaDevice(1);
    Steps steps;
    Program program;
    Tensors tensors;

    @Setup
    public void open() {
      Optimizer by = Optimizers.named(rule);
      steps = new Steps(device, ElementType.F32, Group.columns(by), 1, 1);
      steps.numbers(0, 0, Group.PLAIN.numbers(by, steps.type(), by.lr(), 1, 1));
      Array w = device.allocate(ElementType.F32, elements);
      Array g = device.of(ElementType.F32, new Random(1).doubles(elements, -1, 1).toArray());
      tensors = device.tensors(List.of(new Parameter(w, g, 0)), by);
      program = device.record(steps, () -> device.update(by, tensors, steps, 0));
    }

    @TearDown
    public void close() {
      device.close();
    }
  }

  @Benchmark
  public void update(OptimizerStep update) {
    update.steps.start();
    update.program.run(1);
  }

  /** What a step of Adam reads and writes, with next to no arithmetic. */
  @State(Scope.Benchmark)
  public static class Traffic {
    @Param({"1048576", "16777216"})
    int elements;

    float[] w;
    float[] g;
    float[] m;
    float[] v;

    @Setup
    public void open() {
      w = new float[elements];
      g = new float[elements];
      m = new float[elements];
      v = new float[elements];
    }
  }

  @Benchmark
  public void trafficOfAdam(Traffic arrays) {
    pass(arrays.w, arrays.g, arrays.m, arrays.v);
  }

  private static void pass(float[] w, float[] g, float[] m, float[] v) {
    for (int i = 0; i < w.length; i++) {
      w[i] = 0.5f * w[i] + g[i];
      m[i] = 0.5f * m[i];
      v[i] = 0.5f * v[i];
    }
  }

  /** The loss and gradient of a minibatch of 128 rows, by plain loops and by the Vector API. */
  @State(Scope.Benchmark)
  public static class LossOfRows {
    private static final int ROWS = 128;

    @Param({"false", "true"})
    boolean vectors;

    @Param({"softmax", "hinge", "squared-hinge", "smooth-hinge"})
    String loss;

    @Param({"10", "1000"})
    int classes;

    Device device;
    Runnable run;

    @Setup
    public void open() {
      device = vectors ? JavaDevices.vectors(1) : JavaDevices.plain(1);
      Random random = new Random(1);
      int n = ROWS * classes;
      Array x = device.of(ElementType.F32, random.doubles(n, -5, 5).toArray());
      Array d = device.allocate(ElementType.F32, n);
      double[] labels = random.ints(ROWS, 0, classes).asDoubleStream().toArray();
      Array y = device.of(ElementType.I32, labels);
      Array losses = device.allocate(ElementType.F32, ROWS);
      Array correct = device.allocate(ElementType.I32, ROWS);
      Loss of = Losses.parse(loss);
      run = () -> device.loss(of, x, y, 1.0 / ROWS, d, losses, correct);
    }

    @TearDown
    public void close() {
      device.close();
    }
  }

  @Benchmark
  @OutputTimeUnit(TimeUnit.MICROSECONDS)
  public void loss(LossOfRows rows) {
    rows.run.run();
  }

  /** The gathering of 128 of 60,000 rows of 784 bytes, other ones each time. */
  @State(Scope.Benchmark)
  public static class Gather {
    private static final int ROWS = 60_000;
    private static final int BATCH = 128;

    @Param({"1", "2"})
    int threads;

    Device device;
    Steps steps;
    Program program;

    @Setup
    public void open() {
      device = new JavaDevice(threads);
      Random random = new Random(1);
      Array values = device.allocate(ElementType.U8, 784L * ROWS);
      Array labels = device.allocate(ElementType.I32, ROWS);
      double[] positions = random.ints(ROWS, 0, ROWS).asDoubleStream().toArray();
      Array order = device.of(ElementType.I32, positions);
      Array x = device.allocate(ElementType.F32, 784L * BATCH);
      Array y = device.allocate(ElementType.I32, BATCH);
      steps = new Steps(device, ElementType.F32, 1, ROWS / BATCH, 1);
      for (int step = 0; step < ROWS / BATCH; step++) {
        steps.integer(step, 0, (long) step * BATCH);
      }
      Rows rows = new Rows(values, labels, 784, 1.0 / 255);
      program = device.record(steps, () -> device.gather(rows, order, steps, 0, x, y));
    }

    @TearDown
    public void close() {
      device.close();
    }
  }

  /** An epoch of minibatches. */
  @Benchmark
  public void gather(Gather all) {
    all.steps.start();
    all.program.run(Gather.ROWS / Gather.BATCH);
  }

  /**
   * Softmax regression on 60,000 random images of 28 x 28 bytes in 10 classes, minibatches of 128,
   * Adam.
   */
  @State(Scope.Benchmark)
  public static class Epochs {
    final Device device = new JavaDevice(1);
    Trainer trainer;

    @Setup(Level.Trial)
    public void open() {
      Random random = new Random(1);
      byte[] pixels = new byte[60_000 * 784];
      random.nextBytes(pixels);
      int[] labels = random.ints(60_000, 0, 10).toArray();
      Dataset data = new Dataset(pixels, labels, 784, 10, 1.0 / 255);
      Optimizer adam = Optimizers.named("adam");
      trainer =
          new Trainer(
              device,
              data,
              Settings.DEFAULT.withOptimizer(adam).withBatch(128).withEpochs(Integer.MAX_VALUE));
    }

    @TearDown(Level.Trial)
    public void close() {
      trainer.close();
      device.close();
    }
  }

  @Benchmark
  public void epoch(Epochs epochs) {
    epochs.trainer.train(epoch -> epochs.trainer.stop());
  }
}
