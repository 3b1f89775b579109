package org.thalweg.selftest;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Product;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.selftest.ProductExperiments.Layout;

/** Products of more sizes than the product's suite has. */
class ProductEqualityTest {
  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  class ByVectorApi extends Body {
    ByVectorApi() {
      super(TestDevices.JAVA_VECTORS);
    }

    @Test
    void severalBlocks() {
      assertSame(Product.of(140, 1027, 131));
      assertSame(Product.of(1027, 9, 257));
      assertSame(new Product(3, true, 131, 70, 129));
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  abstract static class Body extends Equality {
    Body(TestDevices which) {
      super(which);
    }

    /** Both types, all layouts, with and without bias or row of ones. */
    void assertSame(Product size) {
      for (ElementType type : Suite.TYPES) {
        for (Layout layout : Layout.values()) {
          assertSame(ProductExperiments.random(type, size, layout, false));
          if (layout.hasRow()) {
            assertSame(ProductExperiments.random(type, size, layout, true));
          }
        }
      }
    }

    @Test
    void sizes() {
      for (int n : new int[] {0, 1, 3, 15, 16, 17, 31, 32, 33, 127, 128, 129, 257, 1025}) {
        assertSame(Product.of(n, 3, 5));
        assertSame(Product.of(3, n, 5));
        assertSame(Product.of(3, 5, n));
      }
    }

    @Test
    void manyRowsColumnsAndChunks() {
      for (ElementType type : Suite.TYPES) {
        for (Layout layout : Layout.values()) {
          Product size = Product.of(127, 33, 1025);
          assertSame(ProductExperiments.random(type, size, layout, layout.hasRow()));
        }
      }
    }

    /**
     * Where the kernels take their wide tile of 128 x 64 outputs, and in binary64 their one tile.
     */
    @Test
    void wideTiles() {
      for (int depth : new int[] {0, 1, 15, 17, 128, 129}) {
        assertSame(new Product(16, true, 3, 17, depth));
      }
      assertSame(new Product(16, false, 5, 17, 1025));
      assertSame(new Product(9, false, 64, 33, 131));
      assertSame(new Product(9, true, 65, 32, 131));
      assertSame(new Product(5, false, 63, 97, 20));
      assertSame(Product.of(193, 97, 131));
      assertSame(Product.of(256, 128, 264)); // no tile has an absent element
    }

    /** Models that share their left operand are one product, whose tiles have several models. */
    @Test
    void joinedModels() {
      assertSame(new Product(40, true, 130, 10, 137));
      assertSame(new Product(8, true, 256, 24, 264));
      assertSame(new Product(39, true, 256, 10, 264)); // and whole tiles of several models
      assertSame(new Product(67, true, 129, 3, 20));
      assertSame(new Product(3, true, 7, 5, 1300));
    }

    @Test
    void models() {
      for (int models : new int[] {0, 1, 3}) {
        for (boolean shared : new boolean[] {false, true}) {
          assertSame(new Product(models, shared, 5, 7, 131));
          assertSame(new Product(models, shared, 33, 17, 3));
          assertSame(new Product(models, shared, 31, 1, 0));
        }
      }
    }

    /** In a chain of one; the suite has those of two chunks. */
    @Test
    void specialValues() {
      for (ElementType type : Suite.TYPES) {
        for (Layout layout : Layout.values()) {
          assertSame(ProductExperiments.special(type, layout, 0, 1));
        }
      }
    }
  }
}
