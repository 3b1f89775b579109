package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;
import org.thalweg.optim.Group;
import org.thalweg.optim.NesterovLookAhead;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Rounding;
import org.thalweg.optim.Sgd;

/**
 * The norm of all gradients together: measured, clipped, and what a gradient that is not finite
 * does.
 */
class ClipTest {
  private static final ElementType[] STORED = {ElementType.F32, ElementType.F64, ElementType.BF16};

  @Nested
  class OneThread extends Body {
    OneThread() {
      super(TestDevices.JAVA_1);
    }
  }

  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  /** A recorded step of clip and update, over tensors whose gradients can be set. */
  private static final class Run implements AutoCloseable {
    private final Device device;
    private final Optimizer rule;
    private final Owned owned = new Owned();
    private final List<Parameter> parameters = new ArrayList<>();
    final Tensors tensors;
    final Steps steps;
    private final Program program;

    Run(Device device, ElementType type, Optimizer rule, boolean skip, List<double[]> g) {
      this.device = device;
      this.rule = rule;
      for (int i = 0; i < g.size(); i++) {
        int n = g.get(i).length;
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        // Off alignment, each in its way.
        Array value = owned.add(device.allocate(type, n + 4)).slice(i % 4, n);
        Array gradient = owned.add(device.allocate(type, n + 4)).slice((i + 1) % 4, n);
        device.upload(value, ones);
        device.upload(gradient, g.get(i));
        parameters.add(new Parameter(value, gradient, 0));
      }
      tensors = owned.add(device.tensors(parameters, rule));
      int columns = 1 + Rounding.COLUMNS + Group.columns(rule);
      steps = owned.add(new Steps(device, type.computed(), columns, 8, 1));
      int column = type == ElementType.BF16 ? 1 : 1 + Rounding.COLUMNS;
      program =
          owned.add(
              device.record(
                  steps,
                  () -> {
                    Optimizer move = rule.lookAhead();
                    if (move != null) {
                      device.update(move, tensors, steps, column);
                    }
                    device.clip(tensors, steps, 0, skip);
                    device.update(rule, tensors, steps, column);
                  }));
    }

    /** Fills the table: the same largest norm in each row. */
    void start(double most) {
      for (int row = 0; row < steps.capacity(); row++) {
        steps.number(row, 0, most);
        steps.integer(row, 1, Rounding.NEAREST.key(1 + row));
        steps.numbers(
            row,
            1 + Rounding.COLUMNS,
            Group.PLAIN.numbers(rule, steps.type(), rule.lr(), 1 + row, 1));
      }
      steps.start();
    }

    Steps.Account run(int n) {
      program.run(n);
      return steps.account();
    }

    /** Parameters, masters. */
    List<double[]> result() {
      List<double[]> result = new ArrayList<>();
      for (int i = 0; i < parameters.size(); i++) {
        result.add(device.download(parameters.get(i).value()));
        result.add(device.download(tensors.master(i)));
      }
      return result;
    }

    List<double[]> states() {
      List<double[]> states = new ArrayList<>();
      for (int i = 0; i < parameters.size(); i++) {
        for (int k = 0; k < rule.states(); k++) {
          states.add(device.download(tensors.state(i, k)));
        }
      }
      return states;
    }

    /** Gradient i as the type holds it. */
    double[] gradient(int i) {
      return device.download(parameters.get(i).gradient());
    }

    /** Sets element j of gradient i. */
    void set(int i, int j, double value) {
      device.upload(parameters.get(i).gradient().slice(j, 1), value);
    }

    @Override
    public void close() {
      owned.close();
    }
  }

  abstract static class Body extends OnDevice {
    private final Random random = new Random(11);

    Body(TestDevices which) {
      super(which);
    }

    private List<double[]> gradients(int... sizes) {
      return Arrays.stream(sizes).mapToObj(n -> Values.normal(random, n, 1)).toList();
    }

    /**
     * Against the plain sum, whose n additions and ours, each in binary64, are off by n * 2^-53 of
     * it, the root by half that, and with it the factor; the step by a few roundings of the type
     * more.
     */
    @Test
    void theNormAndTheStep() {
      for (ElementType type : STORED) {
        try (Run run = new Run(device, type, new Sgd(1), false, gradients(3, 1024, 0, 70_000))) {
          double sum = 0;
          for (int i = 0; i < 4; i++) {
            for (double g : run.gradient(i)) {
              sum += g * g;
            }
          }
          double norm = Math.sqrt(sum);
          run.start(norm / 4);
          double relative = 71_027 * 0x1p-53;
          assertEquals(norm, run.run(1).gradientNorm(), norm * relative);
          for (int i = 0; i < 4; i++) {
            double[] g = run.gradient(i);
            double[] w = device.download(run.tensors.master(i));
            for (int j = 0; j < g.length; j++) {
              double unit = Roundoff.unit(type.computed());
              double size = Math.abs(g[j]);
              double tolerance = (2 + size) * 2 * unit + size * relative;
              assertEquals(1 - g[j] / 4, w[j], tolerance, type + " " + i + " " + j);
            }
          }
        }
      }
    }

    /** An entry of 1e20, whose square no binary32 holds, is clipped and nothing else is lost. */
    @Test
    void anOutlierDoesNotOverflow() {
      try (Run run =
          new Run(device, ElementType.F32, new Sgd(1), true, List.of(new double[] {1e20, -3e19}))) {
        run.start(1);
        Steps.Account account = run.run(1);
        assertEquals(1, account.updates());
        double norm = Math.sqrt(1.09) * 1e20;
        assertEquals(norm, account.gradientNorm(), norm * 1e-6);
        double[] w = device.download(run.tensors.master(0));
        assertEquals(1 - 1 / Math.sqrt(1.09), w[0], 1e-6);
        assertEquals(1 + 0.3 / Math.sqrt(1.09), w[1], 1e-6);
      }
    }

    /** Steps with a bad gradient between good ones: as if they had not been. */
    @Test
    void whatIsNotFiniteIsSkipped() {
      List<double[]> gradients = gradients(7, 1, 2050);
      List<Optimizer> rules =
          List.of(new Adam(0.1, 0.9, 0.999, 1e-8), new NesterovLookAhead(0.1, 0.9));
      for (Optimizer rule : rules) {
        for (ElementType type : STORED) {
          for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            for (int at : new int[] {0, 1023, 1024, 2049}) {
              try (Run spoiled = new Run(device, type, rule, true, gradients);
                  Run good = new Run(device, type, rule, true, gradients)) {
                spoiled.start(1);
                spoiled.run(1);
                List<double[]> before = spoiled.result();
                double saved = spoiled.gradient(2)[at];
                spoiled.set(2, at, bad);
                Steps.Account account = spoiled.run(2);
                assertEquals(3, account.batches());
                assertEquals(1, account.updates());
                assertTrue(!Double.isFinite(account.gradientNorm()));
                assertEquals(Steps.Halt.RUNNING, account.halt());
                assertSameBits("skipped", before, spoiled.result());
                spoiled.set(2, at, saved);
                assertEquals(2, spoiled.run(1).updates());

                good.start(1);
                good.run(2);
                assertSameBits(rule + " " + type, good.result(), spoiled.result());
                assertSameBits(rule + " " + type, good.states(), spoiled.states());
              }
            }
          }
        }
      }
    }

    /** Without the option nothing is clipped and the bad number goes where its gradient goes. */
    @Test
    void whatIsNotFiniteSpreads() {
      try (Run run = new Run(device, ElementType.F32, new Sgd(1), false, gradients(3))) {
        run.set(0, 1, Double.NaN);
        run.start(1e-3);
        assertEquals(1, run.run(1).updates());
        double[] g = run.gradient(0);
        double[] w = device.download(run.tensors.master(0));
        assertArrayEquals(
            new double[] {(float) (1 - g[0]), Double.NaN, (float) (1 - g[2])}, w, 1e-7);
      }
    }
  }
}
