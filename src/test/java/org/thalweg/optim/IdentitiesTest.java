package org.thalweg.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;

/** What the lecture says of the rules to one another, in binary64. */
class IdentitiesTest {
  private static final int N = 100;
  private static final int STEPS = 50;

  private final Device device = new JavaDevice(1);

  /**
   * The parameters after STEPS updates with the same gradients; the learning rate of each from the
   * caller.
   */
  private double[] run(Optimizer rule, Group group, java.util.function.IntToDoubleFunction lr) {
    Random random = new Random(1);
    double[] first = random.doubles(N, -1, 1).toArray();
    try (Array w = device.of(ElementType.F64, first);
        Array g = device.allocate(ElementType.F64, N);
        Steps steps = new Steps(device, ElementType.F64, Group.columns(rule), 1, 1);
        Tensors tensors = device.tensors(List.of(new Parameter(w, g, 0)), rule)) {
      for (int t = 1; t <= STEPS; t++) {
        device.upload(g, random.doubles(N, -1, 1).toArray());
        steps.numbers(0, 0, group.numbers(rule, steps.type(), lr.applyAsDouble(t), t, 1));
        steps.start();
        device.update(rule, tensors, steps, 0);
      }
      return device.download(w);
    }
  }

  /** 50 steps with values near 1: a few thousand roundings of 2^-53. */
  private static final double SAME = 1e-12;

  @Test
  void theMomentumFormsAgreeWhileTheLearningRateIsConstant() {
    double[] velocity = run(new Momentum(1, 0.9, 0), Group.PLAIN, t -> 0.01);
    assertArrayEquals(velocity, run(new ClassicalMomentum(1, 0.9), Group.PLAIN, t -> 0.01), SAME);
  }

  @Test
  void theMomentumFormsPartWhenItChanges() {
    double[] velocity = run(new Momentum(1, 0.9, 0), Group.PLAIN, t -> t < 25 ? 0.1 : 0.01);
    double[] step = run(new ClassicalMomentum(1, 0.9), Group.PLAIN, t -> t < 25 ? 0.1 : 0.01);
    double most = 0;
    for (int i = 0; i < N; i++) {
      most = Math.max(most, Math.abs(velocity[i] - step[i]));
    }
    assertTrue(most > 0.01, "differ by " + most);
  }

  /**
   * On f(w) = sum of a_i * w_i^2 / 2: what is looked at in one form is the parameter of the other.
   */
  @Test
  void theNesterovFormsAgreeUnderTheirChangeOfVariable() {
    double lr = 0.02;
    double[] curvature = new Random(5).doubles(N, 0.1, 10).toArray();
    double[] first = new Random(6).doubles(N, -1, 1).toArray();
    double[][] looked = new double[STEPS][];
    double[][] rewritten = new double[STEPS][];
    double[] moved = new double[N];
    for (Optimizer rule : List.of(new NesterovLookAhead(1, 0.9), new Nesterov(1, 0.9))) {
      double[] at = first.clone();
      double[][] state = new double[rule.states()][N];
      double[] c = Group.PLAIN.numbers(rule, ElementType.F64, lr, 1, 1);
      for (int t = 0; t < STEPS; t++) {
        Optimizer move = rule.lookAhead();
        if (move != null) {
          move.update(at, new double[N], state, 0, N, c);
        }
        (move != null ? looked : rewritten)[t] = at.clone();
        double[] g = new double[N];
        for (int i = 0; i < N; i++) {
          g[i] = curvature[i] * at[i];
        }
        rule.update(at, g, state, 0, N, c);
        for (int i = 0; move != null && i < N; i++) {
          moved[i] = Math.max(moved[i], Math.abs(looked[t][i] - at[i]));
        }
      }
    }
    for (int t = 0; t < STEPS; t++) {
      assertArrayEquals(rewritten[t], looked[t], SAME, "update " + t);
    }
    assertTrue(Arrays.stream(moved).average().orElseThrow() > 0.01, "nothing has moved");
  }

  @Test
  void uncorrectedAdamWithoutFirstMomentIsRmsProp() {
    double[] rmsprop = run(new RmsProp(1, 0.99, 1e-8, false, 0), Group.PLAIN, t -> 0.01);
    assertArrayEquals(
        rmsprop, run(new AdamUncorrected(1, 0, 0.99, 1e-8), Group.PLAIN, t -> 0.01), SAME);
  }

  @Test
  void withoutDecayAdamWIsAdam() {
    Adam adam = new Adam(1, 0.9, 0.999, 1e-8);
    double[] plain = run(adam, Group.PLAIN, t -> 0.01);
    assertArrayEquals(plain, run(adam, new Group(1, 0, 0, 0), t -> 0.01));
    assertTrue(plain[0] != run(adam, new Group(1, 0, 0, 0.1), t -> 0.01)[0]);
  }

  /** A second moment that keeps all of itself would have a bias factor of 0. */
  @Test
  void aBetaThatRoundsToOneIsRefused() {
    Adam adam = new Adam(0.01, 0.9, 1 - 1e-9, 1e-8);
    Group.PLAIN.check(adam, ElementType.F64);
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> Group.PLAIN.check(adam, ElementType.F32));
    assertTrue(e.getMessage().contains("binary32"), e.getMessage());
  }

  /** m/sqrt(v) is g/|g| times (1 - 0.9)/sqrt(1 - 0.999) = 3.16: the correction makes it 1. */
  @Test
  void theFirstStepWithoutCorrectionIsThreeTimesTooLong() {
    double lr = 0.01;
    double[] steps = new double[2];
    for (int which = 0; which < 2; which++) {
      Optimizer rule =
          which == 0 ? new Adam(1, 0.9, 0.999, 0) : new AdamUncorrected(1, 0.9, 0.999, 0);
      double[] c = Group.PLAIN.numbers(rule, ElementType.F64, lr, 1, 1);
      double[] w = {0};
      rule.update(w, new double[] {-2}, new double[2][1], 0, 1, c);
      steps[which] = w[0];
    }
    assertEquals(lr, steps[0], 1e-15);
    assertEquals(lr * 0.1 / Math.sqrt(0.001), steps[1], 1e-12);
  }

  /** In exact arithmetic s - gbar*gbar goes to 0 from above; rounded, it can come out negative. */
  @Test
  void centredRmsPropSurvivesAConstantGradient() {
    int negative = 0;
    for (double alpha : new double[] {0.5, 0.9, 0.95, 0.99, 0.999}) {
      RmsProp rule = new RmsProp(0.01, alpha, 1e-8, true, 0);
      double[] c = Group.PLAIN.numbers(rule, ElementType.F32, rule.lr(), 1, 1);
      float[] numbers = new float[c.length];
      for (int i = 0; i < c.length; i++) {
        numbers[i] = (float) c[i];
      }
      float[] w = new float[N];
      float[] g = new float[N];
      float[][] state = new float[2][N];
      for (int i = 0; i < N; i++) {
        g[i] = 0.001f * (i + 1);
      }
      for (int t = 0; t < 10_000; t++) {
        rule.update(w, g, state, 0, N, numbers);
        for (int i = 0; i < N; i++) {
          negative += Math.fma(-state[1][i], state[1][i], state[0][i]) < 0 ? 1 : 0;
          assertTrue(Float.isFinite(w[i]), "update %d, gradient %s".formatted(t, g[i]));
        }
      }
    }
    assertTrue(negative > 0, "the case has come up");
  }
}
