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
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/** The Java device on one thread. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-Xmx4g")
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class JavaDeviceBench {
  /** One step of Adam in binary32. */
  @State(Scope.Benchmark)
  public static class OptimizerStep {
    @Param({"1048576", "16777216"})
    int elements;

    final Device device = new JavaDevice(1);
    Steps steps;
    Program program;
    Tensors tensors;

    @Setup
    public void open() {
      Optimizer adam = Optimizers.named("adam");
      steps = new Steps(device, ElementType.F32, Group.columns(adam), 1, 1);
      steps.numbers(0, 0, Group.PLAIN.numbers(adam, steps.type(), adam.lr(), 1, 1));
      Array w = device.allocate(ElementType.F32, elements);
      Array g = device.of(ElementType.F32, new Random(1).doubles(elements, -1, 1).toArray());
      tensors = device.tensors(List.of(new Parameter(w, g, 0)), adam);
      program = device.record(steps, () -> device.update(adam, tensors, steps, 0));
    }

    @TearDown
    public void close() {
      device.close();
    }
  }

  @Benchmark
  public void adam(OptimizerStep update) {
    update.steps.start();
    update.program.run(1);
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
