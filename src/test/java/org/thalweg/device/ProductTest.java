package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProductTest {
  /** Beyond these, the number of a row, a chunk or a tile would not fit an int. */
  @ParameterizedTest
  @CsvSource({
    "-1, 1, 1, 1", "1, -1, 1, 1", "1, 1, -1, 1", "1, 1, 1, -1",
    "1, 1073741825, 1, 1", "1, 1, 1073741825, 1", "1, 1, 1, 1073741825", "1073741824, 1, 1, 1"
  })
  void sizesThatAreRefused(int models, int rows, int columns, int depth) {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> new Product(models, true, rows, columns, depth));
    assertTrue(e.getMessage().contains(models + " models, " + rows + " rows"), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 0, 0", "1, 1073741824, 1, 1", "1073741823, 1, 1, 1"})
  void sizesThatAreAllowed(int models, int rows, int columns, int depth) {
    assertEquals(rows, new Product(models, true, rows, columns, depth).rows());
  }
}
