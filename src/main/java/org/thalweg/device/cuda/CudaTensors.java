package org.thalweg.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.thalweg.device.ElementType;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Tensors;

/**
 * The tensor table of {@code kernels/optimizers.cu} on the device, and for each block of the launch the row
 * of the tensor it works on.
 */
final class CudaTensors implements Tensors {
  /** Bytes of a row: addresses of parameter, gradient and three states; count, first block, group. */
  private static final int ROW = 8 * 8;

  /** The 16-byte accesses to one array that a block makes: kThreads * kStrides. */
  private static final int VECTORS = 1024;

  private final List<Parameter> parameters;
  private final int stateCount;
  private final CudaArray memory;
  private final List<CudaArray> states;
  private final CudaArray table;
  private final CudaArray tensorOfBlock;
  private final Owned owned;

  /**
   * Lays out the tensors.
   *
   * @param opening closes what has been allocated where this fails; is emptied where it does not
   */
  CudaTensors(CudaDevice device, List<Parameter> parameters, int stateCount, Owned opening) {
    this.parameters = List.copyOf(parameters);
    this.stateCount = stateCount;
    List<CudaArray> values = new ArrayList<>();
    for (Parameter parameter : this.parameters) {
      values.add(device.mine(parameter.value()));
      device.mine(parameter.gradient());
    }
    long[] at = new long[values.size() * stateCount];
    long end = layOut(values, at);
    ElementType type = values.isEmpty() ? ElementType.F32 : values.get(0).type();
    memory = opening.add(device.allocate(type, end));
    states = new ArrayList<>(at.length);
    for (int i = 0; i < at.length; i++) {
      states.add(memory.slice(at[i], values.get(i / stateCount).count()));
    }

    ByteBuffer rows = littleEndian(Math.multiplyExact(ROW, values.size()));
    List<Integer> blocks = new ArrayList<>();
    for (int tensor = 0; tensor < values.size(); tensor++) {
      Parameter parameter = this.parameters.get(tensor);
      rows.putLong(values.get(tensor).address());
      rows.putLong(device.mine(parameter.gradient()).address());
      for (int k = 0; k < MAX_STATES; k++) {
        rows.putLong(k < stateCount ? state(tensor, k).address() : 0);
      }
      rows.putLong(values.get(tensor).count());
      rows.putLong(blocks.size());
      rows.putLong(parameter.group());
      blocks.addAll(Collections.nCopies(blocksFor(values.get(tensor)), tensor));
    }
    table = opening.add(device.allocate(ElementType.CELL, rows.capacity() / 8));
    device.upload(table, rows.flip());
    ByteBuffer map = littleEndian(Math.multiplyExact(4, blocks.size()));
    blocks.forEach(map::putInt);
    tensorOfBlock = opening.add(device.allocate(ElementType.I32, blocks.size()));
    device.upload(tensorOfBlock, map.flip());
    owned = opening.keep();
  }

  /**
   * Where the state arrays begin in one piece of memory, each with its parameter's address modulo 16, so that both
   * take 16-byte accesses; allocations themselves begin at multiples of 16.
   *
   * @param at receives an index for each state of each tensor
   * @return how long the memory must be
   */
  private long layOut(List<CudaArray> values, long[] at) {
    long end = 0;
    for (int i = 0; i < at.length; i++) {
      CudaArray value = values.get(i / stateCount);
      int bytes = value.type().bytes();
      int width = 16 / bytes;
      at[i] = (end + width - 1) / width * width + value.address() % 16 / bytes;
      end = at[i] + value.count();
    }
    return end;
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** One for each VECTORS vectors, at least one unless the tensor is empty. */
  private static int blocksFor(CudaArray value) {
    int width = 16 / value.type().bytes();
    long head = Math.min(-(value.address() / value.type().bytes()) & (width - 1), value.count());
    long vectors = (value.count() - head) / width;
    return value.count() == 0 ? 0 : Math.toIntExact(Math.max(1, (vectors + VECTORS - 1) / VECTORS));
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
  public CudaArray state(int tensor, int k) {
    return states.get(tensor * stateCount + Objects.checkIndex(k, stateCount));
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

  /** All states. */
  CudaArray memory() {
    return memory;
  }

  @Override
  public void close() {
    owned.close();
  }
}
