package org.thalweg.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Tensors;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * The tensor table of {@code kernels/tensors.cuh} on the device, and for each block of the launch
 * the row of the tensor it works on.
 */
final class CudaTensors implements Tensors {
  /** The threads of an update's block, and the most 16-byte accesses of each to an array. */
  static final int THREADS = 256;

  static final int STRIDES = 4;

  /**
   * 8-byte words of a row: parameter or master, gradient, copy, the states; count, first block,
   * first chunk, group.
   */
  static final int ROW = 3 + MAX_STATES + 4;

  private final List<Parameter> parameters;
  private final int stateCount;

  /** Whether the parameters have masters: those in BF16 have. */
  private final boolean mastered;

  private final CudaArray memory;
  private final List<CudaArray> own;
  private final CudaArray table;
  private final CudaArray tensorOfBlock;
  private final int strides;
  private final CudaArray tensorOfChunk;
  private final CudaArray sums;
  private final Owned owned;

  /** Allocates masters and states, and lays out the table. */
  CudaTensors(CudaContext context, List<Parameter> parameters, int stateCount) {
    this.parameters = List.copyOf(parameters);
    this.stateCount = stateCount;
    List<CudaArray> values = new ArrayList<>();
    for (Parameter parameter : this.parameters) {
      values.add(context.mine(parameter.value()));
      context.mine(parameter.gradient());
    }
    mastered = type() == ElementType.BF16;
    long[] at = new long[values.size() * each()];
    long end = layOut(values, at);
    try (Owned opening = new Owned()) {
      memory = opening.add(context.array(type().computed(), end));
      own = new ArrayList<>(at.length);
      for (int i = 0; i < at.length; i++) {
        own.add(memory.slice(at[i], values.get(i / each()).count()));
      }
      // Few elements are spread over many blocks, with one access a thread.
      int large = values.stream().mapToInt(value -> blocksFor(value, STRIDES)).sum();
      strides = large < context.multiprocessors() ? 1 : STRIDES;
      ByteBuffer rows = littleEndian(Math.multiplyExact(8 * ROW, values.size()));
      List<Integer> blocks = new ArrayList<>();
      List<Integer> chunks = new ArrayList<>();
      for (int tensor = 0; tensor < values.size(); tensor++) {
        Parameter parameter = this.parameters.get(tensor);
        CudaArray value = values.get(tensor);
        rows.putLong(master(tensor).address());
        rows.putLong(context.mine(parameter.gradient()).address());
        rows.putLong(mastered ? value.address() : 0);
        for (int k = 0; k < MAX_STATES; k++) {
          rows.putLong(k < stateCount ? state(tensor, k).address() : 0);
        }
        rows.putLong(value.count());
        rows.putLong(blocks.size());
        rows.putLong(chunks.size());
        rows.putLong(parameter.group());
        blocks.addAll(Collections.nCopies(blocksFor(value, strides), tensor));
        chunks.addAll(Collections.nCopies(Math.toIntExact(Exact.chunks(value.count())), tensor));
      }
      table = opening.add(context.array(ElementType.CELL, (long) ROW * values.size()));
      context.staging().upload(table, rows.flip());
      tensorOfBlock = opening.add(uploaded(context, blocks));
      tensorOfChunk = opening.add(uploaded(context, chunks));
      sums = opening.add(context.array(ElementType.F64, chunks.size() + values.size()));
      owned = opening.keep();
    }
  }

  private static CudaArray uploaded(CudaContext context, List<Integer> numbers) {
    ByteBuffer map = littleEndian(Math.multiplyExact(4, numbers.size()));
    numbers.forEach(map::putInt);
    CudaArray array = context.array(ElementType.I32, numbers.size());
    try (Owned opening = new Owned()) {
      opening.add(array);
      context.staging().upload(array, map.flip());
      opening.keep();
    }
    return array;
  }

  /**
   * The most device memory that they take: each array may have a gap of less than a vector before
   * it.
   */
  static long bytes(ElementType type, int states, long... counts) {
    int arrays = states + (type == type.computed() ? 0 : 1);
    long bytes = 1; // the size of an allocation without arrays
    for (long count : counts) {
      long own = count * type.computed().bytes();
      bytes += arrays * (own + 16);
      bytes += 8 * ROW + 4 * (own / (16 * THREADS) + 1) + 12 * (Exact.chunks(count) + 1);
    }
    return bytes;
  }

  /** How many arrays are allocated for each parameter. */
  private int each() {
    return stateCount + (mastered ? 1 : 0);
  }

  /**
   * Where masters and state arrays begin in one piece of memory, each with its parameter's place
   * between two multiples of a vector's length, so that all take whole vectors; allocations
   * themselves begin at multiples of 16 bytes.
   *
   * @param at receives an index for each array of each tensor
   * @return how long the memory must be
   */
  private long layOut(List<CudaArray> values, long[] at) {
    long end = 0;
    for (int i = 0; i < at.length; i++) {
      CudaArray value = values.get(i / each());
      int width = width(value);
      at[i] = (end + width - 1) / width * width + place(value);
      end = at[i] + value.count();
    }
    return end;
  }

  /** Elements of a vector: 16 bytes of the type that is computed in. */
  private static int width(CudaArray value) {
    return 16 / value.type().computed().bytes();
  }

  /** The position of its first element within a vector. */
  private static int place(CudaArray value) {
    return (int) (value.address() / value.type().bytes() % width(value));
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** How many blocks it takes, at least one unless it is empty. */
  private static int blocksFor(CudaArray value, int strides) {
    int width = width(value);
    long head = Math.min(-place(value) & (width - 1), value.count());
    long vectors = (value.count() - head) / width;
    int each = THREADS * strides;
    return value.count() == 0 ? 0 : Math.toIntExact(Math.max(1, (vectors + each - 1) / each));
  }

  @Override
  public List<Parameter> parameters() {
    return parameters;
  }

  /** What the parameters are stored in; F32 if there are none. */
  ElementType type() {
    return parameters.isEmpty() ? ElementType.F32 : parameters.get(0).value().type();
  }

  @Override
  public int states() {
    return stateCount;
  }

  @Override
  public CudaArray state(int tensor, int k) {
    return own.get(tensor * each() + each() - stateCount + Objects.checkIndex(k, stateCount));
  }

  @Override
  public CudaArray master(int tensor) {
    return mastered
        ? own.get(tensor * each())
        : (CudaArray) parameters.get(tensor).value(); // the constructor has seen that it is
  }

  CudaArray table() {
    return table;
  }

  CudaArray tensorOfBlock() {
    return tensorOfBlock;
  }

  /** How many accesses to an array a thread of an update makes. */
  int strides() {
    return strides;
  }

  /** For each chunk of all gradients, one after the other, the row of its tensor. */
  CudaArray tensorOfChunk() {
    return tensorOfChunk;
  }

  /** Room for the sums of the gradients' chunks, then of the tensors. */
  CudaArray sums() {
    return sums;
  }

  long blocks() {
    return tensorOfBlock.count();
  }

  /** The memory of all masters and states. */
  CudaArray memory() {
    return memory;
  }

  @Override
  public void close() {
    owned.close();
  }
}
