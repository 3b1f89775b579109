package org.thalweg.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
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
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.thalweg.device.Array;
import org.thalweg.device.ElementType;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/** How fast the software driver executes: Adam's kernel over a million elements, all checks on. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(3)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class SoftwareDriverBench {
  private static final int ELEMENTS = 1 << 20;

  private CudaDevice device;
  private Steps steps;
  private Program program;
  private Tensors tensors;
  private CUdeviceptr counter;

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
    Group.PLAIN.fill(steps, 0, 0, adam, adam.lr(), 1, 1);
    Array w = device.allocate(ElementType.F32, ELEMENTS);
    Array g = device.allocate(ElementType.F32, ELEMENTS);
    double[] values = new double[ELEMENTS];
    for (int i = 0; i < ELEMENTS; i++) {
      values[i] = StrictMath.sin(i);
    }
    device.write(w, values);
    device.write(g, values);
    tensors = device.tensors(List.of(new Parameter(w, g, 0)), adam.states());
    program = device.record(steps, () -> device.update(adam, tensors, steps, 0));
    counter = new CUdeviceptr();
    Driver.check(
        JCudaDriver.cuModuleGetGlobal(
            counter, new long[1], device.module("optimizers"), "thalweg_sim_instructions"),
        "finding the counter");
  }

  @Benchmark
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
    tensors.close();
    steps.close();
    device.close();
  }
}
