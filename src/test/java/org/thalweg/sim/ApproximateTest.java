package org.thalweg.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.thalweg.sim.TestModule.Shape;

/**
 * {@code src/test/kernels/approximate.cu}: the library's exp, log and pow, and {@code __expf},
 * within the largest errors that the CUDA C++ Programming Guide (12.8, "Mathematical Functions
 * Appendix") gives. They are counted in ulp from the correctly rounded result.
 */
@Tag("driver")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApproximateTest {
  private static final int ARGUMENTS = 1 << 17;
  private static final float[] SPECIAL = {
    0,
    -0.0F,
    1,
    -1,
    2,
    3,
    -3,
    0.5F,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    88.72283F,
    88.72284F,
    -87.33655F,
    -103.97208F,
    -104,
    0.99999994F,
    1.0000001F,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY
  };

  @FunctionalInterface
  private interface Bound {
    double at(float x);
  }

  private TestModule module;

  @BeforeAll
  void load() {
    module = new TestModule("approximate");
  }

  @AfterAll
  void unload() {
    module.close();
  }

  /** The special ones; then any bits at all, and numbers of common sizes. */
  private static float[] arguments(Random random) {
    float[] x = new float[ARGUMENTS];
    for (int i = 0; i < ARGUMENTS; i++) {
      x[i] = i % 2 == 0 ? Float.intBitsToFloat(random.nextInt()) : random.nextFloat() * 220 - 110;
    }
    System.arraycopy(SPECIAL, 0, x, 0, SPECIAL.length);
    return x;
  }

  /** Infinite where only one of the two is a NaN or an infinity. */
  private static double ulps(double exact, float y) {
    float nearest = (float) exact;
    if (!Float.isFinite(nearest) || !Float.isFinite(y)) {
      return Float.compare(nearest, y) == 0 ? 0 : Double.POSITIVE_INFINITY;
    }
    return Math.abs((double) nearest - y) / Math.ulp(nearest);
  }

  private void assertWithin(Bound bound, String kernel, DoubleUnaryOperator exact) {
    float[] x = arguments(new Random(7));
    long y = module.allocate(4L * ARGUMENTS);
    module.run(kernel, Shape.of(ARGUMENTS / 256, 256), 0, module.upload(x), y, ARGUMENTS);
    float[] result = module.floats(y, ARGUMENTS);
    for (int i = 0; i < ARGUMENTS; i++) {
      double error = ulps(exact.applyAsDouble(x[i]), result[i]);
      if (error > 0 && !(error <= bound.at(x[i]))) {
        throw new AssertionError(
            "%s(%a) = %a is %.1f ulp off".formatted(kernel, x[i], result[i], error));
      }
    }
  }

  @Test
  void exp() {
    assertWithin(x -> 2, "library_exp", StrictMath::exp);
  }

  @Test
  void log() {
    assertWithin(x -> 1, "library_log", StrictMath::log);
  }

  @Test
  void fastExp() {
    assertWithin(
        x -> 2 + Math.floor(1.173 * Math.min(Math.abs(x), 110)), "fast_exp", StrictMath::exp);
  }

  @Test
  void pow() {
    Random random = new Random(8);
    float[] x = new float[ARGUMENTS];
    float[] y = new float[ARGUMENTS];
    for (int i = 0; i < ARGUMENTS; i++) {
      boolean special = i < SPECIAL.length * SPECIAL.length;
      x[i] = random.nextFloat() * 20;
      y[i] = random.nextFloat() * 60 - 30;
      if (special) {
        x[i] = SPECIAL[i / SPECIAL.length];
        y[i] = SPECIAL[i % SPECIAL.length];
      } else if (i % 4 == 0) {
        x[i] = Float.intBitsToFloat(random.nextInt());
        y[i] = Float.intBitsToFloat(random.nextInt());
      } else if (i % 4 == 1) {
        x[i] = -x[i];
        y[i] = Math.round(y[i]);
      }
    }
    long z = module.allocate(4L * ARGUMENTS);
    Shape shape = Shape.of(ARGUMENTS / 256, 256);
    module.run("library_pow", shape, 0, module.upload(x), module.upload(y), z, ARGUMENTS);
    float[] result = module.floats(z, ARGUMENTS);
    for (int i = 0; i < ARGUMENTS; i++) {
      double error = ulps(cPow(x[i], y[i]), result[i]);
      assertTrue(error <= 4, "powf(%a, %a) = %a is off".formatted(x[i], y[i], result[i]));
    }
  }

  /** C's pow: Java calls a power of 1 or -1 a NaN where C says 1. */
  private static double cPow(double x, double y) {
    boolean one = x == 1 || (x == -1 && Double.isInfinite(y));
    return one ? 1 : StrictMath.pow(x, y);
  }
}
