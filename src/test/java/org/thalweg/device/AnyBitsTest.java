package org.thalweg.device;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import org.thalweg.loss.LossTwinsTest;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.ElementType;

/**
 * Twins on any numbers at all, in any small shape; the shapes at the edges have tests of their own.
 */
class AnyBitsTest {
  private static final int TRIES = 100;
  private static final int MANY = 40;

  private static Twins threads;
  private static Twins driver;

  private static final class Twins extends OnDevice {
    Twins(TestDevices which) {
      super(which);
      openDevice();
    }
  }

  @AfterContainer
  static void close() {
    for (Twins twins : new Twins[] {threads, driver}) {
      if (twins != null) {
        twins.closeDevice();
      }
    }
    threads = null;
    driver = null;
  }

  private static void onThreads(OnDevice.Experiment experiment) {
    if (threads == null) {
      threads = new Twins(TestDevices.JAVA_2);
    }
    threads.assertTwins(experiment.toString(), experiment);
  }

  private static void onDriver(OnDevice.Experiment experiment) {
    if (driver == null) {
      driver = new Twins(TestDevices.DRIVER);
    }
    driver.assertTwins(experiment.toString(), experiment);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void updates(@ForAll("updates") Updates updates) {
    onThreads(updates);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  @Tag("driver")
  void updatesOnDriver(@ForAll("updates") Updates updates) {
    onDriver(updates);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void products(@ForAll("products") ProductTwinsTest.Case product) {
    onThreads(product);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  @Tag("driver")
  void productsOnDriver(@ForAll("products") ProductTwinsTest.Case product) {
    onDriver(product);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void losses(@ForAll("losses") LossTwinsTest.Case loss) {
    onThreads(loss);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  @Tag("driver")
  void lossesOnDriver(@ForAll("losses") LossTwinsTest.Case loss) {
    onDriver(loss);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  void vectors(@ForAll("vectors") VectorTwinsTest.Case vectors) {
    onThreads(vectors);
  }

  @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
  @Tag("driver")
  void vectorsOnDriver(@ForAll("vectors") VectorTwinsTest.Case vectors) {
    onDriver(vectors);
  }

  private static Arbitrary<ElementType> types() {
    return Arbitraries.of(Values.TYPES);
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
  Arbitrary<Updates> updates() {
    return types()
        .flatMap(
            type ->
                Combinators.combine(
                        Arbitraries.of(Updates.extremes()),
                        tensors(type).list().ofMaxSize(5),
                        Arbitraries.longs().between(1, 1L << 40))
                    .as((rule, list, t) -> new Updates(type, rule, list, Updates.GROUPS, t)));
  }

  private static Arbitrary<Updates.Tensor> tensors(ElementType type) {
    return upTo(MANY)
        .flatMap(
            n ->
                Combinators.combine(
                        numbers(type, n),
                        numbers(type, n),
                        upTo(3),
                        upTo(3),
                        upTo(Updates.GROUPS.size() - 1))
                    .as(Updates.Tensor::new));
  }

  @Provide
  Arbitrary<ProductTwinsTest.Case> products() {
    Arbitrary<Boolean> either = Arbitraries.of(false, true);
    Arbitrary<Product> sizes =
        Combinators.combine(upTo(3), either, upTo(MANY), upTo(MANY), upTo(MANY)).as(Product::new);
    return Combinators.combine(types(), sizes, either, either)
        .flatAs(
            (type, size, transposed, row) ->
                Combinators.combine(
                        numbers(
                            type,
                            (size.leftShared() ? 1 : size.models()) * size.rows() * size.depth()),
                        numbers(type, size.models() * size.depth() * size.columns()),
                        numbers(type, size.models() * size.columns()))
                    .as(
                        (left, right, bias) ->
                            new ProductTwinsTest.Case(
                                type, size, transposed, left, right, row ? bias : null)));
  }

  @Provide
  Arbitrary<LossTwinsTest.Case> losses() {
    return Combinators.combine(
            types(),
            Arbitraries.of(Losses.examples()),
            Arbitraries.integers().between(1, 4),
            Arbitraries.integers().between(1, 2 * MANY),
            Arbitraries.of(false, true))
        .flatAs(
            (type, loss, rows, classes, inPlace) ->
                Combinators.combine(
                        numbers(type, rows * classes),
                        Arbitraries.integers().between(-1, classes).array(int[].class).ofSize(rows))
                    .as(
                        (scores, labels) ->
                            new LossTwinsTest.Case(type, loss, scores, rows, labels, inPlace)));
  }

  @Provide
  Arbitrary<VectorTwinsTest.Case> vectors() {
    return Combinators.combine(types(), upTo(3 * MANY))
        .flatAs(
            (type, n) ->
                Combinators.combine(
                        numbers(type, 1), numbers(type, n), numbers(type, n), upTo(3), upTo(3))
                    .as(
                        (a, x, y, xOffset, yOffset) ->
                            new VectorTwinsTest.Case(type, a[0], x, y, xOffset, yOffset)));
  }
}
