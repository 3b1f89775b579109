package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.thalweg.device.Product;
import org.thalweg.numeric.ElementType;

/** Which tiles a product takes on an H100, and how many blocks and passes they are. */
class ProductTileTest {
  private static final int H100 = 132; // multiprocessors

  @ParameterizedTest
  @CsvSource({
    // type, models, share X, rows, columns, depth: tile, blocks of the first pass, passes
    "F32, 1, false, 1, 1, 1, NARROW, 1, 1",
    "F32, 1, false, 128, 10, 784, NARROW, 16, 1", // scores of a minibatch
    "F32, 1, false, 785, 10, 128, NARROW, 99, 1", // and its gradient
    "F32, 1, false, 785, 10, 1024, NARROW, 198, 1",
    "F32, 1, false, 785, 10, 3000, NARROW, 396, 1",
    "F32, 1, false, 785, 10, 60000, TALL, 3055, 1",
    "F32, 1, false, 785, 640, 60000, TALL, 2080, 59",
    "F32, 1, false, 785, 656, 60000, TALL, 2132, 59",
    "F32, 1, false, 33793, 10, 784, TALL, 2116, 1",
    "F32, 1, false, 32, 10, 60000, NARROW, 268, 1",
    "F32, 1, false, 8, 10000, 784, NARROW, 625, 1", // few rows
    "F32, 1, false, 32, 4096, 1000, NARROW, 1024, 1",
    "F32, 1, false, 64, 10000, 784, TALL, 1250, 2",
    "F32, 1, false, 65, 10000, 784, WIDE, 157, 1",
    "F32, 1000, true, 8, 10, 784, NARROW, 625, 1",
    "F32, 1000, false, 8, 64, 784, NARROW, 4000, 1",
    "F32, 1, false, 20000, 10, 784, TALL, 1252, 1",
    "F32, 1, false, 60000, 10, 784, TALL, 938, 1",
    "F32, 1, false, 60000, 32, 784, TALL, 1876, 1",
    "F32, 1, false, 60000, 33, 784, WIDE, 469, 1",
    "F32, 1, false, 3072, 100, 50000, TALL, 2016, 33",
    "F32, 1, false, 4096, 100, 4096, TALL, 1792, 4",
    "F32, 1, false, 2048, 200, 4096, TALL, 1664, 4",
    "F32, 1, false, 512, 512, 60000, TALL, 2048, 30",
    "F32, 1, false, 1024, 1024, 1024, WIDE, 128, 1",
    "F32, 1, false, 4096, 4096, 4096, WIDE, 2048, 1",
    "F32, 1000, true, 128, 10, 784, WIDE, 157, 1", // a thousand classifiers
    "F32, 1000, false, 785, 10, 128, TALL, 13000, 1", // and their gradients
    "F64, 1, false, 785, 10, 60000, DOUBLE, 611, 2",
    "F64, 1, false, 3072, 100, 50000, DOUBLE, 192, 1",
    "F64, 1, false, 4096, 512, 4096, DOUBLE, 1024, 1",
  })
  void theGpuIsFilled(
      ElementType type,
      int models,
      boolean shared,
      int rows,
      int columns,
      int depth,
      ProductTile tile,
      long blocks,
      int passes) {
    Product size = new Product(models, shared, rows, columns, depth);
    int room = ProductTile.TOTALS_BYTES;
    assertEquals(tile, ProductTile.of(type, size, rows, H100, room));
    int atOnce = tile.chunksAtOnce(size, rows, H100, room);
    int chunks = ProductTile.chunks(size);
    assertEquals(blocks, tile.tiles(size, rows) * splits(tile, size, atOnce));
    assertEquals(passes, atOnce == 0 ? 1 : ProductTile.ceil(chunks, atOnce));
  }

  /** The figures that src/docs/numbers.md has of a weight gradient of few classes. */
  @Test
  void everyPassFillsTheGpu() {
    Product gradient = Product.of(784, 10, 60_000);
    int atOnce = ProductTile.DOUBLE.chunksAtOnce(gradient, 785, H100, ProductTile.TOTALS_BYTES);
    int rest = ProductTile.chunks(gradient) - atOnce;
    int warps = ProductTile.DOUBLE.threads(gradient) / 32;
    long second = ProductTile.DOUBLE.tiles(gradient, 785) * ProductTile.ceil(rest, warps);
    assertEquals(611, second);
    assertTrue(second >= 2 * H100);
  }

  /** Of any shape and room: a full pass has two blocks a tile, and the totals fit the room. */
  @Test
  void aSplitGainsBlocks() {
    Random random = new Random(5);
    Set<ProductTile> split = EnumSet.noneOf(ProductTile.class);
    for (int i = 0; i < 20_000; i++) {
      int most = 1 << random.nextInt(14);
      int rows = 1 + random.nextInt(most);
      int columns = 1 + random.nextInt(1 << random.nextInt(11));
      Product size =
          new Product(
              1 + random.nextInt(3), random.nextBoolean(), rows, columns, random.nextInt(50_000));
      int room = 1 << (16 + random.nextInt(9));
      for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
        ProductTile tile = ProductTile.of(type, size, rows, H100, room);
        int atOnce = tile.chunksAtOnce(size, rows, H100, room);
        if (atOnce == 0) {
          continue;
        }
        split.add(tile);
        long bytes = (long) atOnce * size.models() * rows * columns * type.bytes();
        assertTrue(bytes <= room, size + ", " + room);
        assertTrue(splits(tile, size, atOnce) >= 2, size + ", " + room);
      }
    }
    assertEquals(Set.of(ProductTile.TALL, ProductTile.NARROW, ProductTile.DOUBLE), split);
  }

  private static int splits(ProductTile tile, Product size, int atOnce) {
    int chunks = Math.min(atOnce, ProductTile.chunks(size));
    return atOnce == 0 ? 1 : ProductTile.ceil(chunks, tile.threads(size) / 32);
  }
}
