package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import jcuda.driver.CUmodule;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.sim.SimCounters;

/** Copies through page-locked blocks, on a stream that works as late as it may. */
@Tag("driver")
class StagingTest {
  private static final int BLOCK = Staging.BLOCK;
  private static final int ALL = Staging.BLOCKS * BLOCK;

  private CudaDevice device;

  @BeforeEach
  void open() {
    device = TestDevices.openDriver();
    if (!TestDevices.GPU) {
      SimCounters.set(device.context().module("data", "advance"), "thalweg_sim_late", 1);
    }
  }

  @AfterEach
  void close() {
    device.close();
  }

  private static byte[] random(int n) {
    byte[] bytes = new byte[n];
    new Random(n).nextBytes(bytes);
    return bytes;
  }

  @Test
  void anyLengthFromAndToAnyBuffer() {
    int[] lengths = {
      0, 1, 5, BLOCK - 1, BLOCK, BLOCK + 1, ALL - BLOCK, ALL - 1, ALL, ALL + 1, 2 * ALL + BLOCK + 7
    };
    for (int n : lengths) {
      for (IntFunction<ByteBuffer> kind :
          List.<IntFunction<ByteBuffer>>of(ByteBuffer::allocate, ByteBuffer::allocateDirect)) {
        byte[] bytes = random(n);
        try (Array array = device.allocate(ElementType.U8, n + 2)) {
          ByteBuffer buffer = kind.apply(n + 3).put(3, bytes).position(3);
          device.upload(array.slice(1, n), buffer);
          buffer.put(3, new byte[n]); // is the caller's again
          assertEquals(3, buffer.position());
          ByteBuffer back = kind.apply(n + 6).position(2);
          device.download(array, back);
          assertEquals(2, back.position());
          byte[] expected = new byte[n + 6];
          System.arraycopy(bytes, 0, expected, 3, n);
          byte[] found = new byte[n + 6];
          back.get(0, found);
          assertArrayEquals(expected, found, n + " bytes");
        }
      }
    }
  }

  /** What was copied beside the stream is there for what is given to the device afterwards. */
  @Test
  void besideTheStream() {
    for (int n : new int[] {0, 1, BLOCK, ALL, ALL + 5}) {
      byte[] bytes = random(n);
      try (Array from = device.allocate(ElementType.U8, n);
          Array to = device.allocate(ElementType.U8, n)) {
        device.download(to, ByteBuffer.allocate(n)); // both are cleared now
        for (int time = 0; time < 3; time++) {
          ByteBuffer buffer = ByteBuffer.allocateDirect(n + 3).put(3, bytes).position(3);
          device.uploadBeside(from, buffer);
          buffer.put(3, new byte[n]);
          device.copy(from, to);
          ByteBuffer back = ByteBuffer.allocate(n);
          device.download(to, back);
          assertArrayEquals(bytes, back.array(), n + " bytes");
          bytes = random(n);
        }
      }
    }
  }

  /** As large an upload as all blocks hold waits for no kernel, one byte more does. */
  @Test
  void anUploadWaitsForNothingBeforeIt() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver is late when asked to");
    CUmodule counters = device.context().module("data", "advance");
    for (int more : new int[] {0, 1}) {
      try (Array array = device.allocate(ElementType.U8, ALL + 1);
          Array numbers = device.allocate(ElementType.F32, 2)) {
        device.download(array, ByteBuffer.allocate(ALL + 1)); // nothing is left to do
        device.upload(numbers, new double[] {1, 2});
        device.download(numbers, ByteBuffer.allocate(8));
        device.scale(3, numbers);
        long before = SimCounters.get(counters, "thalweg_sim_instructions");
        device.upload(array.slice(0, ALL + more), ByteBuffer.allocate(ALL + more));
        long after = SimCounters.get(counters, "thalweg_sim_instructions");
        assertEquals(more == 0, after == before, more + " bytes more");
      }
    }
  }

  @Test
  void manyUploadsBeforeTheDeviceBegins() {
    int count = 20;
    try (Array array = device.allocate(ElementType.I32, count)) {
      for (int i = 0; i < count; i++) {
        device.upload(array.slice(i, 1), i);
      }
      ByteBuffer bytes = ByteBuffer.allocate(4 * count);
      device.download(array, bytes);
      byte[] expected = new byte[4 * count];
      for (int i = 0; i < count; i++) {
        expected[4 * i] = (byte) i;
      }
      assertArrayEquals(expected, bytes.array());
    }
  }

  /** In a program that has memory pools, and in one that has none. */
  @Test
  void memoryIsFreedInTheOrderOfTheStream() {
    Assumptions.assumeFalse(TestDevices.GPU, "others may be using a GPU's memory");
    for (long pools : new long[] {1, 0}) {
      SimCounters.set(device.context().module("data", "advance"), "thalweg_sim_pools", pools);
      try (CudaDevice own = TestDevices.openDriver()) {
        long before = own.available();
        Array array = own.allocate(ElementType.U8, 3 * BLOCK);
        assertEquals(before - 3 * BLOCK, own.available());
        Array other = own.allocate(ElementType.U8, 3 * BLOCK);
        byte[] bytes = random(3 * BLOCK);
        own.upload(array, ByteBuffer.wrap(bytes));
        ByteBuffer back = ByteBuffer.allocate(3 * BLOCK);
        own.download(array, back);
        other.close();
        array.close();
        assertArrayEquals(bytes, back.array());
        assertEquals(before, own.available(), "pools: " + pools);
      }
    }
  }
}
