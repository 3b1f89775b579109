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
    private static final VectorProduct LOOPS = load(VectorProduct.class, "Float");

    private Float32() {}
  }

  /** Loads those in binary64. */
  final class Float64 {
    private static final VectorProduct LOOPS = load(VectorProduct.class, "Double");

    private Float64() {}
  }

  /**
   * Makes the one object of the class that implements {@code kind}.
   *
   * @param type what the class's name begins with
   */
  static <T> T load(Class<T> kind, String type) {
    try {
      Class<?> loops = Class.forName(kind.getPackageName() + "." + type + kind.getSimpleName());
      return kind.cast(loops.getDeclaredConstructor().newInstance());
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the loops by the Vector API", e);
    }
  }
}
