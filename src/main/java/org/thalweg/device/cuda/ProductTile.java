package org.thalweg.device.cuda;

import org.thalweg.device.Product;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;

/**
 * What a block of {@code kernels/matmul.cu} computes: a tile of {@link #rows} x {@link #columns}
 * outputs. A product of M x N outputs and depth K reads its left operand once for each column of
 * tiles and its right one once for each row of them: where M and N are multiples of the tile's,
 * {@code 4 M N K (1/rows + 1/columns)} bytes in binary32.
 */
enum ProductTile {
  /** For many outputs: few reads. Enough of them is one for most of the multiprocessors. */
  WIDE("wide_f32", 128, 64, ElementType.F32, 0.75),
  /** For more rows than columns: more reads, but still most of the instructions multiply. */
  TALL("tall_f32", 64, 16, ElementType.F32, 3.9),
  /** For few outputs: many small tiles, and a warp for each chunk of the sum. */
  NARROW("f32", 8, 16, ElementType.F32, 2),
  /** The only tile in binary64. */
  DOUBLE("f64", 64, 32, ElementType.F64, 2);

  // Constants that the kernels have too.
  static final int WIDE_THREADS = 128;
  static final int WIDE_DEPTH = 8;
  static final int NARROW_WARPS = 7;
  static final int TALL_WARPS = 2;
  static final int NARROW_DEPTH = 64;

  /**
   * Room for the totals of chunks, where k is split over blocks: it stays in the GPU's L2 cache.
   */
  static final int TOTALS_BYTES = 16 << 20;

  private static final int MOST_COLUMNS = 1 << 30; // of joined models: indices fit an int

  /** So many times tiles must fill the GPU if k is not split. */
  private static final double WAVES = 1.5;

  private static final int DOUBLE_WARPS = 8;
  private static final int SHARED_BYTES = 48 << 10; // what every GPU gives to a block

  /** The end of the kernels' names. */
  final String suffix;

  private final int rows;
  private final int columns;
  private final ElementType type;
  private final double fill; // so many blocks for each multiprocessor keep the GPU busy

  ProductTile(String suffix, int rows, int columns, ElementType type, double fill) {
    this.suffix = suffix;
    this.rows = rows;
    this.columns = columns;
    this.type = type;
    this.fill = fill;
  }

  /**
   * The tile for a product: the largest whose blocks fill the GPU, k being split where tiles alone
   * are too few, else the smallest. Tiles of which half would be absent are not taken.
   *
   * @param rows of the output, a row of ones counted
   * @param multiprocessors of the GPU
   * @param room bytes for the totals of chunks
   */
  static ProductTile of(ElementType type, Product size, int rows, int multiprocessors, int room) {
    if (type == ElementType.F64) {
      return DOUBLE;
    }
    boolean few = (long) size.columns() * joined(size) <= WIDE.columns / 2;
    boolean wide = !few && rows > WIDE.rows / 2;
    if (wide && WIDE.fills(WIDE.tiles(size, rows), multiprocessors)) {
      return WIDE;
    }
    if (rows <= TALL.rows / 2) {
      return NARROW;
    }
    int atOnce = TALL.chunksAtOnce(size, rows, multiprocessors, room);
    int splits = atOnce == 0 ? 1 : ceil(Math.min(atOnce, chunks(size)), TALL_WARPS);
    return TALL.fills(TALL.tiles(size, rows) * splits, multiprocessors) ? TALL : NARROW;
  }

  private boolean fills(long blocks, int multiprocessors) {
    return blocks >= fill * multiprocessors;
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /** How many models' columns lie side by side, as those of one product: all that share X. */
  static int joined(Product size) {
    boolean join = size.leftShared() && (long) size.models() * size.columns() <= MOST_COLUMNS;
    return join ? Math.max(1, size.models()) : 1;
  }

  /** Tiles of all models. */
  long tiles(Product size, int rows) {
    int joined = joined(size);
    int across = ceil(size.columns() * joined, columns);
    return (long) size.models() / joined * ceil(rows, this.rows) * across;
  }

  /** Chunks of the sum. */
  static int chunks(Product size) {
    return ceil(size.depth(), Exact.PRODUCT_CHUNK);
  }

  /**
   * Where k is split over blocks, so many chunks are added in one pass, each warp of a block having
   * one of them. 0 where it is not split: because tiles alone fill the GPU one and a half times, so
   * that a few blocks of a second wave are not left alone for long, or because there are not
   * chunks, or not room for their totals, for two blocks a tile. Wide tiles are taken only where
   * they fill it.
   *
   * @param room bytes for the chunks' totals
   */
  int chunksAtOnce(Product size, int rows, int multiprocessors, int room) {
    long tiles = tiles(size, rows);
    int warps = threads(size) / 32;
    boolean enough = tiles == 0 || tiles >= WAVES * fill * multiprocessors;
    if (this == WIDE || enough || chunks(size) <= warps) {
      return 0;
    }
    long outputs = (long) size.models() * rows * size.columns();
    int most = (int) (room / (outputs * type.bytes()) / warps);
    int splits = ceil(chunks(size), warps);
    return most < 2 ? 0 : ceil(splits, ceil(splits, most)) * warps; // as many in each pass
  }

  /** The quotient, rounded up. */
  static int ceil(int n, int by) {
    return (int) ((n + (long) by - 1) / by);
  }

  /** Threads of a block: a warp for each chunk of the sum, as long as there is room. */
  int threads(Product size) {
    int chunks = chunks(size);
    return switch (this) {
      case NARROW -> 32 * Math.max(1, Math.min(chunks, NARROW_WARPS));
      case TALL -> 32 * Math.max(1, Math.min(chunks, TALL_WARPS));
      case WIDE -> WIDE_THREADS;
      case DOUBLE -> {
        int room = (SHARED_BYTES - sharedBytes(0)) / (sharedBytes(32) - sharedBytes(0));
        yield 32 * Math.max(1, Math.min(chunks, Math.min(room, DOUBLE_WARPS)));
      }
    };
  }

  /** Shared memory of a block: the tile's sums, and slabs of both operands. */
  int sharedBytes(int threads) {
    int warps = threads / 32;
    int vector = 16 / type.bytes();
    int numbers =
        switch (this) {
          case NARROW, TALL -> warps * (rows + columns) * (NARROW_DEPTH + vector);
          case WIDE -> 2 * WIDE_DEPTH * (rows + vector + columns);
          case DOUBLE -> warps * 64 / type.bytes() * (rows + vector + columns);
        };
    return type.bytes() * (rows * columns + numbers);
  }
}
