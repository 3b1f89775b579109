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
  /** For few outputs: more tiles keep more of a GPU busy. */
  NARROW("f32", 4, ElementType.F32),
  /** For many outputs: half as many reads. */
  WIDE("wide_f32", 8, ElementType.F32),
  /** The only tile in binary64. */
  DOUBLE("f64", 8, ElementType.F64);

  private static final int MOST_WARPS = 8;
  private static final int SHARED_BYTES = 48 << 10; // what every GPU gives to a block

  /** How many wide tiles keep a GPU busy. */
  private static final int ENOUGH = 16;

  /** The end of the kernels' names. */
  final String suffix;

  private final int each; // outputs of a lane in each direction
  private final ElementType type;

  ProductTile(String suffix, int each, ElementType type) {
    this.suffix = suffix;
    this.each = each;
    this.type = type;
  }

  /** The tile for a product with so many rows, a row of ones counted. */
  static ProductTile of(ElementType type, Product size, int rows) {
    if (type == ElementType.F64) {
      return DOUBLE;
    }
    return size.columns() > NARROW.columns() && WIDE.tiles(size, rows) >= ENOUGH ? WIDE : NARROW;
  }

  int rows() {
    return 8 * each;
  }

  int columns() {
    return 4 * each;
  }

  /** Tiles of all models. */
  long tiles(Product size, int rows) {
    int down = (rows + rows() - 1) / rows();
    int across = (size.columns() + columns() - 1) / columns();
    return (long) size.models() * down * across;
  }

  /** Warps of a block: one for each chunk of the sum, as long as there is room. */
  int warps(Product size) {
    int chunks = (size.depth() + Exact.PRODUCT_CHUNK - 1) / Exact.PRODUCT_CHUNK;
    int room = (SHARED_BYTES - sharedBytes(0)) / (sharedBytes(1) - sharedBytes(0));
    return Math.max(1, Math.min(chunks, Math.min(room, MOST_WARPS)));
  }

  /**
   * Shared memory of a block: the tile's sums, and for each warp a slab of both operands, 64 bytes
   * deep.
   */
  int sharedBytes(int warps) {
    int vector = 16 / type.bytes();
    return type.bytes() * rows() * columns() + 64 * warps * (rows() + vector + columns());
  }
}
