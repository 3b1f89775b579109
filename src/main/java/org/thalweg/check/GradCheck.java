package org.thalweg.check;

import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.minimize.Objective;

/** Checks a gradient against central differences, element by element, as torch's gradcheck does. */
public final class GradCheck {
  private GradCheck() {}

  /** Checks f at w with torch's tolerances. */
  public static Report check(Objective f, double[] w) {
    return check(f, w, Tolerance.DEFAULT);
  }

  /**
   * Checks f at w. No kink of f may be at w or within eps of it.
   *
   * @throws IllegalArgumentException if w has a wrong length, or f's vectors are F32 and the
   *     tolerance is not for them
   */
  public static Report check(Objective f, double[] w, Tolerance tolerance) {
    tolerance.checkDoor(f, w);
    Device device = f.device();
    try (Array at = device.of(f.type(), w);
        Array gradient = device.allocate(f.type(), w.length)) {
      double value = f.value(at);
      if (!Double.isFinite(value)) {
        return Report.of("f(w) is " + value);
      }
      double beside = f.gradient(at, gradient);
      Report report =
          Report.of(
              Math.abs(beside - value) <= tolerance.atol() + tolerance.rtol() * Math.abs(value)
                  ? ""
                  : "f(w) is %s, and with the gradient %s".formatted(value, beside));
      double[] analytic = device.download(gradient);
      double[] numeric = NumericGradient.of(f, device.download(at), tolerance.eps());
      for (int i = 0; i < w.length; i++) {
        report = report.and(-1, i, analytic[i], numeric[i], tolerance);
      }
      return report;
    }
  }
}
