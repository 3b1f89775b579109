package org.thalweg.plot;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.thalweg.plot.Lines.Range;

/**
 * Where numbers are along an axis, and its ticks.
 *
 * @param logarithmic whether equal factors, not equal differences, have equal lengths
 * @param whole whether there is nothing between whole numbers, as between epochs
 * @param range from the beginning of the axis to its end
 */
record Scale(String label, boolean logarithmic, boolean whole, Range range) {
  /** A label of more characters than this has an exponent, if that is shorter. */
  private static final int LONGEST = 6;

  private static final int[] ONE = {1};
  private static final int[] ONE_TWO_FIVE = {1, 2, 5};

  /** The axis's label where a number has been subtracted from its ticks: {@code x - 1e9}. */
  String less(BigDecimal offset) {
    if (offset.signum() == 0) return label;
    return label + (offset.signum() > 0 ? " - " : " + ") + label(offset.abs());
  }

  /** Where a number is: 0 at the beginning of the axis, 1 at its end. */
  double at(double number) {
    return logarithmic
        ? Math.log(number / range.min()) / Math.log(range.max() / range.min())
        : (number - range.min()) / range.span();
  }

  /** Whether a number has a place on the axis. */
  boolean shows(double number) {
    return range.holds(number); // not NaN
  }

  /** Round numbers along the axis, about as many as given at most. */
  List<BigDecimal> ticks(int most) {
    if (logarithmic && range.max() / range.min() >= 10) {
      List<BigDecimal> ticks = powers(ONE_TWO_FIVE, 1);
      for (int every = 1; ticks.size() > most; every++) {
        ticks = powers(ONE, every);
      }
      return ticks;
    }
    int exponent = (int) Math.floor(Math.log10(range.span() / most));
    BigDecimal step = BigDecimal.ONE;
    for (int digit : new int[] {1, 2, 5, 10}) {
      step = BigDecimal.valueOf(digit).scaleByPowerOfTen(exponent);
      if (range.span() / step.doubleValue() <= most) {
        break;
      }
    }
    step = whole ? step.max(BigDecimal.ONE) : step;
    List<BigDecimal> ticks = new ArrayList<>();
    BigDecimal tick =
        new BigDecimal(range.min()).divide(step, 0, RoundingMode.CEILING).multiply(step);
    for (; tick.doubleValue() <= range.max(); tick = tick.add(step)) {
      ticks.add(tick);
    }
    return ticks;
  }

  /** These digits times every n-th power of ten. */
  private List<BigDecimal> powers(int[] digits, int every) {
    int first = (int) Math.floor(Math.log10(range.min()));
    int last = (int) Math.ceil(Math.log10(range.max()));
    return IntStream.rangeClosed(first, last)
        .filter(power -> power % every == 0)
        .boxed()
        .flatMap(
            power ->
                IntStream.of(digits)
                    .mapToObj(digit -> BigDecimal.valueOf(digit).scaleByPowerOfTen(power)))
        .filter(tick -> range.min() <= tick.doubleValue() && tick.doubleValue() <= range.max())
        .toList();
  }

  /** A tick's number, exactly: 0.05, 20000, 1e-7. */
  static String label(BigDecimal tick) {
    BigDecimal digits = tick.stripTrailingZeros();
    String plain = digits.toPlainString();
    int power = digits.precision() - digits.scale() - 1;
    String exponent = digits.movePointLeft(power).toPlainString() + "e" + power;
    return plain.length() <= Math.max(LONGEST, exponent.length()) ? plain : exponent;
  }
}
