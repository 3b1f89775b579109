package org.thalweg.device.cuda;

import org.jspecify.annotations.Nullable;
import org.thalweg.device.Array;
import org.thalweg.device.Product;
import org.thalweg.numeric.ElementType;

/** Launches the kernels of {@code kernels/matmul.cu}. */
final class ProductKernels implements Products, AutoCloseable {
  private static final String MODULE = "matmul";
  private static final int ADD_THREADS = 64; // few: outputs are few where k is split

  /** The totals take at most one part in so many of the free memory. */
  private static final int SHARE = 128;

  private static final int LEAST_ROOM = 1 << 16; // fewer bytes are of no use

  private final CudaContext context;
  private final CudaQueue queue;
  private final int room;

  /** Where the totals of chunks lie between the two passes; null where there is no room for any. */
  private final @Nullable CudaArray totals;

  /**
   * With so many bytes for the totals of chunks. They are allocated now, so that who asks for the
   * free memory afterwards can plan with it.
   */
  ProductKernels(CudaContext context, CudaQueue queue, int room) {
    this.context = context;
    this.queue = queue;
    this.room = room;
    this.totals = room == 0 ? null : context.array(ElementType.U8, room);
  }

  /** How many bytes of a device's memory are for the totals of chunks; 0 on a tiny device. */
  static int room(CudaContext context) {
    long share = context.available() / SHARE;
    return share < LEAST_ROOM ? 0 : (int) Math.min(ProductTile.TOTALS_BYTES, share);
  }

  @Override
  public void multiply(Product size, Array left, Array right, @Nullable Array bias, Array out) {
    @Nullable Object[] operands = {left, size.leftStride(), right, bias, out};
    Operation whole = new Operation.Multiply(size, left, right, bias, out);
    launch(whole, "multiply_", size, size.rows(), operands, false, bias, out, null);
  }

  @Override
  public void multiplyTransposed(
      Product size, Array left, Array right, Array out, @Nullable Array ones) {
    @Nullable Object[] operands = {left, size.leftStride(), right, out, ones};
    int rows = size.rows() + (ones == null ? 0 : 1);
    Operation whole = new Operation.MultiplyTransposed(size, left, right, out, ones);
    launch(whole, "multiply_transposed_", size, rows, operands, false, null, out, ones);
  }

  /** The row of ones of a transposed product, without the product. */
  void sumRows(Product size, Array right, Array ones) {
    Product none = new Product(size.models(), false, 0, size.columns(), size.depth());
    Array empty = right.slice(0, 0);
    multiplyTransposed(none, empty, right, empty, ones);
  }

  @Override
  public void multiplyByTransposed(Product size, Array left, Array right, Array out) {
    @Nullable Object[] operands = {left, size.leftStride(), right, null, out};
    launch(null, "multiply_", size, size.rows(), operands, true, null, out, null);
  }

  private void launch(
      @Nullable Operation operation,
      String product,
      Product size,
      int rows,
      @Nullable Object[] operands,
      boolean turned,
      @Nullable Array bias,
      Array out,
      @Nullable Array ones) {
    ElementType type = out.type();
    ProductTile tile = ProductTile.of(type, size, rows, context.multiprocessors(), room);
    int joined = ProductTile.joined(size);
    int rightK = turned ? 1 : size.columns();
    int rightN = turned ? size.depth() : 1;
    Object[] sizes = {size.rows(), size.columns(), size.depth(), joined, rightK, rightN};
    long tiles = tile.tiles(size, rows);
    int threads = tile.threads(size);
    int bytes = tile.sharedBytes(threads);
    String kernel = product + tile.suffix;
    int atOnce = tile.chunksAtOnce(size, rows, context.multiprocessors(), room);
    if (atOnce == 0) {
      @Nullable Object[] whole = {null, 0, 0, 1};
      @Nullable Operation narrow = tile == ProductTile.NARROW ? operation : null;
      queue.launch(narrow, MODULE, kernel, tiles, threads, bytes, operands, sizes, whole);
      return;
    }
    int chunks = ProductTile.chunks(size);
    for (int first = 0; first < chunks; first += atOnce) {
      int end = Math.min(first + atOnce, chunks);
      int splits = ProductTile.ceil(end - first, threads / 32);
      @Nullable Object[] split = {totals, first, end, splits};
      queue.launch(MODULE, kernel, tiles * splits, threads, bytes, operands, sizes, split);
      int products = size.models() / joined;
      int columns = size.columns() * joined;
      @Nullable Object[] arguments = {
        totals,
        end - first,
        first == 0 ? 1 : 0,
        end == chunks ? bias : null,
        out,
        ones,
        size.rows(),
        size.columns(),
        rows,
        columns,
        products
      };
      int blocks = ProductTile.ceil(products * rows * columns, ADD_THREADS);
      queue.launch(MODULE, "add_totals_" + type.suffix(), blocks, ADD_THREADS, 0, arguments);
    }
  }

  @Override
  public void close() {
    if (totals != null) {
      totals.close();
    }
  }
}
