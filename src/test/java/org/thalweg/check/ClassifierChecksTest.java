package org.thalweg.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;

/** The standing checks of every loss. */
class ClassifierChecksTest {
  /** A record's equality compares the numbers' bits. */
  @Test
  @Tag("driver")
  void theStandingChecksPassOnBothDevicesWithTheSameBits() {
    Dataset rows = GradCheckTest.data(new Random(5), 3, 6, 4);
    List<List<ClassifierChecks.Outcome>> outcomes = new ArrayList<>();
    for (TestDevices which : List.of(TestDevices.JAVA_1, TestDevices.DRIVER)) {
      try (Device on = which.open()) {
        List<ClassifierChecks.Outcome> here = new ArrayList<>();
        ClassifierChecks.run(on, "rows", rows, false, here::add);
        assertEquals(6 * 4 * orders(), here.size()); // 6 inputs, 4 regularisations
        outcomes.add(here);
      }
    }
    assertEquals(outcomes.get(0), outcomes.get(1));
  }

  /** Of all losses: the gradient of each, and the Hessian where there is one. */
  private static long orders() {
    return Losses.all().size() + Losses.all().stream().filter(Loss::twiceDifferentiable).count();
  }

  /** A device that forgets what an L1 term adds: those checks fail, and no others. */
  @Test
  void theStandingChecksFindADeviceThatIsWrong() {
    Device right = new JavaDevice(2);
    Device wrong =
        (Device)
            Proxy.newProxyInstance(
                Device.class.getClassLoader(),
                new Class<?>[] {Device.class},
                (proxy, method, arguments) -> {
                  try {
                    return method.getName().equals("axpySign")
                        ? null
                        : method.invoke(right, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    Dataset rows = GradCheckTest.data(new Random(5), 3, 6, 4);
    List<ClassifierChecks.Outcome> failed = new ArrayList<>();
    ClassifierChecks.run(
        wrong,
        "rows",
        rows,
        false,
        outcome -> {
          if (!outcome.report().passed()) {
            failed.add(outcome);
          }
        });
    right.close();
    assertEquals(6 * Losses.all().size() * 2, failed.size());
    for (ClassifierChecks.Outcome outcome : failed) {
      assertTrue(
          outcome.regularisation().contains("l1") && outcome.order() == 1, outcome::toString);
    }
  }
}
