package org.thalweg.cli;

import java.io.PrintWriter;

/** A progress line on standard error; nothing if that is no terminal. */
final class ProgressBar {
  private static final int WIDEST = 40;
  private static final int SHORTEST = 5;

  /** The columns of the narrowest terminal with a bar. */
  private static final int NARROWEST = 30;

  private static final long PAUSE = 100_000_000; // nanoseconds between two drawings
  private static final String CLEAR = "\r\033[K";

  private final PrintWriter err;
  private final int columns;
  private final boolean shown;
  private final long start = System.nanoTime();
  private long from = -1;
  private long drawn = start;

  ProgressBar(PrintWriter err, boolean wanted) {
    this(err, wanted && Terminal.exists() ? Terminal.columns() : 0);
  }

  ProgressBar(PrintWriter err, int columns) {
    this.err = err;
    this.columns = columns;
    shown = columns >= NARROWEST;
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
    long left = Math.round((now - start) * 1e-9 * (of - done) / (done - from));
    err.print(CLEAR + line(columns, done, of, left));
    err.flush();
  }

  /** What fits into a line, whose last column stays free: a terminal would begin a new one. */
  static String line(int columns, long done, long of, long secondsLeft) {
    String left = "%d:%02d left".formatted(secondsLeft / 60, secondsLeft % 60);
    String text = " %3d %% of %,d steps, %s".formatted(100 * done / of, of, left);
    if (columns - 1 - text.length() < SHORTEST) {
      text = " %3d %%, %s".formatted(100 * done / of, left);
    }
    int width = Math.max(0, Math.min(WIDEST, columns - 1 - text.length()));
    int filled = (int) (width * done / of);
    return "#".repeat(filled) + ".".repeat(width - filled) + text;
  }

  /** Shows this in the bar's place, as far as it fits. */
  void say(String text) {
    long now = System.nanoTime();
    if (shown && now - drawn >= PAUSE) {
      drawn = now;
      err.print(CLEAR + text.substring(0, Math.min(text.length(), columns - 1)));
      err.flush();
    }
  }

  /** Clears the line, before anything else is printed. */
  void clear() {
    if (shown) {
      err.print(CLEAR);
      err.flush();
    }
  }
}
