package org.thalweg.selftest;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.thalweg.device.Device;
import org.thalweg.device.OnDevice;
import org.thalweg.device.TestDevices;

/** Experiments that end with the same bits on a device and on plain Java with one thread. */
abstract class Equality extends OnDevice {
  /** The sizes that break kernels and are small. */
  static final List<Integer> SIZES =
      Stream.concat(Stream.of(0, 511, 512, 513), Suite.SIZES.stream().filter(n -> n < 2000))
          .toList();

  private Device twin;

  Equality(TestDevices which) {
    super(which);
  }

  @BeforeAll
  void openTwin() {
    twin = TestDevices.JAVA_PLAIN.open();
  }

  @AfterAll
  void closeTwin() {
    twin.close();
  }

  void assertSame(Experiment experiment) {
    Suite.Tally tally = new Suite.Tally();
    tally.compare(experiment, twin, device);
    assertNull(tally.first);
    assertTrue(tally.values > 0, experiment.name());
  }

  void assertSame(String name, Consumer<Fixture> body) {
    assertSame(new Experiment(name, body));
  }
}
