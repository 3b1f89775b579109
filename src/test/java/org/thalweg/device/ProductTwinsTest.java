package org.thalweg.device;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.ElementType;
import org.thalweg.oracle.ProductOracle;

/** Both products have the same bits on every device. */
class ProductTwinsTest {
  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  /** A product with each array off alignment in its own way. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  record Case(
      ElementType type,
      Product size,
      boolean transposed,
      double[] left,
      double[] right,
      double @Nullable [] bias)
      implements OnDevice.Experiment {
    @Override
    public String toString() {
      return "%s %s %s%s"
          .formatted(
              transposed ? "leftT . right" : "left . right",
              type,
              size,
              bias == null ? "" : " with a row");
    }

    @Override
    public List<double[]> run(Device device) {
      int row = size.models() * size.columns();
      Guarded a = Guarded.of(device, type, 1, left);
      Guarded b = Guarded.of(device, type, 2, right);
      Guarded c = Guarded.allocate(device, type, 3, size.models() * size.rows() * size.columns());
      Guarded r = bias == null ? null : Guarded.of(device, type, row % 4, bias);
      Array rowArray = r == null ? null : r.inside();
      if (transposed) {
        device.multiplyTransposed(size, a.inside(), b.inside(), c.inside(), rowArray);
      } else {
        device.multiply(size, a.inside(), b.inside(), rowArray, c.inside());
      }
      List<double[]> results = new ArrayList<>(List.of(c.read(device)));
      if (r != null) {
        results.add(r.read(device));
      }
      for (Guarded array : new Guarded[] {a, b, c, r}) {
        if (array != null) {
          array.read(device);
          array.whole().close();
        }
      }
      return results;
    }
  }

  abstract static class Body extends OnDevice {
    private final Random random = new Random(2);

    Body(TestDevices which) {
      super(which);
    }

    private double[] numbers(int n) {
      double[] x = Values.normal(random, n, 1);
      for (int i = 0; i < n; i++) {
        x[i] *= Math.scalb(1.0, random.nextInt(16));
      }
      return x;
    }

    private Case random(ElementType type, Product size, boolean transposed, boolean row) {
      return new Case(
          type,
          size,
          transposed,
          numbers((size.leftShared() ? 1 : size.models()) * size.rows() * size.depth()),
          numbers(size.models() * size.depth() * size.columns()),
          row ? numbers(size.models() * size.columns()) : null);
    }

    /** Both types, both products, with and without bias or row of ones. */
    private void assertTwins(Product size) {
      for (int i = 0; i < 8; i++) {
        Case one = random(Values.TYPES[i % 2], size, i / 2 % 2 == 1, i / 4 == 1);
        assertTwins(one.toString(), one);
      }
    }

    @Test
    void sizes() {
      for (int n : new int[] {0, 1, 3, 15, 16, 17, 31, 32, 33, 127, 128, 129, 257, 1025}) {
        assertTwins(Product.of(n, 3, 5));
        assertTwins(Product.of(3, n, 5));
        assertTwins(Product.of(3, 5, n));
      }
      assertTwins(Product.of(0, 0, 0));
      assertTwins(Product.of(31, 37, 41));
      assertTwins(Product.of(33, 17, 129));
      assertTwins(Product.of(64, 10, 1437));
    }

    @Test
    void manyRowsColumnsAndChunks() {
      for (ElementType type : Values.TYPES) {
        for (boolean transposed : new boolean[] {false, true}) {
          Case one = random(type, Product.of(127, 33, 1025), transposed, true);
          assertTwins(one.toString(), one);
        }
      }
    }

    /**
     * Where the kernels take their wide tile of 64 x 32 outputs, and in binary64 their one tile.
     */
    @Test
    void wideTiles() {
      for (int depth : new int[] {0, 1, 15, 17, 128, 129}) {
        assertTwins(new Product(16, true, 3, 17, depth));
      }
      assertTwins(new Product(16, false, 5, 17, 1025));
      assertTwins(new Product(9, false, 64, 33, 131));
      assertTwins(new Product(9, true, 65, 32, 131));
      assertTwins(new Product(5, false, 63, 97, 20));
      assertTwins(Product.of(193, 97, 131));
    }

    @Test
    void models() {
      for (int models : new int[] {0, 1, 3}) {
        for (boolean shared : new boolean[] {false, true}) {
          assertTwins(new Product(models, shared, 5, 7, 131));
          assertTwins(new Product(models, shared, 33, 17, 3));
          assertTwins(new Product(models, shared, 31, 1, 0));
        }
      }
    }

    /** Each special value times and plus each other, at every place of a chain of two chunks. */
    @Test
    void specialValues() {
      for (ElementType type : Values.TYPES) {
        double[] special = Values.special(type);
        int n = special.length;
        for (int depth : new int[] {1, 129}) {
          for (int at : new int[] {0, depth - 1, Math.min(depth - 1, 127)}) {
            double[] left = numbers(n * depth);
            double[] right = numbers(depth * n);
            for (int i = 0; i < n; i++) {
              left[i * depth + at] = special[i];
              right[at * n + i] = special[i];
            }
            Product size = Product.of(n, n, depth);
            for (boolean transposed : new boolean[] {false, true}) {
              double[] a = transposed ? ProductOracle.transpose(left, n, depth) : left;
              Case one = new Case(type, size, transposed, a, right, special);
              assertTwins(one + " with special values at " + at, one);
            }
          }
        }
      }
    }
  }
}
