package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Rounding;
import org.thalweg.selftest.Suite;

/** The proximal step: which bits it makes of what, by its words and not by its formula. */
class ShrinkTest {
  private static final List<ElementType> STORED =
      List.of(ElementType.F32, ElementType.F64, ElementType.BF16);

  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
    }
  }

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

  abstract static class Body extends OnDevice {
    Body(TestDevices which) {
      super(which);
    }

    /**
     * NaN stays NaN. Without a threshold nothing changes, neither -0 nor the smallest number. Up to
     * the threshold all becomes 0, with the sign it had; beyond, the threshold is subtracted from
     * the magnitude.
     */
    @Test
    void eachNumberByEachThreshold() {
      for (ElementType type : STORED) {
        double[] special = DoubleStream.of(Suite.special(type)).map(type::round).toArray();
        List<Double> thresholds = new ArrayList<>();
        for (double threshold : special) {
          if (threshold >= 0) {
            thresholds.add(threshold);
          }
        }
        thresholds.add(0.25);
        for (double threshold : thresholds) {
          double[] expected = new double[special.length];
          for (int i = 0; i < special.length; i++) {
            double size = Math.abs(special[i]);
            double left =
                size <= threshold ? 0 : type.round(type.computed().round(size - threshold));
            expected[i] = Math.copySign(left, special[i]);
            if (Double.isNaN(special[i])) {
              expected[i] = Double.NaN;
            }
          }
          double[] actual = shrink(type, special, threshold);
          for (int i = 0; i < special.length; i++) {
            assertEquals(
                expected[i], actual[i], "%s %s by %s".formatted(type, special[i], threshold));
          }
        }
      }
    }

    private double[] shrink(ElementType type, double[] numbers, double threshold) {
      int first = type == ElementType.BF16 ? Rounding.COLUMNS : 0;
      int columns = first + Group.columns(Group.SHRINK);
      try (Array w = device.of(type, numbers);
          Array g = device.allocate(type, numbers.length);
          Steps steps = new Steps(device, type.computed(), columns, 1, 1);
          Tensors tensors =
              device.tensors(List.of(new Parameter(w, g, 0)), Optimizers.named("adam"))) {
        if (first > 0) {
          steps.integer(0, 0, Rounding.NEAREST.key(1));
        }
        steps.numbers(0, first, 1, 0, 0, 1, threshold);
        steps.start();
        device.update(Group.SHRINK, tensors, steps, 0);
        return device.download(w);
      }
    }
  }
}
