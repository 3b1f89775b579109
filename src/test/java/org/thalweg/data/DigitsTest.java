package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DigitsTest {
  @Test
  void theSplitIsByWriter() {
    Dataset.Split split = Digits.load();
    assertEquals(1437, split.train().rows());
    assertEquals(360, split.test().rows());
    assertEquals(64, split.train().features());
    assertEquals(1.0 / 16, split.train().scale());
    // The first image of the file is a 0 whose first row is 0,0,5,13,9,1,0,0.
    assertEquals(0, split.train().labels()[0]);
    assertEquals(13, split.train().pixels()[3]);
    for (byte pixel : split.test().pixels()) {
      assertTrue(pixel >= 0 && pixel <= 16);
    }
  }

  @Test
  void aLabelThatIsNoClassIsNamedWithItsRow() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new Dataset(new byte[4], new int[] {0, 3}, 2, 3, 1));
    assertEquals("row 1: label must be 0 to 2, not 3", e.getMessage());
    e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new Dataset(new byte[5], new int[] {0, 1}, 2, 3, 1));
    assertEquals("2 rows of 2 features are not 5 values", e.getMessage());
  }
}
