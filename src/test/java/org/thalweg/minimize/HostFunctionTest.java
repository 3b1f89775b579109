package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;

/** A function in Java, seen through a device. */
class HostFunctionTest {
  /** x^3 + x*y. */
  private static class Cubic implements HostFunction {
    @Override
    public int size() {
      return 2;
    }

    @Override
    public double value(double[] w) {
      return w[0] * w[0] * w[0] + w[0] * w[1];
    }

    @Override
    public double gradient(double[] w, double[] gradient) {
      gradient[0] = 3 * w[0] * w[0] + w[1];
      gradient[1] = w[0];
      return value(w);
    }
  }

  private static final class Twice extends Cubic {
    @Override
    public boolean twiceDifferentiable() {
      return true;
    }

    @Override
    public void hessianTimes(double[] w, double[] v, double[] out) {
      out[0] = 6 * w[0] * v[0] + v[1];
      out[1] = v[0];
    }
  }

  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  abstract static class Body {
    private final TestDevices which;

    Body(TestDevices which) {
      this.which = which;
    }

    @Test
    void roundsItsVectorsAndNotItsValue() {
      for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
        try (Device device = which.open()) {
          Objective f = new Twice().on(device, type);
          double x = type.round(0.1);
          Array w = device.of(type, x, 3);
          Array out = device.allocate(type, 2);
          assertEquals(2, f.size());
          assertEquals(type, f.type());
          assertEquals(x * x * x + x * 3, f.value(w));
          assertEquals(x * x * x + x * 3, f.gradient(w, out));
          assertArrayEquals(new double[] {type.round(3 * x * x + 3), x}, device.download(out));
          assertTrue(f.twiceDifferentiable());
          f.hessianTimes(w, device.of(type, 1, 2), out);
          assertArrayEquals(new double[] {type.round(6 * x + 2), 1}, device.download(out));
        }
      }
    }

    @Test
    void aGradientThatIsTooLong() {
      try (Device device = which.open()) {
        Array w = device.of(ElementType.F64, 1, 2);
        Array gradient = device.of(ElementType.F64, 3, 4);
        HostFunction tooLong =
            new Cubic() {
              @Override
              public double gradient(double[] at, double[] g) {
                g[2] = 1;
                return 0;
              }
            };
        String message =
            assertThrows(
                    IllegalArgumentException.class,
                    () -> tooLong.on(device, ElementType.F64).gradient(w, gradient))
                .getMessage();
        assertTrue(message.contains("2 numbers"), message);
        assertArrayEquals(new double[] {3, 4}, device.download(gradient));
      }
    }

    @Test
    void refuses() {
      try (Device device = which.open()) {
        Objective f = new Cubic().on(device, ElementType.F64);
        Array two = device.of(ElementType.F64, 1, 2);
        Array other = device.of(ElementType.F64, 1, 2);
        Array three = device.of(ElementType.F64, 1, 2, 3);
        Array floats = device.of(ElementType.F32, 1, 2);
        assertFalse(f.twiceDifferentiable());
        assertThrows(UnsupportedOperationException.class, () -> f.hessianTimes(two, two, other));
        Executable[] wrong = {
          () -> f.value(three),
          () -> f.value(floats),
          () -> f.gradient(three, two),
          () -> f.gradient(two, three),
          () -> f.gradient(two, floats),
          () -> f.gradient(two, two),
          () -> f.hessianTimes(two, other, three),
          () -> f.hessianTimes(two, three, other),
          () -> f.hessianTimes(two, other, two),
          () -> f.hessianTimes(two, other, other),
          () -> new Cubic().on(device, ElementType.BF16),
          () -> new Cubic().on(device, ElementType.I32)
        };
        for (Executable use : wrong) {
          assertThrows(IllegalArgumentException.class, use);
        }
        assertArrayEquals(new double[] {1, 2}, device.download(two)); // nothing was half-written
      }
    }
  }
}
