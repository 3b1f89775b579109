package org.thalweg.device.java;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Bytes scaled by the Vector API. */
final class ByteVectorScaling implements VectorScaling {
  private static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.vectorBitSize() < 256
          ? FloatVector.SPECIES_256 // there are no vectors of fewer than 8 bytes
          : FloatVector.SPECIES_PREFERRED;

  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());

  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / Float.BYTES));

  @Override
  public void widen(byte[] from, int n, float factor, float[] to, int at) {
    int end = n - n % BYTES.length();
    for (int i = 0; i < end; i += BYTES.length()) {
      IntVector signed =
          (IntVector)
              ByteVector.fromArray(BYTES, from, i).convertShape(VectorOperators.B2I, INTS, 0);
      FloatVector number = (FloatVector) signed.and(0xff).convert(VectorOperators.I2F, 0);
      number.mul(factor).intoArray(to, at + i);
    }
    for (int i = end; i < n; i++) {
      to[at + i] = (from[i] & 0xff) * factor;
    }
  }
}
