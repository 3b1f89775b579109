package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.Product;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;

/** Products whose k is split over blocks, where tiles alone do not fill the GPU. */
class SplitProductsTest {
  private static final List<ElementType> TYPES = List.of(ElementType.F32, ElementType.F64);

  /** In one pass, in several, and not split: the same bits. */
  @Test
  @Tag("driver")
  void thePassesChangeNoBit() {
    List<Product> sizes =
        List.of(
            Product.of(3, 5, 1025),
            Product.of(17, 10, 3000),
            Product.of(8, 16, 897),
            Product.of(100, 10, 3000), // tall tiles
            new Product(2, false, 9, 3, 2000),
            new Product(3, true, 9, 7, 2000));
    try (CudaDevice device = TestDevices.openDriver()) {
      for (Product size : sizes) {
        for (ElementType type : TYPES) {
          for (int what = 0; what < 4; what++) {
            boolean transposed = what % 2 == 1;
            boolean row = what / 2 == 1;
            double[] whole = product(device, 0, size, type, transposed, row);
            for (int rounds : new int[] {2, 3, 1000}) {
              double[] split = product(device, rounds, size, type, transposed, row);
              assertArrayEquals(whole, split, size + " " + type + ", " + rounds);
            }
            assertNotEquals(0, Arrays.stream(whole).map(Math::abs).sum());
          }
        }
      }
    }
  }

  /**
   * Product and row vector.
   *
   * @param rounds so many chunks for each warp have room for their totals
   */
  private static double[] product(
      CudaDevice device,
      int rounds,
      Product size,
      ElementType type,
      boolean transposed,
      boolean row) {
    int rows = size.rows() + (transposed && row ? 1 : 0);
    int models = size.models();
    int multiprocessors = device.context().multiprocessors();
    int all = ProductTile.TOTALS_BYTES;
    ProductTile tile = ProductTile.of(type, size, rows, multiprocessors, all);
    int chunks = rounds * tile.threads(size) / 32;
    int room = chunks * models * rows * size.columns() * type.bytes();
    if (multiprocessors <= 4) { // as the software driver has
      int atOnce = tile.chunksAtOnce(size, rows, multiprocessors, room);
      assertTrue(atOnce <= chunks, size + ": " + atOnce);
      int most = ProductTile.chunks(size);
      assertEquals(rounds == 0, atOnce == 0, size + ": " + atOnce);
      assertEquals(rounds > 0 && chunks < most, atOnce > 0 && atOnce < most, size + ": " + atOnce);
    }
    int lefts = (size.leftShared() ? 1 : models) * size.rows() * size.depth();
    try (ProductKernels kernels =
            new ProductKernels(device.context(), new CudaQueue(device.context()), room);
        Array left = numbers(device, type, lefts);
        Array right = numbers(device, type, models * size.depth() * size.columns());
        Array vector = numbers(device, type, models * size.columns());
        Array out = device.allocate(type, (long) models * size.rows() * size.columns())) {
      Array given = row ? vector : null;
      if (transposed) {
        kernels.multiplyTransposed(size, left, right, out, given);
      } else {
        kernels.multiply(size, left, right, given, out);
      }
      return DoubleStream.concat(
              Arrays.stream(device.download(out)), Arrays.stream(device.download(vector)))
          .toArray();
    }
  }

  private static Array numbers(CudaDevice device, ElementType type, int count) {
    Random random = new Random(count);
    double[] numbers = random.doubles(count, -1, 1).toArray();
    Array array = device.allocate(type, count);
    device.upload(array, numbers);
    return array;
  }
}
