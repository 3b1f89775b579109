package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.thalweg.device.Steps;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Sgd;

/**
 * Indices and byte offsets beyond 2^31, without so much memory: the base address lies so far below
 * a small buffer that only the right 64-bit offset reaches it. The driver's check of bounds does
 * the rest.
 */
@Tag("driver")
class HugeOffsetsTest {
  /** Elements that a block of the update covers. */
  private static final int BLOCK = 4096;

  private static void launch(CudaDevice device, String module, String kernel, Object... arguments) {
    CUfunction function = new CUfunction();
    Driver.check(
        JCudaDriver.cuModuleGetFunction(function, device.context().module(module, kernel), kernel),
        kernel);
    Pointer[] pointers = new Pointer[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      pointers[i] =
          arguments[i] instanceof Long l
              ? Pointer.to(new long[] {l})
              : arguments[i] instanceof Integer n
                  ? Pointer.to(new int[] {n})
                  : Pointer.to(new float[] {(Float) arguments[i]});
    }
    Driver.check(
        JCudaDriver.cuLaunchKernel(
            function, 1, 1, 1, 256, 1, 1, 0, null, Pointer.to(pointers), null),
        "launching %s",
        kernel);
    Driver.check(JCudaDriver.cuCtxSynchronize(), "waiting for %s", kernel);
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 29, 1L << 31, (1L << 33) + BLOCK})
  void theLastBlockOfAHugeTensor(long before) {
    try (CudaDevice device = TestDevices.openDriver();
        Steps steps = new Steps(device, ElementType.F32, 1 + Group.columns(new Sgd(1)), 1, 1)) {
      double[] values = new double[BLOCK];
      Arrays.setAll(values, i -> i);
      CudaArray w = (CudaArray) device.of(ElementType.F32, values);
      CudaArray g = (CudaArray) device.of(ElementType.F32, values);
      steps.numbers(0, 1, Group.PLAIN.numbers(new Sgd(1), steps.type(), 0.5, 1, 1));
      steps.start();
      // A tensor of before + BLOCK elements; the launch's only block is its last one.
      ByteBuffer row = ByteBuffer.allocateDirect(80).order(ByteOrder.LITTLE_ENDIAN);
      row.putLong(w.address() - 4 * before).putLong(g.address() - 4 * before);
      row.putLong(48, before + BLOCK).putLong(56, -(before / BLOCK));
      CudaArray table = device.context().array(ElementType.CELL, 10);
      device.upload(table, row.clear());
      CudaArray map = (CudaArray) device.of(0);
      launch(
          device,
          "optimizers",
          "sgd_f32",
          table.address(),
          map.address(),
          CudaTensors.STRIDES,
          ((CudaArray) steps.cells()).address(),
          steps.columns(),
          1,
          ((CudaArray) steps.state()).address(),
          0);
      double[] after = device.download(w);
      for (int i = 0; i < BLOCK; i++) {
        assertEquals(0.5 * i, after[i]);
      }
    }
  }

  @Test
  void aRowFarIntoADataSet() {
    int features = 4;
    long first = (1L << 31) + 5; // a position of the epoch's order
    int row = Integer.MAX_VALUE - 1; // of the data set: its pixels begin beyond 2^32
    try (CudaDevice device = TestDevices.openDriver();
        Steps steps = new Steps(device, ElementType.F32, 1, 1, 1)) {
      steps.integer(0, 0, first);
      steps.start();
      CudaArray pixels = device.context().array(ElementType.U8, features);
      device.upload(
          pixels, ByteBuffer.allocateDirect(features).put(new byte[] {1, 2, 3, -1}).flip());
      CudaArray labels = (CudaArray) device.of(7);
      CudaArray order = (CudaArray) device.of(row);
      CudaArray x = device.context().array(ElementType.F32, features);
      CudaArray y = device.context().array(ElementType.I32, 1);
      launch(
          device,
          "data",
          "gather_u8_f32",
          pixels.address() - (long) row * features,
          labels.address() - 4L * row,
          order.address() - 4 * first,
          features,
          0.5f,
          0L,
          x.address(),
          y.address(),
          ((CudaArray) steps.cells()).address(),
          steps.columns(),
          0,
          ((CudaArray) steps.state()).address());
      assertEquals("[0.5, 1.0, 1.5, 127.5]", Arrays.toString(device.download(x)));
    }
  }
}
