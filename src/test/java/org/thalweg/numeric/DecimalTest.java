package org.thalweg.numeric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecimalTest {
  @ParameterizedTest
  @CsvSource({
    "0.01, 0.01",
    "1e-8, 1e-8",
    "0.001, 0.001",
    "0.0001, 1e-4",
    "1.5e-5, 1.5e-5",
    "1, 1",
    "-2, -2",
    "0, 0",
    "-0.0, -0",
    "1000000, 1000000",
    "1e7, 1e7",
    "1e6, 1000000",
    "12.5, 12.5",
    "1e23, 1e23",
    "2e-3, 0.002",
    "4.9e-324, 5e-324",
    "NaN, NaN",
    "-Infinity, -Infinity",
    "1.7976931348623157e308, 1.7976931348623157e308",
    "123456789, 1.23456789e8"
  })
  void numbersAreWrittenAsPeopleTypeThem(double number, String text) {
    assertEquals(text, Decimal.text(number));
  }

  @Test
  void textReadsBackToTheSameNumber() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      double any = Double.longBitsToDouble(random.nextLong());
      String text = Decimal.text(any);
      assertEquals(any, Decimal.parse(text));
      assertTrue(text.length() <= Double.toString(any).length(), text + " for " + any);
    }
  }

  /** Of which Java reads all but the first three. */
  @ParameterizedTest
  @ValueSource(
      strings = {"", "abc", "1,5", "0x1p-3", "20f", "1e3d", " 1", "1 ", "1D", "0x10", "-NaN"})
  void whatIsNoNumberIsRefused(String text) {
    String message =
        assertThrows(NumberFormatException.class, () -> Decimal.parse(text)).getMessage();
    assertEquals("expected a number, not \"" + text + "\"", message);
  }
}
