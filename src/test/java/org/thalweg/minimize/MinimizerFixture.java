package org.thalweg.minimize;

import org.junit.jupiter.api.AfterEach;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;

/** What the tests of minimisers have in common: a device, and a run on it. */
abstract class MinimizerFixture {
  static final ElementType[] TYPES = {ElementType.F32, ElementType.F64};
  static final Stopping EXACT = new Stopping(0, 0, 1000);

  final Device device = new JavaDevice(1);

  @AfterEach
  void closeDevice() {
    device.close();
  }

  static final Minimizer.Listener UNHEARD = (iteration, value, gradientNorm, step) -> {};

  Result run(Minimizer minimizer, HostFunction f, double[] start, Stopping stopping) {
    return run(minimizer, f, start, stopping, UNHEARD);
  }

  Result run(
      Minimizer minimizer,
      HostFunction f,
      double[] start,
      Stopping stopping,
      Minimizer.Listener listener) {
    ElementType type = ElementType.F64;
    return minimizer.minimize(f.on(device, type), device.of(type, start), stopping, listener);
  }
}
