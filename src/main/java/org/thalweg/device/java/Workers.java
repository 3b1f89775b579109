package org.thalweg.device.java;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.thalweg.device.DeviceException;

/**
 * The threads of {@link JavaDevice}. A loop is cut into as many stretches as there are threads; the
 * caller takes the first. No result depends on where it is cut.
 */
final class Workers implements AutoCloseable {
  /** Part of a loop. */
  interface Body {
    void run(int from, int to);
  }

  /** Elementary operations below which a second thread costs more than it saves. */
  private static final long WORTHWHILE = 1 << 16;

  private final int threads;
  private final ExecutorService pool;

  Workers(int threads) {
    this.threads = threads;
    this.pool =
        Executors.newFixedThreadPool(
            Math.max(1, threads - 1),
            task -> {
              Thread thread = new Thread(task, "thalweg-worker");
              thread.setDaemon(true);
              return thread;
            });
  }

  int threads() {
    return threads;
  }

  /**
   * Runs {@code body} over {@code 0 .. n - 1}, where each index is about {@code work} operations.
   */
  void forEach(int n, long work, Body body) {
    int parts = n * work < WORTHWHILE ? 1 : Math.min(threads, n);
    if (parts <= 1) {
      body.run(0, n);
      return;
    }
    List<Future<?>> others = new ArrayList<>();
    for (int part = 1; part < parts; part++) {
      int from = (int) ((long) n * part / parts);
      int to = (int) ((long) n * (part + 1) / parts);
      others.add(pool.submit(() -> body.run(from, to)));
    }
    try {
      body.run(0, (int) ((long) n / parts));
    } finally {
      awaitAll(others);
    }
  }

  /** Runs a check on the calling thread and on each of the others. */
  void onEach(Runnable check) {
    check.run();
    if (threads == 1) {
      return;
    }
    List<Future<?>> others = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
      others.add(pool.submit(check));
    }
    awaitAll(others);
  }

  /** Comes back when none of them is running, whatever happens; then with the first failure. */
  private static void awaitAll(List<Future<?>> tasks) {
    RuntimeException first = null;
    for (Future<?> task : tasks) {
      try {
        await(task);
      } catch (RuntimeException e) {
        first = first == null ? e : first;
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private static void await(Future<?> task) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          task.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true; // the arrays are in use: go on waiting, and remember
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new DeviceException("a worker thread failed: " + e.getCause(), e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    pool.shutdown();
  }
}
