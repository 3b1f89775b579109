package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.IntSupplier;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUgraph;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.TestDevices;

/**
 * The software driver's streams: memory in their order, events, page-locked memory, work done late.
 */
@Tag("driver")
class SimStreamsTest {
  private static final String KERNEL =
      """
      .visible .entry store(.param .u64 p) {
        .reg .b64 %rd<2>;
        ld.param.u64 %rd1, [p];
        st.global.u32 [%rd1], 1;
        ret;
      }
      """;

  private TestModule module;
  private final CUstream stream = new CUstream();

  @BeforeAll
  static void onlyHere() {
    Assumptions.assumeFalse(TestDevices.GPU, "what a GPU does here is its own affair");
  }

  @BeforeEach
  void open() {
    module = TestModule.of(KERNEL);
    good(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
  }

  @AfterEach
  void close() {
    module.close();
  }

  private static void good(int result) {
    assertEquals(CUresult.CUDA_SUCCESS, result);
  }

  private void late(boolean on) {
    SimCounters.set(module.module(), "thalweg_sim_late", on ? 1 : 0);
  }

  private static long available() {
    long[] available = new long[1];
    good(JCudaDriver.cuMemGetInfo(available, new long[1]));
    return available[0];
  }

  private long objects() {
    return SimCounters.get(module.module(), "thalweg_sim_objects");
  }

  // ---- Memory.

  @Test
  void memoryInTheOrderOfAStream() {
    long before = available();
    CUdeviceptr memory = new CUdeviceptr();
    good(JCudaDriver.cuMemAllocAsync(memory, 1000, stream));
    assertEquals(before - 1000, available());
    late(true);
    good(JCudaDriver.cuMemsetD8Async(memory, (byte) 5, 1000, stream));
    good(JCudaDriver.cuMemFreeAsync(memory, stream));
    assertEquals(before - 1000, available(), "the stream has not come there");
    good(JCudaDriver.cuStreamSynchronize(stream));
    assertEquals(before, available());
    good(JCudaDriver.cuMemFreeAsync(memory, stream));
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuStreamSynchronize(stream));
    assertTrue(module.message().contains("freed 1000-byte allocation"), module::message);
  }

  @Test
  void eitherKindOfMemoryIsFreedEitherWay() {
    long before = available();
    CUdeviceptr[] memory = {new CUdeviceptr(), new CUdeviceptr()};
    good(JCudaDriver.cuMemAlloc(memory[0], 8));
    good(JCudaDriver.cuMemAllocAsync(memory[1], 8, stream));
    good(JCudaDriver.cuMemFreeAsync(memory[0], stream));
    good(JCudaDriver.cuMemFree(memory[1]));
    assertEquals(before, available());
  }

  @Test
  void memoryThatCannotBeHad() {
    CUdeviceptr memory = new CUdeviceptr();
    int none = CUresult.CUDA_ERROR_OUT_OF_MEMORY;
    assertEquals(none, JCudaDriver.cuMemAllocAsync(memory, 1L << 40, stream));
    int invalid = CUresult.CUDA_ERROR_INVALID_VALUE;
    assertEquals(invalid, JCudaDriver.cuMemAllocAsync(memory, 0, stream));
    assertEquals(invalid, JCudaDriver.cuMemHostAlloc(new Pointer(), 0, 0));
    assertEquals(invalid, JCudaDriver.cuMemFreeHost(Pointer.to(ByteBuffer.allocateDirect(1))));
    SimCounters.set(module.module(), "thalweg_sim_pools", 0);
    int missing = CUresult.CUDA_ERROR_NOT_SUPPORTED;
    assertEquals(missing, JCudaDriver.cuMemAllocAsync(memory, 8, stream));
  }

  /** What CUDA would make a node of the graph is refused, and the capture is lost. */
  @Test
  void notInAGraph() {
    CUdeviceptr memory = new CUdeviceptr();
    good(JCudaDriver.cuMemAlloc(memory, 8));
    CUevent event = event(0);
    List<IntSupplier> calls =
        List.of(
            () -> JCudaDriver.cuMemAllocAsync(new CUdeviceptr(), 8, stream),
            () -> JCudaDriver.cuMemFreeAsync(memory, stream),
            () -> JCudaDriver.cuEventRecord(event, stream));
    for (IntSupplier call : calls) {
      int mode = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
      good(JCudaDriver.cuStreamBeginCapture(stream, mode));
      assertEquals(CUresult.CUDA_ERROR_NOT_SUPPORTED, call.getAsInt());
      int lost = CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
      assertEquals(lost, JCudaDriver.cuStreamEndCapture(stream, new CUgraph()));
    }
    good(JCudaDriver.cuMemFreeAsync(memory, stream));
  }

  // ---- Events.

  private static CUevent event(int flags) {
    CUevent event = new CUevent();
    good(JCudaDriver.cuEventCreate(event, flags));
    return event;
  }

  @Test
  void eventsTakeTheTime() throws Exception {
    CUevent first = event(0);
    CUevent last = event(CUevent_flags.CU_EVENT_BLOCKING_SYNC);
    CUevent untimed = event(CUevent_flags.CU_EVENT_DISABLE_TIMING);
    float[] milliseconds = new float[1];
    int noTime = CUresult.CUDA_ERROR_INVALID_HANDLE;
    good(JCudaDriver.cuEventQuery(first));
    assertEquals(noTime, JCudaDriver.cuEventElapsedTime(milliseconds, first, last));
    good(JCudaDriver.cuEventRecord(first, stream));
    Thread.sleep(20);
    good(JCudaDriver.cuEventRecord(last, null));
    good(JCudaDriver.cuEventRecord(untimed, stream));
    good(JCudaDriver.cuEventElapsedTime(milliseconds, first, last));
    assertTrue(milliseconds[0] >= 20 && milliseconds[0] < 20_000, milliseconds[0] + " ms");
    assertEquals(noTime, JCudaDriver.cuEventElapsedTime(milliseconds, first, untimed));
    good(JCudaDriver.cuEventDestroy(first));
    assertEquals(noTime, JCudaDriver.cuEventRecord(first, stream));
  }

  @Test
  void anEventIsWaitedForNoLongerThanItTakes() {
    late(true);
    long before = module.upload(0);
    long after = module.upload(0);
    CUevent between = event(0);
    good(JCudaDriver.cuMemsetD8Async(TestModule.pointer(before), (byte) 1, 4, stream));
    good(JCudaDriver.cuEventRecord(between, stream));
    good(JCudaDriver.cuMemsetD8Async(TestModule.pointer(after), (byte) 1, 4, stream));
    assertEquals(CUresult.CUDA_ERROR_NOT_READY, JCudaDriver.cuEventQuery(between));
    int notReady = JCudaDriver.cuEventElapsedTime(new float[1], between, between);
    assertEquals(CUresult.CUDA_ERROR_NOT_READY, notReady);
    good(JCudaDriver.cuEventSynchronize(between));
    good(JCudaDriver.cuEventQuery(between));
    assertEquals(0x01010101, module.ints(before, 1)[0]);
    assertEquals(0, module.ints(after, 1)[0]);
    good(JCudaDriver.cuCtxSynchronize());
    assertEquals(0x01010101, module.ints(after, 1)[0]);
  }

  // ---- Work done late.

  /**
   * From page-locked memory the bytes are taken when the stream comes there, from other memory at
   * once.
   */
  @Test
  void copiesFromTheHost() {
    for (boolean pinned : new boolean[] {true, false}) {
      for (boolean late : new boolean[] {true, false}) {
        late(late);
        long device = module.upload(0, 0);
        ByteBuffer bytes = ByteBuffer.allocateDirect(8);
        Pointer host = Pointer.to(bytes);
        if (pinned) {
          host = new Pointer();
          good(JCudaDriver.cuMemHostAlloc(host, 8, 0));
          bytes = host.getByteBuffer(0, 8);
        }
        bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(0, 0);
        CUdeviceptr to = TestModule.pointer(device);
        good(JCudaDriver.cuMemcpyHtoDAsync(to, host, 8, stream));
        bytes.putLong(0, -1);
        good(JCudaDriver.cuStreamSynchronize(stream));
        int seen = pinned && late ? -1 : 0;
        assertArrayEquals(new int[] {seen, seen}, module.ints(device, 2));
        good(JCudaDriver.cuMemcpyDtoHAsync(host, TestModule.pointer(module.upload(7)), 4, stream));
        assertEquals(pinned && late ? -1 : 7, bytes.getInt(0));
      }
    }
  }

  @Test
  void aLateKernelFailsWhereItIsWaitedFor() {
    late(true);
    CUstream blocking = new CUstream();
    good(JCudaDriver.cuStreamCreate(blocking, CUstream_flags.CU_STREAM_DEFAULT));
    for (CUstream each : List.of(blocking, stream)) {
      good(JCudaDriver.cuMemsetD8Async(TestModule.pointer(64), (byte) 1, 4, each));
    }
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuStreamSynchronize(null));
    good(JCudaDriver.cuStreamSynchronize(null)); // which does not wait for the other
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, JCudaDriver.cuStreamSynchronize(stream));
  }

  // ---- Faults and counts.

  @Test
  void anyCallFails() {
    SimCounters.fail(module.module(), "*:3:999");
    CUevent event = event(0);
    objects(); // does not count
    good(JCudaDriver.cuEventRecord(event, stream));
    assertEquals(999, JCudaDriver.cuEventQuery(event));
    assertEquals("cuEventQuery: fails as thalweg_sim_fail asks", module.message());
    good(JCudaDriver.cuEventQuery(event));
    SimCounters.fail(module.module(), "*:2:700");
    good(JCudaDriver.cuEventQuery(event));
    for (int i = 0; i < 2; i++) {
      assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, JCudaDriver.cuEventQuery(event));
    }
  }

  @Test
  void objectsAreCounted() {
    long before = objects();
    CUevent event = event(0);
    Pointer host = new Pointer();
    good(JCudaDriver.cuMemHostAlloc(host, 1, 0));
    CUdeviceptr memory = new CUdeviceptr();
    good(JCudaDriver.cuMemAlloc(memory, 1));
    assertEquals(before + 3, objects());
    good(JCudaDriver.cuMemFree(memory));
    good(JCudaDriver.cuMemFreeHost(host));
    good(JCudaDriver.cuEventDestroy(event));
    assertEquals(before, objects());
  }
}
