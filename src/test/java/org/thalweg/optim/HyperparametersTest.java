package org.thalweg.optim;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Registry;

/** Hyperparameters that are numbers in binary64 and 0, 1 or infinite in binary32. */
class HyperparametersTest {
  /** An optimizer with a hyperparameter that binary32 cannot hold, and the name of that. */
  record Lost(Optimizer rule, String name) {}

  /** Each hyperparameter of each rule, too small, too near to 1 and too large where it may be. */
  static Stream<Lost> lost() {
    List<Lost> all = new ArrayList<>();
    for (Optimizer rule : Optimizers.all()) {
      for (String name : Registry.hyperparameters(rule).keySet()) {
        for (double value : new double[] {1e-50, 0x1.fffffffp-1, 1e39}) {
          boolean share = name.matches("beta.|alpha|rho|mu|etaMinus|dampening");
          if (value < 1
              && value > 0.5
              && (!share || (name.equals("alpha") && rule instanceof Asgd))) {
            continue; // 1 is as good
          }
          try {
            all.add(new Lost(Registry.with(rule, name, value), name));
          } catch (IllegalArgumentException outOfRange) {
            // The rule itself refuses it.
          }
        }
      }
    }
    return all.stream();
  }

  @Test
  void theListIsLong() {
    assertTrue(lost().count() > 3L * Optimizers.all().size());
  }

  @ParameterizedTest
  @MethodSource("lost")
  void whatBinary32CannotHoldIsRefusedByName(Lost lost) {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> Group.PLAIN.check(lost.rule, ElementType.F32),
                lost.toString())
            .getMessage();
    assertTrue(message.startsWith(lost.name + " is "), message);
    assertTrue(message.contains("binary32"), message);
    assertDoesNotThrow(() -> Group.PLAIN.check(lost.rule, ElementType.F64), lost.toString());
  }

  @Test
  void whatAnUpdateIsMadeOfIsAsked() {
    Group.PLAIN.check(new Adam(0.01, 0.9, 0.999, 1e-40), ElementType.F32);
    refused(Group.PLAIN, new Adam(0.01, 0.9, 0.999, 1e-45), "eps is too near to 0");
    refused(
        Group.PLAIN,
        new Adam(0.01, 0.9, 0.99999999, 1e-8),
        "beta2 is 1 in binary32, where beta2 must be in [0, 1): ");
    refused(Group.PLAIN, new Adam(1e38, 0.99999, 0.9, 1e-8), "lr is too near");
    refused(
        new Group(1e-44, 0, 0, 0), new Sgd(0.01), "lr 0.01 times the group's factor 1e-44 is 0");
    refused(new Group(1, 0, 0, 1e30), new Sgd(1e30), "lr 1e30 times weightDecay 1e30 is Infinity");
    refused(new Group(1, 0, 0, 1e-30), new Sgd(1e-30), "lr 1e-30 times weightDecay 1e-30 is 0");
    refused(new Group(1, 1e-30, 0, 0, true), new Sgd(1e-30), "lr 1e-30 times l1 1e-30 is 0");
    refused(
        Group.PLAIN,
        new AdamW(1e30, 0.9, 0.999, 1e-8, 1e30),
        "lr 1e30 times weightDecay 1e30 is Infinity");
    refused(new Group(1, 1e-50, 0, 0), new Sgd(0.01), "l1 is 0");
    refused(new Group(1, 0, 1e39, 0), new Sgd(0.01), "l2 is Infinity");
    refused(new Group(1, 0, 0, 1e-50), new Sgd(0.01), "weightDecay is 0");
  }

  private static void refused(Group group, Optimizer rule, String beginning) {
    Function<ElementType, IllegalArgumentException> check =
        type -> assertThrows(IllegalArgumentException.class, () -> group.check(rule, type));
    String message = String.valueOf(check.apply(ElementType.F32).getMessage());
    assertTrue(message.startsWith(beginning), message);
    assertDoesNotThrow(() -> group.check(rule, ElementType.F64));
  }

  /** As people type them: 0 is a number, and evaluates. */
  @Test
  void zerosAndDefaultsAreAllowed() {
    for (Optimizer rule : Optimizers.all()) {
      for (ElementType type : List.of(ElementType.F32, ElementType.F64)) {
        Group.PLAIN.check(rule, type);
        if (!(rule instanceof Rprop)) { // whose lr is a step
          Group.PLAIN.check(rule.withLr(0), type);
        }
      }
    }
    assertEquals(0, new Sgd(0).lr());
  }
}
