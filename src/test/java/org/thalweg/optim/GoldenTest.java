package org.thalweg.optim;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.thalweg.device.Array;
import org.thalweg.device.OnDevice;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.TestDevices;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;
import org.thalweg.oracle.GoldenFile;
import org.thalweg.oracle.UpdateOracle;

/** Every rule against numbers that PyTorch has computed in binary64. */
class GoldenTest {
  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  static List<GoldenFile> updates() {
    return GoldenFile.all().stream().filter(file -> file.columns().startsWith("step,")).toList();
  }

  /**
   * Runs something over a file's gradients and holds each parameter after each update to the
   * file's, and each of the states that it gives after the parameters.
   */
  private static void assertGolden(
      GoldenFile file, ElementType type, Function<double[], UnaryOperator<double[]>> optimizer) {
    Optimizer rule = file.rule();
    double[] before = file.column(0, 3);
    UnaryOperator<double[]> step = optimizer.apply(before);
    UpdateTolerance[] tolerances = new UpdateTolerance[before.length];
    for (int i = 0; i < before.length; i++) {
      tolerances[i] = new UpdateTolerance(type, rule, file.group(), before[i]);
    }
    assertTrue(file.keys() > 20, file + " is short");
    for (int t = 1; t < file.keys(); t++) {
      double[] gradients = file.column(t, 2);
      double[] expected = file.column(t, 3);
      double[] actual = step.apply(gradients);
      for (int i = 0; i < expected.length; i++) {
        double tolerance = tolerances[i].step(before[i], file.scale() * gradients[i]);
        assertEquals(
            expected[i],
            actual[i],
            tolerance,
            "%s %s, update %d, element %d".formatted(file, type, t, i));
        for (int k = 1; k < actual.length / expected.length; k++) {
          assertEquals(
              file.column(t, 3 + k)[i],
              actual[k * expected.length + i],
              tolerances[i].state(k - 1),
              "%s %s, update %d, element %d, state %d".formatted(file, type, t, i, k - 1));
        }
      }
      before = expected;
    }
  }

  static List<GoldenFile> updatesWithOracle() {
    return updates().stream().filter(file -> UpdateOracle.has(file.rule())).toList();
  }

  @ParameterizedTest
  @MethodSource("updatesWithOracle")
  void oracleMeetsTorch(GoldenFile file) {
    assertGolden(file, ElementType.F64, w -> oracle(file, w));
  }

  private static UnaryOperator<double[]> oracle(GoldenFile file, double[] first) {
    double[] w = first.clone();
    UpdateOracle[] elements = new UpdateOracle[w.length];
    Arrays.setAll(elements, i -> new UpdateOracle(file.rule(), file.group()));
    return gradients -> {
      for (int i = 0; i < w.length; i++) {
        w[i] = elements[i].step(w[i], file.scale() * gradients[i]);
      }
      return w;
    };
  }

  /** With binary32's tolerance: a parameter that stays, a learning rate wrong by a hundredth. */
  @ParameterizedTest
  @MethodSource("updates")
  void wrongStepsAreFound(GoldenFile file) {
    assertMissed(file, ElementType.F32, (w, g, t, i) -> w);
    Optimizer rule = file.rule();
    Optimizer faster = rule.withLr(1.01 * rule.lr());
    assertThrows(
        AssertionFailedError.class,
        () -> assertGolden(file, ElementType.F32, w -> record(file, faster, w)));
    assertGolden(file, ElementType.F32, w -> record(file, rule, w)); // by nothing but that
  }

  /** A rule's own loop in binary64, by itself. */
  private static UnaryOperator<double[]> record(GoldenFile file, Optimizer rule, double[] first) {
    double[] w = first.clone();
    double[][] s = new double[rule.states()][w.length];
    for (int k = 0; k < s.length; k++) {
      Arrays.fill(s[k], rule.definition().states().get(k));
    }
    long[] t = new long[1];
    return gradients -> {
      double[] c = file.group().numbers(rule, ElementType.F64, rule.lr(), ++t[0], file.scale());
      Optimizer move = rule.lookAhead();
      if (move != null) {
        move.update(w, gradients, s, 0, w.length, c);
      }
      rule.update(w, gradients, s, 0, w.length, c);
      return w;
    };
  }

  /** The files of a kind of rule in a plain group; there are some. */
  private static <R> Map<GoldenFile, R> plain(Class<R> kind) {
    Map<GoldenFile, R> files = new LinkedHashMap<>();
    for (GoldenFile file : updates()) {
      if (kind.isInstance(file.rule()) && file.group().equals(Group.PLAIN)) {
        files.put(file, kind.cast(file.rule()));
      }
    }
    assertFalse(files.isEmpty(), "no file of " + kind);
    return files;
  }

  @Test
  void epsInsideTheRootOfRmsPropIsFound() {
    plain(RmsProp.class)
        .forEach(
            (file, r) -> {
              double[] s = new double[file.column(0, 3).length];
              assertMissed(
                  file,
                  ElementType.F32,
                  (w, g, t, i) -> {
                    s[i] = r.alpha() * s[i] + (1 - r.alpha()) * g * g;
                    return w - r.lr() * g / Math.sqrt(s[i] + r.eps());
                  });
            });
  }

  /**
   * With binary32's tolerance, but for an eps of 1e-8 that is left unfolded, which moves nothing by
   * more than 1e-4 here.
   */
  @Test
  void formulasOfAdamThatAreWrongInOnePlaceAreFound() {
    for (int wrong = 0; wrong < 4; wrong++) {
      int which = wrong;
      plain(Adam.class)
          .forEach(
              (file, r) -> {
                double[] m = new double[file.column(0, 3).length];
                double[] v = m.clone();
                assertMissed(
                    file,
                    which == 3 ? ElementType.F64 : ElementType.F32,
                    (w, g, t, i) -> {
                      m[i] = r.beta1() * m[i] + (1 - r.beta1()) * g;
                      v[i] = r.beta2() * v[i] + (1 - r.beta2()) * g * g;
                      double first = 1 - Math.pow(r.beta1(), which == 0 ? t + 1 : t);
                      double second = 1 - Math.pow(r.beta2(), t);
                      double root = Math.sqrt(v[i]) / Math.sqrt(second);
                      return switch (which) {
                        case 1 -> w - r.lr() * m[i] / first / Math.sqrt(v[i] / second + r.eps());
                        case 2 -> w - r.lr() * m[i] / (Math.sqrt(v[i]) + r.eps()); // uncorrected
                        case 3 -> // the folded form with eps left as it was
                            w - r.lr() / first * m[i] / (root + r.eps() / Math.sqrt(second));
                        default -> w - r.lr() * m[i] / first / (root + r.eps());
                      };
                    });
              });
    }
  }

  @Test
  void dampeningOfTheFirstUpdateIsFound() {
    GoldenFile file =
        updates().stream()
            .filter(f -> f.rule() instanceof Momentum r && r.dampening() > 0)
            .findFirst()
            .orElseThrow();
    Momentum r = (Momentum) file.rule();
    double[] v = new double[file.column(0, 3).length];
    assertMissed(
        file,
        ElementType.F32,
        (w, g, t, i) -> {
          v[i] = r.mu() * v[i] + (1 - r.dampening()) * (g + file.group().l2() * w);
          return w - r.lr() * v[i];
        });
  }

  private interface Formula {
    double step(double w, double g, int t, int element);
  }

  private static void assertMissed(GoldenFile file, ElementType type, Formula wrong) {
    assertThrows(
        AssertionFailedError.class,
        () ->
            assertGolden(
                file,
                type,
                first -> {
                  double[] w = first.clone();
                  int[] t = new int[1];
                  return gradients -> {
                    t[0]++;
                    for (int i = 0; i < w.length; i++) {
                      w[i] = wrong.step(w[i], file.scale() * gradients[i], t[0], i);
                    }
                    return w;
                  };
                }),
        file + ": a wrong formula was not found");
  }

  @Test
  void everyFileIsUsed() {
    assertEquals(GoldenFile.all().size(), updates().size() + GoldenFile.losses().size());
  }

  @Test
  void everyRuleHasAFile() {
    Set<String> held = updates().stream().map(file -> file.rule().name()).collect(toSet());
    assertEquals(Set.copyOf(Optimizers.names()), held);
  }

  @Test
  void whatIsNotThereIsFound() {
    for (String ours : List.of("nosuchrule:lr=1", "adam:gamma=1", "adam: l1=1")) {
      GoldenFile file =
          GoldenFile.parse("x", List.of("# torch 2 X {'lr': 0.01}", "# thalweg " + ours, "step,"));
      assertThrows(IllegalArgumentException.class, () -> List.of(file.rule(), file.group()), ours);
    }
  }

  abstract static class Body extends OnDevice {
    Body(TestDevices which) {
      super(which);
    }

    static List<GoldenFile> updates() {
      return GoldenTest.updates();
    }

    @ParameterizedTest
    @MethodSource("updates")
    void rulesMeetTorch(GoldenFile file) {
      for (ElementType type : Values.TYPES) {
        Optimizer rule = file.rule();
        double[] first = file.column(0, 3);
        try (Array w = device.of(type, first);
            Array g = device.allocate(type, first.length);
            Steps steps = new Steps(device, type, Group.columns(rule), 1, 1);
            Tensors tensors = device.tensors(List.of(new Parameter(w, g, 0)), rule);
            Program program = device.record(steps, () -> update(device, rule, tensors, steps, 0))) {
          long[] t = new long[1];
          assertGolden(
              file,
              type,
              ignored ->
                  gradients -> {
                    device.upload(g, gradients);
                    steps.numbers(
                        0,
                        0,
                        file.group().numbers(rule, steps.type(), rule.lr(), ++t[0], file.scale()));
                    steps.start();
                    program.run(1);
                    DoubleStream after = Arrays.stream(device.download(w));
                    for (int k = 0; k < file.states(); k++) {
                      after =
                          DoubleStream.concat(
                              after, Arrays.stream(device.download(tensors.state(0, k))));
                    }
                    return after.toArray();
                  });
        }
      }
    }
  }
}
