package org.thalweg.cli;

import java.io.Console;
import java.io.PrintWriter;

/** A progress line on standard error; nothing if that is no terminal. */
final class ProgressBar {
  private static final int WIDTH = 40;
  private static final long PAUSE = 100_000_000; // nanoseconds between two drawings
  private static final String CLEAR = "\r\033[K";

  private final PrintWriter err;
  private final boolean shown;
  private final long start = System.nanoTime();
  private long from = -1;
  private long drawn = start;

  ProgressBar(PrintWriter err, boolean wanted) {
    this.err = err;
    shown = wanted && isTerminal();
  }

  /** From JDK 22 on there can be a console without a terminal. */
  @SuppressWarnings("SystemConsoleNull") // which is asked, too
  private static boolean isTerminal() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (ReflectiveOperationException before22) {
      return true;
    }
  }

  void step(long done, long of) {
    long now = System.nanoTime();
    if (from < 0) {
      from = done - 1; // not those before a resumed run was started
    }
    if (!shown || of <= 0 || now - drawn < PAUSE) {
      return;
    }
    drawn = now;
    int filled = (int) (WIDTH * done / of);
    long left = Math.round((now - start) * 1e-9 * (of - done) / (done - from));
    err.printf(
        "%s%s%s %3d %% of %,d steps, %d:%02d left",
        CLEAR,
        "#".repeat(filled),
        ".".repeat(WIDTH - filled),
        100 * done / of,
        of,
        left / 60,
        left % 60);
    err.flush();
  }

  /** Clears the line, before anything else is printed. */
  void clear() {
    if (shown) {
      err.print(CLEAR);
      err.flush();
    }
  }
}
