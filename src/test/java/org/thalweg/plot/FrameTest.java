package org.thalweg.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.thalweg.plot.Lines.Range;

/** The labels of the axes. */
class FrameTest {
  /** Whatever the range, no label is cut off, and with what the axis says each is its tick. */
  @Test
  void ticksFitAndDiffer() {
    Canvas canvas = new Canvas(1, 1);
    double[] sizes = {1e-300, 1e-7, 0.03, 1, 123456.789, 1e9, 3.7e12, 1e150};
    for (double middle : sizes) {
      for (double half : new double[] {1e-6, 3e-6, 1e-5, 1e-3, 0.3, 1, 5}) {
        for (int sign : new int[] {1, -1}) {
          double at = sign * middle;
          Range range = new Range(at - half * middle, at + half * middle);
          Scale scale = new Scale("x", false, false, range);
          Frame frame = new Frame(canvas, 0, 0, 700, 600, scale, scale);
          for (int widest : new int[] {Frame.WIDEST_ACROSS, Frame.WIDEST_UPWARDS}) {
            List<BigDecimal> ticks = scale.ticks(15);
            BigDecimal offset = frame.offset(ticks, widest);
            Set<String> seen = new HashSet<>();
            for (BigDecimal tick : ticks) {
              String label = Scale.label(tick.subtract(offset));
              assertTrue(canvas.width(label) <= widest, () -> scale + ": " + label);
              assertTrue(seen.add(label), () -> scale + ": " + label);
              assertEquals(0, tick.compareTo(new BigDecimal(label).add(offset)), label);
            }
          }
        }
      }
    }
  }

  @Test
  void whatIsSubtractedFromTheTicksIsNamed() {
    Scale scale = new Scale("y", false, false, new Range(0, 1));
    assertEquals("y", scale.less(BigDecimal.ZERO));
    assertEquals("y - 1e9", scale.less(new BigDecimal("1000000000")));
    assertEquals("y + 12.5", scale.less(new BigDecimal("-12.5")));
  }
}
