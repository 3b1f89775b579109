package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.thalweg.minimize.Problem.filled;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.DeviceException;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.Decimal;
import org.thalweg.numeric.ElementType;

/** What the minimisers refuse, what they leave behind, and what they count. */
class MinimizerRefusalsTest extends MinimizerFixture {
  private static void refused(Executable use, String... parts) {
    String message = String.valueOf(assertThrows(IllegalArgumentException.class, use).getMessage());
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "\"" + message + "\" lacks \"" + part + "\"");
    }
  }

  @Test
  void newtonRefusesWhatIsTooLarge() {
    HostFunction large = Functions.quadratic(new double[100_000]);
    Array start = device.allocate(ElementType.F64, 100_000);
    refused(
        () -> new Newton().minimize(large.on(device, ElementType.F64), start),
        "100000 parameters",
        "40.0 GB",
        "93 hours", // (1e5)^3 / 3 at 1e9 a second
        "the limit is 5000 parameters",
        "L-BFGS");
    new Newton(2000, 0).affordable(2000, 16_008_000);
    refused(() -> new Newton(2000, 0).affordable(2001, 1L << 40), "2001");
    refused(() -> new Newton(2000, 0).affordable(2000, 16_007_999), "0.0160 GB", "the heap has");
    refused(() -> new Newton(0, 0), "0");
    refused(() -> new Newton(46_341, 0), "46340", "46341");
  }

  @Test
  void argumentsThatDoNotFit() {
    HostFunction barrier = Functions.barrier(2);
    HostFunction once =
        new HostFunction() {
          @Override
          public int size() {
            return 2;
          }

          @Override
          public double value(double[] w) {
            return 0;
          }

          @Override
          public double gradient(double[] w, double[] gradient) {
            return 0;
          }
        };
    ElementType type = ElementType.F64;
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      refused(() -> run(minimizer, barrier, new double[3], EXACT), "start", "2", "3");
      refused(
          () -> minimizer.minimize(barrier.on(device, type), device.of(ElementType.F32, 1, 2)),
          "start",
          "F32");
      refused(() -> run(minimizer, barrier, new double[] {1, -1}, EXACT), "finite", "NaN");
      try (Device other = new JavaDevice(1)) {
        refused(
            () -> minimizer.minimize(barrier.on(device, type), other.of(type, 1, 2)), "another");
      }
    }
    refused(() -> run(new Newton(), once, new double[2], EXACT), "second derivatives");
    refused(() -> run(new NewtonCg(), once, new double[2], EXACT), "second derivatives");
    refused(() -> new LBfgs(0), "0");
    for (double wrong : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused(() -> new RandomSearch(1, wrong), Decimal.text(wrong));
      refused(() -> new GradientDescent(wrong), Decimal.text(wrong));
    }
    refused(() -> new Stopping(Double.NaN, 0, 1), "NaN");
    refused(() -> new Stopping(0, -1, 1), "-1");
    refused(() -> new Stopping(0, 0, -1), "-1");
  }

  /** All but the point is freed, also where the function throws. */
  @Test
  void nothingIsLeftBehind() {
    List<Array> allocated = new ArrayList<>();
    Device watched = watched(allocated, Integer.MAX_VALUE);
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      for (double first : new double[] {3, -1}) { // a good start, and one that is refused
        allocated.clear();
        Array start = device.of(ElementType.F64, 2, first);
        Array point = start;
        try {
          point =
              minimizer
                  .minimize(
                      Functions.barrier(2).on(watched, ElementType.F64),
                      start,
                      new Stopping(0, 0, 5),
                      UNHEARD)
                  .point();
        } catch (IllegalArgumentException e) {
          assertEquals(-1, first);
        }
        assertEquals(minimizer.vectors() + 1, allocated.size(), minimizer + " and its sums");
        for (Array array : allocated) {
          if (array == point) {
            device.download(array);
          } else {
            assertThrows(IllegalStateException.class, () -> device.download(array));
          }
        }
      }
    }
  }

  /** Nor where the device has no memory left at any of the allocations. */
  @Test
  void nothingIsLeftBehindWhereMemoryEnds() {
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      for (int most = 0; most <= minimizer.vectors(); most++) {
        List<Array> allocated = new ArrayList<>();
        Device watched = watched(allocated, most);
        assertThrows(
            DeviceException.class,
            () ->
                minimizer.minimize(
                    Functions.barrier(2).on(watched, ElementType.F64),
                    device.of(ElementType.F64, 2, 3),
                    new Stopping(0, 0, 5),
                    UNHEARD));
        assertEquals(most, allocated.size());
        for (Array array : allocated) {
          assertThrows(IllegalStateException.class, () -> device.download(array));
        }
      }
    }
  }

  /** The device, whose allocations are heard of, and refused when there have been so many. */
  private Device watched(List<Array> allocated, int most) {
    return (Device)
        Proxy.newProxyInstance(
            Device.class.getClassLoader(),
            new Class<?>[] {Device.class},
            (proxy, method, arguments) -> {
              boolean allocates = method.getName().equals("allocate");
              if (allocates && allocated.size() == most) {
                throw new DeviceException("no memory");
              }
              try {
                Object result = method.invoke(device, arguments);
                if (allocates) {
                  allocated.add((Array) result);
                }
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void evaluationsAreCounted() {
    long[] counts = new long[3];
    HostFunction rosenbrock = Functions.rosenbrock(7);
    HostFunction counting =
        new HostFunction() {
          @Override
          public int size() {
            return 7;
          }

          @Override
          public double value(double[] w) {
            counts[0]++;
            return rosenbrock.value(w);
          }

          @Override
          public double gradient(double[] w, double[] gradient) {
            counts[1]++;
            return rosenbrock.gradient(w, gradient);
          }

          @Override
          public boolean twiceDifferentiable() {
            return true;
          }

          @Override
          public void hessianTimes(double[] w, double[] v, double[] out) {
            counts[2]++;
            rosenbrock.hessianTimes(w, v, out);
          }
        };
    for (Minimizer minimizer : MinimizerTwinsTest.MINIMIZERS) {
      Arrays.fill(counts, 0);
      Result result = run(minimizer, counting, filled(7, 0.5), new Stopping(1e-8, 0, 20));
      assertArrayEquals(
          counts, new long[] {result.values(), result.gradients(), result.products()});
    }
  }
}
