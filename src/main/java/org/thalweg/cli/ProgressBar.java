package org.thalweg.cli;

import java.io.PrintWriter;
import java.util.Timer;
import java.util.TimerTask;
import org.jspecify.annotations.Nullable;

/**
 * A progress line on standard error; nothing if that is no terminal. In the middle of a long step
 * it shows the time that has passed.
 */
final class ProgressBar implements AutoCloseable {
  private static final int WIDEST = 40;
  private static final int SHORTEST = 5;

  /** The columns of the narrowest terminal with a bar. */
  private static final int NARROWEST = 30;

  private static final long PAUSE = 100_000_000; // nanoseconds between two drawings
  private static final long LONG = 10 * PAUSE; // without a drawing, a step is long
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final String CLEAR = "\r\033[K";

  private final PrintWriter err;
  private final int columns;
  private final boolean shown;
  private final Timer timer = new Timer("progress", true);
  private final long start = System.nanoTime();
  private long from = -1;
  private long drawn = start;
  private long done;
  private long of;
  private @Nullable String said;
  private boolean closed;

  ProgressBar(PrintWriter err, boolean wanted) {
    this(err, wanted && Terminal.exists() ? Terminal.columns() : 0);
  }

  ProgressBar(PrintWriter err, int columns) {
    this.err = err;
    this.columns = columns;
    shown = columns >= NARROWEST;
    if (shown) {
      TimerTask tick =
          new TimerTask() {
            @Override
            public void run() {
              tick();
            }
          };
      timer.schedule(tick, PAUSE / NANOS_PER_MILLI, PAUSE / NANOS_PER_MILLI);
    }
  }

  /** Shows how many steps are done; the first call, with how many the work begins. */
  synchronized void step(long done, long of) {
    this.done = done;
    this.of = of;
    said = null;
    if (from < 0) {
      from = done; // not those before a resumed run was started
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    if (done > from && of > 0) {
      long left = Math.round(seconds * (of - done) / (done - from));
      draw(line(columns, done, of, time(left) + " left"), PAUSE);
    }
  }

  /** Shows this in the bar's place, as far as it fits. */
  synchronized void say(String text) {
    said = text;
    draw(text, PAUSE);
  }

  private synchronized void tick() {
    String elapsed = time(Math.round((System.nanoTime() - start) * 1e-9)) + " elapsed";
    String bar = of > 0 ? line(columns, done, of, elapsed) : elapsed;
    draw(said == null ? bar : said + ", " + elapsed, LONG);
  }

  private void draw(String text, long pause) {
    long now = System.nanoTime();
    if (shown && !closed && now - drawn >= pause) {
      drawn = now;
      err.print(CLEAR + text.substring(0, Math.min(text.length(), columns - 1)));
      err.flush();
    }
  }

  private static String time(long seconds) {
    return "%d:%02d".formatted(seconds / 60, seconds % 60);
  }

  /** What fits into a line, whose last column stays free: a terminal would begin a new one. */
  static String line(int columns, long done, long of, String time) {
    String text =
        " %3d %% of %,d %s, %s".formatted(100 * done / of, of, of == 1 ? "step" : "steps", time);
    if (columns - 1 - text.length() < SHORTEST) {
      text = " %3d %%, %s".formatted(100 * done / of, time);
    }
    int width = Math.max(0, Math.min(WIDEST, columns - 1 - text.length()));
    int filled = (int) (width * done / of);
    return "#".repeat(filled) + ".".repeat(width - filled) + text;
  }

  /** Clears the line, before anything else is printed. */
  synchronized void clear() {
    if (shown) {
      drawn = System.nanoTime(); // which leaves the time to print
      err.print(CLEAR);
      err.flush();
    }
  }

  /** Clears the line for good. */
  @Override
  public synchronized void close() {
    if (!closed) {
      clear();
    }
    closed = true;
    timer.cancel();
  }
}
