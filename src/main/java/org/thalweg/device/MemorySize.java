package org.thalweg.device;

import java.util.List;
import java.util.Locale;

/** Amounts of memory, for people. */
public final class MemorySize {
  private static final List<String> UNITS = List.of("kB", "MB", "GB", "TB", "PB", "EB");

  private MemorySize() {}

  /** {@code "999 bytes"}, {@code "9.1 GB"}: a unit is 1,000 of the one before. */
  public static String text(long bytes) {
    if (bytes < 1000) {
      return bytes + " bytes";
    }
    double amount = bytes / 1e3;
    int unit = 0;
    for (; amount >= 999.95; amount /= 1e3) {
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", amount, UNITS.get(unit));
  }
}
