package org.thalweg.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.thalweg.device.Array;
import org.thalweg.device.ElementType;
import org.thalweg.device.Parameter;
import org.thalweg.device.Tensors;

/**
 * The tensor table of {@code kernels/optimizers.cu} on the device, and for each block of the launch the row
 * of the tensor it works on.
 */
final class CudaTensors implements Tensors {
  /** Bytes of a row: addresses of parameter, gradient and three states; count, first block, group. */
  private static final int ROW = 8 * 8;

  private static final int MAX_STATES = 3;

  /** The 16-byte accesses to one array that a block makes: kThreads * kStrides. */
  private static final int VECTORS = 1024;

  private final List<Parameter> parameters;
  private final int stateCount;
  private final List<List<CudaArray>> states = new ArrayList<>();
  private final List<Array> owned = new ArrayList<>();
  private final CudaArray table;
  private final CudaArray tensorOfBlock;

  CudaTensors(CudaDevice device, List<Parameter> parameters, int stateCount) {
    if (stateCount > MAX_STATES) {
      throw new IllegalArgumentException(
          "at most " + MAX_STATES + " state arrays, not " + stateCount);
    }
    this.parameters = List.copyOf(parameters);
    this.stateCount = stateCount;
    ByteBuffer rows = littleEndian(ROW * this.parameters.size());
    List<Integer> blocks = new ArrayList<>();
    for (int tensor = 0; tensor < this.parameters.size(); tensor++) {
      Parameter parameter = this.parameters.get(tensor);
      CudaArray value = device.mine(parameter.value());
      List<CudaArray> state = new ArrayList<>();
      for (int k = 0; k < stateCount; k++) {
        state.add(allocateLike(device, value));
      }
      states.add(state);
      rows.putLong(value.address());
      rows.putLong(device.mine(parameter.gradient()).address());
      for (int k = 0; k < MAX_STATES; k++) {
        rows.putLong(k < stateCount ? state.get(k).address() : 0);
      }
      rows.putLong(value.count());
      rows.putLong(blocks.size());
      rows.putLong(parameter.group());
      long count = blocksFor(value);
      for (long block = 0; block < count; block++) {
        blocks.add(tensor);
      }
    }
    table = device.allocate(ElementType.CELL, rows.capacity() / 8);
    device.upload(table, rows.flip());
    ByteBuffer map = littleEndian(4 * blocks.size());
    blocks.forEach(map::putInt);
    tensorOfBlock = device.allocate(ElementType.I32, blocks.size());
    device.upload(tensorOfBlock, map.flip());
    owned.add(table);
    owned.add(tensorOfBlock);
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A state array with the parameter's address modulo 16, so that both take 16-byte accesses. */
  private CudaArray allocateLike(CudaDevice device, CudaArray value) {
    ElementType type = value.type();
    long lead = value.address() % 16 / type.bytes();
    CudaArray memory = device.allocate(type, lead + value.count());
    owned.add(memory);
    return memory.slice(lead, value.count());
  }

  /** One for each VECTORS vectors, at least one unless the tensor is empty. */
  private static long blocksFor(CudaArray value) {
    int width = 16 / value.type().bytes();
    long head = Math.min(-(value.address() / value.type().bytes()) & (width - 1), value.count());
    long vectors = (value.count() - head) / width;
    return value.count() == 0 ? 0 : Math.max(1, (vectors + VECTORS - 1) / VECTORS);
  }

  @Override
  public List<Parameter> parameters() {
    return parameters;
  }

  @Override
  public int states() {
    return stateCount;
  }

  @Override
  public Array state(int tensor, int k) {
    return states.get(tensor).get(k);
  }

  CudaArray table() {
    return table;
  }

  CudaArray tensorOfBlock() {
    return tensorOfBlock;
  }

  long blocks() {
    return tensorOfBlock.count();
  }

  @Override
  public void close() {
    owned.forEach(Array::close);
  }
}
