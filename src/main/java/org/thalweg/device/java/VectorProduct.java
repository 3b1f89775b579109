package org.thalweg.device.java;

import org.thalweg.numeric.ElementType;

/**
 * The loops of a product by the Vector API, with the same bits as the plain ones. Its classes are
 * loaded when the first large product is computed, and only in a JVM that was started with the
 * module: {@code --add-modules jdk.incubator.vector}.
 */
interface VectorProduct {
  /** Whether this JVM has the module. */
  boolean AVAILABLE = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

  /** The number of fma from which on it is worth loading and warming up. */
  long WORTHWHILE = 1 << 19;

  /** Computes all models' products, without a bias. */
  void run(JavaProduct product, Workers workers);

  /** The loops for a type. They are compiled apart from this class, with the module. */
  static VectorProduct of(ElementType type) {
    return type == ElementType.F32 ? Float32.LOOPS : Float64.LOOPS;
  }

  /** Loads the loops in binary32 on first use. */
  final class Float32 {
    private static final VectorProduct LOOPS = load("Float");

    private Float32() {}
  }

  /** Loads those in binary64. */
  final class Float64 {
    private static final VectorProduct LOOPS = load("Double");

    private Float64() {}
  }

  private static VectorProduct load(String type) {
    try {
      Class<?> loops =
          Class.forName(VectorProduct.class.getPackageName() + "." + type + "VectorProduct");
      return (VectorProduct) loops.getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the product's loops by the Vector API", e);
    }
  }
}
