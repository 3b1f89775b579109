package org.thalweg.device.java;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.thalweg.device.DeviceException;

/**
 * The threads of {@link JavaDevice}. A loop is divided into as many ranges as there are threads;
 * the calling thread runs the first. No result depends on the division.
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
    List<Runnable> stretches = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      int from = (int) ((long) n * part / parts);
      int to = (int) ((long) n * (part + 1) / parts);
      stretches.add(() -> body.run(from, to));
    }
    runAll(stretches);
  }

  /** Runs a check on the calling thread and on each of the others. */
  void onEach(Runnable check) {
    runAll(Collections.nCopies(threads, check));
  }

  /**
   * Runs the tasks, the first one on the calling thread. Because they use the arrays, it returns
   * only when all have ended, even after a failure or an interrupt; then it throws a failure.
   */
  private void runAll(List<Runnable> tasks) {
    CompletableFuture<?>[] others = new CompletableFuture<?>[tasks.size() - 1];
    for (int i = 0; i < others.length; i++) {
      others[i] = CompletableFuture.runAsync(tasks.get(i + 1), pool);
    }
    try {
      tasks.get(0).run();
    } finally {
      await(CompletableFuture.allOf(others));
    }
  }

  private static void await(CompletableFuture<Void> tasks) {
    try {
      tasks.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new DeviceException("a worker thread failed: " + e.getCause(), e);
    }
  }

  @Override
  public void close() {
    pool.shutdown();
  }
}
