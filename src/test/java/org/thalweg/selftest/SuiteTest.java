package org.thalweg.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;

/**
 * Every suite passes where the bits are the same, and fails where the last bits of one result are
 * not. {@link EqualityTest} runs its experiments on the driver.
 */
class SuiteTest {
  /** Which operations each suite must catch a defect of. */
  private static final Map<Suite, List<String>> USED =
      Map.of(
          Suite.updates, List.of("update"),
          Suite.clip, List.of("clip", "update"),
          Suite.products, List.of("multiply", "multiplyTransposed", "multiplyByTransposed"),
          Suite.losses, List.of("loss", "lossHessian"),
          Suite.explog, List.of("loss"),
          Suite.vectors, List.of("dot", "norm", "axpy", "axpySign", "scale", "scaleRows", "copy"),
          Suite.batches, List.of("gather", "tally"),
          Suite.training,
              List.of("gather", "multiply", "loss", "tally", "multiplyTransposed", "update"));

  @ParameterizedTest
  @EnumSource
  void passesOnJava(Suite suite) {
    try (Device device = new JavaDevice(2)) {
      assertPass(suite.run(device));
    }
  }

  private static void assertPass(Suite.Outcome outcome) {
    assertNull(outcome.first());
    assertTrue(
        outcome.pass() && outcome.cases() > 5 && outcome.values() > 20_000, outcome::toString);
  }

  /** With a defect in an operation that the suite uses it fails, with one in another it passes. */
  @ParameterizedTest
  @EnumSource
  void failsWithADefect(Suite suite) {
    List<String> operations = new ArrayList<>(USED.get(suite));
    operations.add(suite == Suite.vectors ? "loss" : "axpy");
    for (String operation : operations) {
      boolean used = USED.get(suite).contains(operation);
      try (Device device = new JavaDevice(2)) {
        Suite.Outcome outcome = suite.run(defective(device, operation));
        assertEquals(!used, outcome.pass(), operation + ": " + outcome);
        assertEquals(used, outcome.first() != null && outcome.first().contains("in Java"));
      }
    }
  }

  /** A device that throws is a mismatch in each experiment, and the report still comes. */
  @ParameterizedTest
  @EnumSource(names = "explog")
  void reportsADeviceThatThrows(Suite suite) {
    Device closed;
    try (Device device = new JavaDevice(1)) {
      closed = device;
    }
    Suite.Outcome outcome = suite.run(closed);
    assertEquals(outcome.cases(), outcome.mismatches());
    assertTrue(Objects.requireNonNull(outcome.first()).contains("Exception"), outcome.first());
  }

  /** A device on which one result of each such operation is off in its last place. */
  private static Device defective(Device device, String operation) {
    return (Device)
        Proxy.newProxyInstance(
            SuiteTest.class.getClassLoader(),
            new Class<?>[] {Device.class},
            (proxy, method, arguments) -> {
              Object result;
              try {
                result = method.invoke(device, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              if (method.getName().equals(operation)) {
                spoil(device, operation, arguments);
              } else if (operation.equals("clip") && method.getName().equals("download")) {
                spoilNorm((Array) arguments[0], (double[]) result);
              }
              return result;
            });
  }

  /** By an operation, so that it can be recorded too. */
  private static void spoil(Device device, String operation, Object[] arguments) {
    Object result =
        switch (operation) {
          case "gather" -> arguments[arguments.length - 2]; // of sparse rows: integers, left alone
          case "multiply", "loss" -> arguments[4];
          case "multiplyTransposed", "multiplyByTransposed" -> arguments[3];
          case "tally" -> ((Steps) arguments[2]).results().slice(0, 1);
          case "update" -> ((Tensors) arguments[1]).master(0);
          case "dot", "norm" -> ((Array) arguments[2]).slice(0, 1);
          case "axpy", "axpySign" -> arguments[2];
          case "lossHessian" -> arguments[6];
          case "scale", "scaleRows", "copy" -> arguments[1];
          default -> null; // clip's is in the clock, which no operation writes
        };
    if (result instanceof Array array
        && array.count() > 0
        && (array.type() == ElementType.F32 || array.type() == ElementType.F64)) {
      double last = array.type() == ElementType.F32 ? Math.ulp(1f) : Math.ulp(1.0);
      device.scale(1 + last, array.slice(2 * array.count() / 3, 1));
    }
  }

  private static void spoilNorm(Array array, double[] values) {
    if (array.type() == ElementType.CELL && array.count() == Steps.ARRIVED + 1) { // the state
      values[Steps.NORM] = Math.nextUp(values[Steps.NORM]);
    }
  }
}
