package org.thalweg.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.sim.SeededDriver;

/** The experiments of the product's suite, each a test; other classes here have more of them. */
class EqualityTest {
  static Stream<Named<Experiment>> experiments() {
    return Arrays.stream(Suite.values())
        .flatMap(suite -> suite.experiments.get())
        .map(experiment -> Named.of(experiment.name(), experiment));
  }

  /** All but the trainings, whose arrays are the trainer's. */
  static Stream<Named<Experiment>> experimentsThatPlaceArrays() {
    return Arrays.stream(Suite.values())
        .filter(suite -> suite != Suite.training)
        .flatMap(suite -> suite.experiments.get())
        .map(experiment -> Named.of(experiment.name(), experiment));
  }

  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  class ByVectorApi extends Body {
    ByVectorApi() {
      super(TestDevices.JAVA_VECTORS);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }

    /** The other tests run in the order of seed 0. */
    @Override
    @BeforeAll
    public void openDevice() {
      device = SeededDriver.open(12345);
    }
  }

  abstract static class Body extends Equality {
    Body(TestDevices which) {
      super(which);
    }

    @ParameterizedTest
    @MethodSource("org.thalweg.selftest.EqualityTest#experiments")
    void sameBits(Experiment experiment) {
      assertSame(experiment);
    }
  }

  /** A fixture that remembers what it has placed. */
  private static final class Watchful extends Fixture {
    /** What nothing may write. */
    private static final Set<String> INPUTS =
        Set.of(
            "gradients",
            "labels",
            "left",
            "ranges",
            "columns",
            "right",
            "bias",
            "values",
            "order",
            "affine",
            "losses",
            "correct",
            "scores",
            "direction",
            "from");

    private record Placed(String name, ElementType type, List<double[]> pieces) {}

    private final List<Placed> placed = new ArrayList<>();

    Watchful(Device device) {
      super(device);
    }

    @Override
    List<Array> place(
        String name, ElementType type, IntUnaryOperator offset, List<double[]> pieces) {
      List<Array> slices = super.place(name, type, offset, pieces);
      placed.add(new Placed(name, type, slices.stream().map(device::download).toList()));
      return slices;
    }

    /** Returns how many numbers were looked at. */
    int check(String experiment) {
      List<Result> results = results();
      int looked = 0;
      for (Placed one : placed) {
        Result result =
            results.stream().filter(r -> r.name().equals(one.name)).findFirst().orElseThrow();
        double[] values = result.values();
        double[] expected = values.clone();
        Arrays.fill(expected, Fixture.guard(one.type));
        for (int i = 0; i < one.pieces.size(); i++) {
          double[] piece = one.pieces.get(i);
          int start = result.starts().get(i);
          boolean input = INPUTS.contains(one.name);
          double[] inside = input ? piece : Arrays.copyOfRange(values, start, start + piece.length);
          System.arraycopy(inside, 0, expected, start, piece.length);
        }
        for (int i = 0; i < values.length; i++) {
          if (Exact.bits(expected[i]) != Exact.bits(values[i])) {
            assertEquals(expected[i], values[i], experiment + ": " + result.element(i));
          }
        }
        looked += values.length;
      }
      return looked;
    }
  }

  /**
   * On Java, and so on every device that ends with the same bits: nothing writes to inputs, nor
   * beside an array.
   */
  @ParameterizedTest
  @MethodSource("experimentsThatPlaceArrays")
  void writesNothingElse(Experiment experiment) {
    for (TestDevices which : List.of(TestDevices.JAVA_PLAIN, TestDevices.JAVA_VECTORS)) {
      try (Device device = which.open();
          Watchful fixture = new Watchful(device)) {
        experiment.body().accept(fixture);
        assertTrue(fixture.check(experiment.name()) > 0);
      }
    }
  }
}
