package org.thalweg.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

/** The bits of the JDK's own reading, of whatever is a decimal number, and of nothing else. */
class DecimalTextTest {
  private static final DecimalText FLOATS = new DecimalText(true, '.');
  private static final DecimalText DOUBLES = new DecimalText(false, '.');
  private static final DecimalText COMMAS = new DecimalText(false, ',');

  private static void assertRead(String text) {
    assertEquals(
        Double.doubleToRawLongBits(Float.parseFloat(text)),
        Double.doubleToRawLongBits(FLOATS.parse(text)),
        text);
    long bits = Double.doubleToRawLongBits(Double.parseDouble(text));
    assertEquals(bits, Double.doubleToRawLongBits(DOUBLES.parse(text)), text);
    assertEquals(bits, Double.doubleToRawLongBits(COMMAS.parse(text.replace('.', ','))), text);
  }

  @Test
  void edgesAreRead() {
    for (String text :
        List.of(
            "0",
            "-0",
            "-0.0e9",
            "0e99999999999",
            "1e-99999999999",
            "+7.",
            ".5",
            "1e22",
            "1e23",
            "9007199254740993",
            "9007199254740993e3",
            "16777217",
            "16777217.0000000000000000000001",
            "16777216.99999999999999999999999",
            "3.4028235677973366e38",
            "3.4028235677973365e38",
            "1e-45",
            "7.006492321624085e-46",
            "7.006492321624086e-46",
            "1.1754943508222875e-38",
            "2.2250738585072011e-308",
            "4.9e-324",
            "1.7976931348623157e308",
            "0.000000000000000000000000000000000000000000000000000000000000000000001",
            "123456789012345678",
            "1234567890123456789012345678901234567890",
            "0.1234567890123456789012345678901234567890",
            "1" + "0".repeat(300) + "e-300",
            "0." + "0".repeat(300) + "1e300")) {
      assertRead(text);
      assertRead("-" + text.replaceFirst("^[+-]", ""));
    }
    assertEquals(Double.POSITIVE_INFINITY, FLOATS.parse("1e39"));
    assertEquals(Double.NEGATIVE_INFINITY, DOUBLES.parse("-1e309"));
    for (String text :
        List.of(
            "", "+", "-", ".", "e1", ".e1", "1e", "1e+", "1.5.", "1,5", "1f", "0x1", "1e1.", "NaN",
            "1 ", "--1", "1d")) {
      assertEquals(Double.NaN, FLOATS.parse(text), text);
      assertEquals(Double.NaN, DOUBLES.parse(text), text);
    }
    assertEquals(Double.NaN, COMMAS.parse("1.5"));
  }

  /** Numbers as programs write them. */
  @Property(tries = 20_000, shrinking = ShrinkingMode.OFF)
  void randomNumbersAreRead(@ForAll long seed) {
    Random random = new Random(seed);
    double any = Double.longBitsToDouble(random.nextLong());
    if (Double.isFinite(any)) {
      assertRead(Double.toString(any));
    }
    float single = Float.intBitsToFloat(random.nextInt());
    if (Float.isFinite(single)) {
      assertRead(Float.toString(single));
    }
    double usual = random.nextGaussian() * Math.pow(10, random.nextInt(12) - 6);
    assertRead(Double.toString(usual));
    assertRead(Float.toString((float) usual));
    assertRead(String.format(Locale.ROOT, "%." + random.nextInt(20) + "f", usual));
    assertRead(String.format(Locale.ROOT, "%." + random.nextInt(20) + "e", usual));
    assertRead(Long.toString(random.nextLong() >> random.nextInt(64)));
  }

  /** Numbers at, and just beside, the middle between two floats, where two roundings would show. */
  @Property(tries = 20_000, shrinking = ShrinkingMode.OFF)
  void middlesAreRoundedOnce(@ForAll long seed) {
    Random random = new Random(seed);
    float one = (float) (random.nextDouble() * Math.pow(10, random.nextInt(16) - 8));
    double middle = (one + (double) Math.nextUp(one)) / 2;
    BigDecimal exact = new BigDecimal(middle);
    BigDecimal little = new BigDecimal("1e-" + (10 + random.nextInt(20))).multiply(exact);
    for (BigDecimal number : List.of(exact, exact.add(little), exact.subtract(little))) {
      assertRead(number.toPlainString());
      assertRead(number.toString());
    }
    assertRead(Double.toString(Math.nextUp(middle)));
    assertRead(Double.toString(Math.nextDown(middle)));
  }
}
