package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Optimizer;

/** A body of tests that runs on one device after the other: each is a nested class. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class OnDevice {
  private final TestDevices which;
  public Device device;

  public OnDevice(TestDevices which) {
    this.which = which;
  }

  @BeforeAll
  public void openDevice() {
    device = which.open();
  }

  @AfterAll
  public void closeDevice() {
    device.close();
  }

  /** Runs it on this device and on Java with one thread: the same bits, every NaN being one. */
  public void assertTwins(String what, Function<Device, List<double[]>> results) {
    List<double[]> expected;
    try (Device twin = TestDevices.JAVA_1.open()) {
      expected = results.apply(twin);
    }
    assertSameBits(what, expected, results.apply(device));
  }

  /** An update, after the move of a rule that looks ahead. */
  public static void update(
      Device device, Optimizer rule, Tensors tensors, Steps steps, int column) {
    Optimizer move = rule.lookAhead();
    if (move != null) {
      device.update(move, tensors, steps, column);
    }
    device.update(rule, tensors, steps, column);
  }

  public static void assertSameBits(String what, List<double[]> expected, List<double[]> actual) {
    assertEquals(expected.size(), actual.size(), what);
    for (int i = 0; i < expected.size(); i++) {
      double[] e = expected.get(i);
      double[] a = actual.get(i);
      assertEquals(e.length, a.length, what);
      for (int j = 0; j < e.length; j++) {
        if (Exact.bits(e[j]) != Exact.bits(a[j])) {
          fail("%s: result %d[%d] is %s, not %s".formatted(what, i, j, show(a[j]), show(e[j])));
        }
      }
    }
  }

  private static String show(double x) {
    return x + " (" + Double.toHexString(x) + ")";
  }

  /** Asserts that this throws such an exception, whose message has these parts. */
  protected static void refused(Class<? extends Exception> type, Executable use, String... parts) {
    String message = String.valueOf(assertThrows(type, use).getMessage());
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "\"" + message + "\" lacks \"" + part + "\"");
    }
  }
}
