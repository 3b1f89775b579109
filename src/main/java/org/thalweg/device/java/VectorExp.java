package org.thalweg.device.java;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.thalweg.numeric.Exact;

/** exp of many numbers at once. */
final class VectorExp {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  private VectorExp() {}

  /**
   * {@code x[j] = exp(x[j])} for the first elements, {@link Exact#exp(float)} by the Vector API. A
   * NaN stays one without a test. It has no methods of its own: the JIT would not inline them all,
   * and would allocate the vectors that they take.
   *
   * @param end a multiple of a vector's length
   */
  static void exp(float[] x, int end) {
    for (int j = 0; j < end; j += SPECIES.length()) {
      FloatVector y = FloatVector.fromArray(SPECIES, x, j);
      y = y.blend(89.0f, y.compare(VectorOperators.GT, 89.0f));
      y = y.blend(-104.0f, y.compare(VectorOperators.LT, -104.0f));
      FloatVector shift = FloatVector.broadcast(SPECIES, 0x1.8p23f);
      FloatVector shifted = y.fma(FloatVector.broadcast(SPECIES, 0x1.715476p0f), shift);
      IntVector k = shifted.reinterpretAsInts().sub(shift.reinterpretAsInts());
      FloatVector n = shifted.sub(shift);
      FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -0x1.62e4p-1f), y);
      r = n.fma(FloatVector.broadcast(SPECIES, -0x1.7f7d1cp-20f), r);
      FloatVector p = FloatVector.broadcast(SPECIES, 0x1.697b94p-10f);
      p = p.fma(r, FloatVector.broadcast(SPECIES, 0x1.12398p-7f));
      p = p.fma(r, FloatVector.broadcast(SPECIES, 0x1.5559fep-5f));
      p = p.fma(r, FloatVector.broadcast(SPECIES, 0x1.555492p-3f));
      p = p.fma(r, FloatVector.broadcast(SPECIES, 0x1.fffffap-2f));
      p = p.fma(r, FloatVector.broadcast(SPECIES, 1.0f));
      p = p.fma(r, FloatVector.broadcast(SPECIES, 1.0f));
      IntVector half = k.lanewise(VectorOperators.ASHR, 1);
      IntVector rest = k.sub(half);
      p.mul(half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
          .mul(rest.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
          .intoArray(x, j);
    }
  }

  /** In binary64 it is StrictMath's, a number at a time. */
  static void exp(double[] x, int end) {
    for (int j = 0; j < end; j++) {
      x[j] = Exact.exp(x[j]);
    }
  }
}
