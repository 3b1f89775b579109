package org.thalweg.device.cuda;

import static org.thalweg.device.cuda.Driver.check;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.thalweg.device.Owned;

/**
 * Page-locked memory through which bytes go to a device and come back: only from such memory does a
 * GPU copy while the host goes on. It is in blocks, of which the host fills or empties one while
 * others are copied, or wait for their turn on the stream: enough for the order of two million rows
 * that is sent while an epoch runs.
 */
final class Staging implements AutoCloseable {
  /** Bytes of a block. */
  static final int BLOCK = 1 << 20;

  /** How many there are. */
  static final int BLOCKS = 8;

  /** A block, and the number of the last copy that uses it. */
  private static final class Block {
    final Pointer pointer;
    final ByteBuffer bytes;
    final CUevent copied;
    long copy;

    Block(Pointer pointer, CUevent copied) {
      this.pointer = pointer;
      this.bytes = pointer.getByteBuffer(0, BLOCK);
      this.copied = copied;
    }
  }

  private final CUstream stream;
  private final List<Block> blocks;
  private final Owned owned;
  private int last; // that an upload used
  private int next;
  private long copies; // that were enqueued
  private long ended; // of these, so many are known to have ended

  Staging(CUstream stream) {
    this.stream = stream;
    try (Owned opening = new Owned()) {
      blocks = Stream.generate(() -> open(opening)).limit(BLOCKS).toList();
      owned = opening.keep();
    }
  }

  private static Block open(Owned opening) {
    Pointer pointer = new Pointer();
    check(JCudaDriver.cuMemHostAlloc(pointer, BLOCK, 0), "allocating page-locked memory");
    opening.add(() -> check(JCudaDriver.cuMemFreeHost(pointer), "freeing page-locked memory"));
    CUevent copied = new CUevent();
    check(
        JCudaDriver.cuEventCreate(copied, CUevent_flags.CU_EVENT_DISABLE_TIMING),
        "creating an event");
    opening.add(() -> check(JCudaDriver.cuEventDestroy(copied), "freeing an event"));
    return new Block(pointer, copied);
  }

  /**
   * Copies from the buffer's position on. Waits for blocks that are in use, not for the last copy.
   */
  void upload(CudaArray to, ByteBuffer from) {
    for (long at = 0; at < to.bytes(); at += BLOCK) {
      int size = (int) Math.min(BLOCK, to.bytes() - at);
      Block block = blocks.get(next);
      last = next;
      next = (next + 1) % BLOCKS;
      await(block, "uploading", to);
      block.bytes.put(0, from, from.position() + (int) at, size);
      check(
          JCudaDriver.cuMemcpyHtoDAsync(place(to, at), block.pointer, size, stream),
          "uploading %d %s",
          to.count(),
          to.type());
      mark(block);
    }
  }

  /** Waits for the last upload. */
  void await(CudaArray to) {
    await(blocks.get(last), "uploading", to);
  }

  /** Copies to the buffer's position. Waits for everything before it. */
  void download(CudaArray from, ByteBuffer to) {
    long bytes = from.bytes();
    long asked = 0;
    for (long at = 0; at < bytes; at += BLOCK) {
      for (; asked < Math.min(bytes, at + (long) BLOCKS * BLOCK); asked += BLOCK) {
        Block block = blockAt(asked);
        int size = (int) Math.min(BLOCK, bytes - asked);
        check(
            JCudaDriver.cuMemcpyDtoHAsync(block.pointer, place(from, asked), size, stream),
            "downloading %d %s",
            from.count(),
            from.type());
        mark(block);
      }
      Block block = blockAt(at);
      await(block, "downloading", from);
      to.put(to.position() + (int) at, block.bytes, 0, (int) Math.min(BLOCK, bytes - at));
    }
  }

  private Block blockAt(long offset) {
    return blocks.get((int) (offset / BLOCK % BLOCKS));
  }

  private static CUdeviceptr place(CudaArray array, long offset) {
    return new CudaArray.Address(array.pointer(), offset);
  }

  private void mark(Block block) {
    block.copy = ++copies;
    check(JCudaDriver.cuEventRecord(block.copied, stream), "marking the end of a copy");
  }

  /**
   * Waits for the last copy that uses a block, if it may not have ended. A kernel's error shows at
   * the next call that waits for it.
   */
  private void await(Block block, String doing, CudaArray array) {
    if (block.copy <= ended) {
      return;
    }
    check(
        JCudaDriver.cuEventSynchronize(block.copied),
        "%s %d %s, waiting for the device",
        doing,
        array.count(),
        array.type());
    ended = block.copy; // and all before it, which are on the same stream
  }

  @Override
  public void close() {
    owned.close();
  }
}
