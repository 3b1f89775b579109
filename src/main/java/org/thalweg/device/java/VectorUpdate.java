package org.thalweg.device.java;

import java.util.Set;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adadelta;
import org.thalweg.optim.Adamax;
import org.thalweg.optim.AmsGrad;
import org.thalweg.optim.Lion;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.RmsProp;
import org.thalweg.optim.Rprop;
import org.thalweg.optim.Yogi;

/**
 * The loops of those rules that the JIT does not vectorise, by the Vector API, with the same bits:
 * they choose between numbers, or take the root of a quotient. The others are vectors already.
 *
 * @param <A> an array of the type
 */
interface VectorUpdate<A> {
  /** How many fma a parameter counts as, of those that make it worth loading the loops. */
  int WORTH = 16;

  /** {@link Optimizer#update(float[], float[], float[][], int, int, float[])}. */
  void update(Optimizer rule, A w, A g, A[] s, int from, int to, A c);

  /** Whether there is a loop for a rule. */
  static boolean has(Optimizer rule) {
    Set<Class<?>> rules =
        Set.of(AmsGrad.class, Yogi.class, Adadelta.class, Adamax.class, Lion.class, Rprop.class);
    return rules.contains(rule.getClass()) || (rule instanceof RmsProp r && r.centred());
  }

  /** The loops for F32 or F64, whose arrays are {@code A}. */
  @SuppressWarnings("unchecked")
  static <A> VectorUpdate<A> of(ElementType type) {
    return (VectorUpdate<A>) (type == ElementType.F32 ? Float32.LOOPS : Float64.LOOPS);
  }

  /** Loads the loops in binary32 on first use. */
  final class Float32 {
    private static final VectorUpdate<?> LOOPS = VectorProduct.load(VectorUpdate.class, "Float");

    private Float32() {}
  }

  /** Loads those in binary64. */
  final class Float64 {
    private static final VectorUpdate<?> LOOPS = VectorProduct.load(VectorUpdate.class, "Double");

    private Float64() {}
  }
}
