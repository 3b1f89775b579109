package org.thalweg.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/**
 * How fast the software driver is: Adam's kernel over a million elements, with and without the race
 * check; a training step; loading the kernels.
 */
@State(Scope.Benchmark)
@Fork(3)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class SoftwareDriverBench {
  private static final int ELEMENTS = 1 << 20;
  private static final int BATCH = 128;
  private static final int FEATURES = 784;
  private static final int CLASSES = 10;

  /** Whether races are looked for. The other checks are always on. */
  @Param({"1", "0"})
  public long checks;

  private CudaDevice device;
  private Steps steps;
  private Program program;
  private Tensors tensors;
  private CUdeviceptr counter;
  private Trainer trainer;

  /** Lane-instructions executed: reported as a rate beside the steps. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Executed {
    public long laneInstructions;
  }

  @Setup
  public void open() {
    device = new CudaDevice(Driver.SOFTWARE, 0);
    Optimizer adam = Optimizers.named("adam");
    steps = new Steps(device, ElementType.F32, Group.columns(adam), 1, 1);
    steps.numbers(0, 0, Group.PLAIN.numbers(adam, steps.type(), adam.lr(), 1, 1));
    Array w = device.allocate(ElementType.F32, ELEMENTS);
    Array g = device.allocate(ElementType.F32, ELEMENTS);
    double[] values = new double[ELEMENTS];
    for (int i = 0; i < ELEMENTS; i++) {
      values[i] = StrictMath.sin(i);
    }
    device.upload(w, values);
    device.upload(g, values);
    tensors = device.tensors(List.of(new Parameter(w, g, 0)), adam.states());
    program = device.record(steps, () -> device.update(adam, tensors, steps, 0));
    counter = global("thalweg_sim_instructions");
    Driver.check(
        JCudaDriver.cuMemcpyHtoD(
            global("thalweg_sim_checks"), Pointer.to(new long[] {checks}), Long.BYTES),
        "switching the race check");
    byte[] pixels = new byte[BATCH * FEATURES];
    new Random(1).nextBytes(pixels);
    int[] labels = new Random(2).ints(BATCH, 0, CLASSES).toArray();
    Dataset data = new Dataset(pixels, labels, FEATURES, CLASSES, 1.0 / 255);
    Optimizer momentum = Optimizers.named("momentum");
    trainer =
        new Trainer(
            device,
            data,
            Settings.DEFAULT
                .withOptimizer(momentum)
                .withBatch(BATCH)
                .withEpochs(Integer.MAX_VALUE));
  }

  private CUdeviceptr global(String name) {
    CUdeviceptr address = new CUdeviceptr();
    Driver.check(
        JCudaDriver.cuModuleGetGlobal(
            address, new long[1], device.context().module("data", "advance"), name),
        "finding %s",
        name);
    return address;
  }

  /** Those that a training step needs, as a device does once. */
  @Benchmark
  @BenchmarkMode(Mode.AverageTime)
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public void load() {
    Kernels kernels = new Kernels();
    for (String kernel : List.of("gather_u8_f32", "tally_f32", "advance")) {
      kernels.load("data", kernel);
    }
    for (String kernel : List.of("multiply_f32", "multiply_transposed_f32")) {
      kernels.load("matmul", kernel);
    }
    kernels.load("losses", "few_softmax_f32");
    kernels.load("optimizers", "adam_f32");
    kernels.unload();
  }

  /** A minibatch of 128 rows through a softmax regression of 784 features and 10 classes. */
  @Benchmark
  @BenchmarkMode(Mode.AverageTime)
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public void trainingStep() {
    trainer.train(epoch -> trainer.stop());
  }

  @Benchmark
  @BenchmarkMode(Mode.Throughput)
  @OutputTimeUnit(TimeUnit.SECONDS)
  public void adam(Executed executed) {
    long before = instructions();
    steps.start();
    program.run(1);
    executed.laneInstructions += instructions() - before;
  }

  private long instructions() {
    ByteBuffer word = ByteBuffer.allocateDirect(8).order(ByteOrder.LITTLE_ENDIAN);
    Driver.check(JCudaDriver.cuMemcpyDtoH(Pointer.to(word), counter, 8), "reading the counter");
    return word.getLong(0);
  }

  @TearDown
  public void close() {
    trainer.close();
    tensors.close();
    steps.close();
    device.close();
  }
}
