package org.thalweg.selftest;

import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import org.thalweg.device.Product;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Rounding;
import org.thalweg.selftest.LossExperiments.Kernel;
import org.thalweg.selftest.ProductExperiments.Layout;
import org.thalweg.selftest.UpdateExperiments.Clipping;
import org.thalweg.selftest.UpdateExperiments.Step;
import org.thalweg.selftest.UpdateExperiments.Tensor;

/**
 * Experiments with any numbers at all, in any small shape; the shapes at the edges have tests of
 * their own.
 */
class AnyBitsTest {
  private static final int TRIES = 100;
  private static final int MANY = 40;

  private static Twins threads;
  private static Twins driver;

  private static final class Twins extends Equality {
    Twins(TestDevices which) {
      super(which);
      openDevice();
      openTwin();
    }
  }

  @AfterContainer
  static void close() {
    for (Twins twins : new Twins[] {threads, driver}) {
      if (twins != null) {
        twins.closeTwin();
        twins.closeDevice();
      }
    }
    threads = null;
    driver = null;
  }

  private static void onThreads(Experiment experiment) {
    if (threads == null) {
      threads = new Twins(TestDevices.JAVA_VECTORS);
    }
    threads.assertSame(experiment);
  }

  private static void onDriver(Experiment experiment) {
    if (driver == null) {
      driver = new Twins(TestDevices.DRIVER);
    }
    driver.assertSame(experiment);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void updates(@ForAll("updates") Experiment updates) {
    onThreads(updates);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  @Tag("driver")
  void updatesOnDriver(@ForAll("updates") Experiment updates) {
    onDriver(updates);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void products(@ForAll("products") Experiment product) {
    onThreads(product);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  @Tag("driver")
  void productsOnDriver(@ForAll("products") Experiment product) {
    onDriver(product);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void losses(@ForAll("losses") Experiment loss) {
    onThreads(loss);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  @Tag("driver")
  void lossesOnDriver(@ForAll("losses") Experiment loss) {
    onDriver(loss);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void vectors(@ForAll("vectors") Experiment vectors) {
    onThreads(vectors);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  @Tag("driver")
  void vectorsOnDriver(@ForAll("vectors") Experiment vectors) {
    onDriver(vectors);
  }

  private static Arbitrary<ElementType> types() {
    return Arbitraries.of(Suite.TYPES);
  }

  private static Arbitrary<Integer> upTo(int n) {
    return Arbitraries.integers().between(0, n);
  }

  /**
   * Any bits of the type; half of the time numbers of one size, which leave more of a sum than NaN.
   */
  private static Arbitrary<double[]> numbers(ElementType type, int n) {
    Arbitrary<Double> bits =
        type == ElementType.F32
            ? Arbitraries.integers().map(i -> (double) Float.intBitsToFloat(i))
            : Arbitraries.longs().map(Double::longBitsToDouble);
    Arbitrary<Double> similar = Arbitraries.doubles().between(-4, 4).ofScale(9).map(type::round);
    return Arbitraries.oneOf(bits, similar).array(double[].class).ofSize(n);
  }

  @Provide
  Arbitrary<Experiment> updates() {
    return types()
        .flatMap(
            type ->
                Combinators.combine(
                        Arbitraries.of(UpdateEqualityTest.extremes()),
                        tensors(type).list().ofMaxSize(5),
                        Arbitraries.longs().between(1, 1L << 40))
                    .as(
                        (rule, list, t) -> {
                          Step step = new Step(rule, type, Rounding.NEAREST, Clipping.none, t);
                          return new Experiment(
                              "%s of %s, from update %d".formatted(rule, list, t),
                              fixture -> UpdateExperiments.run(fixture, step, list));
                        }));
  }

  private static Arbitrary<Tensor> tensors(ElementType type) {
    return upTo(MANY)
        .flatMap(
            n ->
                Combinators.combine(
                        numbers(type, n),
                        numbers(type, n),
                        upTo(3),
                        upTo(3),
                        upTo(Suite.GROUPS.size() - 1))
                    .as(Tensor::new));
  }

  @Provide
  Arbitrary<Experiment> products() {
    Arbitrary<Boolean> either = Arbitraries.of(false, true);
    Arbitrary<Product> sizes =
        Combinators.combine(upTo(3), either, upTo(MANY), upTo(MANY), upTo(MANY)).as(Product::new);
    return Combinators.combine(types(), sizes, Arbitraries.of(Layout.values()), either)
        .flatAs(
            (type, size, layout, row) ->
                Combinators.combine(
                        numbers(
                            type,
                            (size.leftShared() ? 1 : size.models()) * size.rows() * size.depth()),
                        numbers(type, size.models() * size.depth() * size.columns()),
                        numbers(type, size.models() * size.columns()))
                    .as(
                        (left, right, bias) ->
                            new Experiment(
                                "%s %s, %s".formatted(size, type, layout),
                                fixture ->
                                    ProductExperiments.run(
                                        fixture,
                                        size,
                                        layout,
                                        fixture.place("left", type, 1, left),
                                        fixture.place("right", type, 2, right),
                                        row && layout.hasRow() ? bias : null))));
  }

  @Provide
  Arbitrary<Experiment> losses() {
    return Combinators.combine(
            Arbitraries.of(Kernel.all()),
            Arbitraries.integers().between(1, 4),
            Arbitraries.integers().between(1, 2 * MANY))
        .flatAs(
            (kernel, rows, classes) ->
                Combinators.combine(
                        numbers(kernel.type(), rows * classes),
                        Arbitraries.integers().between(-1, classes).array(int[].class).ofSize(rows))
                    .as((scores, labels) -> kernel.on(classes, labels, fixture -> scores)));
  }

  @Provide
  Arbitrary<Experiment> vectors() {
    return Combinators.combine(types(), upTo(3 * MANY))
        .flatAs(
            (type, n) ->
                Combinators.combine(
                        numbers(type, 1), numbers(type, n), numbers(type, n), upTo(3), upTo(3))
                    .as(
                        (a, x, y, xOffset, yOffset) ->
                            new Experiment(
                                "%s of %s times %s, %s"
                                    .formatted(type, a[0], Arrays.toString(x), Arrays.toString(y)),
                                fixture ->
                                    VectorExperiments.run(
                                        fixture,
                                        a[0],
                                        fixture.place("x", type, xOffset, x),
                                        fixture.place("y", type, yOffset, y)))));
  }
}
