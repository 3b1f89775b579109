package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.MemoryException;
import org.thalweg.device.Parameter;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.minimize.Minimizer;
import org.thalweg.minimize.Minimizers;
import org.thalweg.minimize.RandomSearch;
import org.thalweg.minimize.Reason;
import org.thalweg.minimize.Result;
import org.thalweg.minimize.Stopping;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.Scaling;
import org.thalweg.plot.Lines;
import org.thalweg.plot.Picture;
import org.thalweg.train.Scorer;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/**
 * {@code thalweg train} with all rows at once: runs a minimiser, prints its progress and writes the
 * files.
 */
final class MinimizeRun implements Minimizer.Listener {
  /** Vectors besides the minimiser's: the start, and a model with its gradients. */
  private static final int OWN_VECTORS = 3;

  private final RunReport report;
  private final Device device;
  private final Minimizer minimizer;
  private final Stopping stopping;
  private final PrintWriter print;
  private final Dataset rows;
  private final Settings settings;
  private final List<Iteration> history = new ArrayList<>();
  private volatile boolean stopped;
  private @Nullable LinearClassifier model;
  private long lastIteration = System.nanoTime();

  /** An iteration, as the minimiser reports it. */
  private record Iteration(int number, double objective, double gradient, double step) {
    /** Whether it is among 0, 1, 2, 3, 5, 10, 20, 50, 100, and so on. */
    boolean shown() {
      int leading = number;
      while (leading >= 10 && leading % 10 == 0) {
        leading /= 10;
      }
      return leading <= 2 || leading == 5 || number == 3;
    }
  }

  MinimizeRun(RunReport report, Device device, Minimizer minimizer, Stopping stopping) {
    this.report = report;
    this.device = device;
    this.minimizer = minimizer;
    this.stopping = stopping;
    print = report.print;
    rows = report.task.rows();
    settings = report.task.settings();
  }

  /** Minimises and writes the files, also if the process is told to end meanwhile. */
  void run() throws IOException {
    report.stoppable(
        () -> stopped = true,
        () -> {
          ClassifierObjective.checkMemory(
              device, rows, settings.loss(), settings.type(), minimizer.vectors() + OWN_VECTORS);
          checkScoring(rows);
          checkScoring(report.task.data().split().test());
          try (LinearClassifier model =
                  new LinearClassifier(device, settings.type(), rows.features(), rows.classes());
              Result result = minimize(model)) {
            take(model, result.point());
            finish(model, result);
          }
        });
  }

  /** Checks that there will be memory to score rows, beside model and point, once all is done. */
  private void checkScoring(Dataset rows) {
    long size = (rows.features() + 1L) * rows.classes();
    long bytes = Scorer.leastBytes(rows, settings.type());
    bytes += OWN_VECTORS * size * settings.type().bytes();
    MemoryException.check(
        "scoring", bytes, device.available(), device, MemoryException.Remedy.NONE);
  }

  /** Minimises from the model's initial weights. */
  private Result minimize(LinearClassifier model) {
    this.model = model;
    settings.initialise(model);
    Scaling scaling = report.scaling();
    try (ClassifierObjective f =
            new ClassifierObjective(
                device,
                rows,
                settings.loss(),
                settings.type(),
                settings.l1(),
                settings.l2(),
                scaling,
                minimizer.vectors() + 1);
        Array start = device.allocate(settings.type(), f.size())) {
      forEach(model, start, device::copy);
      return minimizer.minimize(f, start, stopping, this);
    }
  }

  /**
   * Calls {@code use} with weights and bias of the model, each with its part of an objective's
   * vector.
   */
  private static void forEach(LinearClassifier model, Array vector, BiConsumer<Array, Array> use) {
    long at = 0;
    for (Parameter parameter : model.parameters()) {
      Array value = parameter.value();
      use.accept(value, vector.slice(at, value.count()));
      at += value.count();
    }
  }

  private void take(LinearClassifier model, Array point) {
    forEach(model, point, (parameter, part) -> device.copy(part, parameter));
  }

  @Override
  public boolean goesOn() {
    return !stopped;
  }

  @Override
  public void piece(long done, long of) {
    report.progress.say(
        "iteration %d, %d %% of an evaluation".formatted(history.size(), 100 * done / of));
  }

  /** Saves the point after an iteration so long that the next one may be given up. */
  @Override
  public void point(Array point) {
    long last = lastIteration;
    lastIteration = System.nanoTime();
    if (history.isEmpty() || lastIteration - last <= Trainer.LONG_STEP) {
      return;
    }
    LinearClassifier saved = Objects.requireNonNull(model);
    take(saved, point);
    try {
      report.save(saved);
    } catch (IOException e) {
      throw new UncheckedIOException(Main.explain(e), e);
    }
    lastIteration = System.nanoTime();
  }

  @Override
  public void iteration(int number, double objective, double gradient, double step) {
    if (number == 0) {
      describe(); // only now, as the arguments have been accepted
    }
    Iteration iteration = new Iteration(number, objective, gradient, step);
    history.add(iteration);
    report.metrics.printf("%d,%s,%s,%s%n", number, objective, gradient, step);
    report.metrics.flush();
    report.progress.step(number, stopping.iterations());
    if (iteration.shown()) {
      print(iteration);
    }
  }

  private void describe() {
    if (!report.json) {
      report.describe("method", Minimizers.text(minimizer));
      print.printf("%niteration    objective  largest gradient        step%n");
    }
    report.metrics.println("iteration,objective,gradient,step");
  }

  private void print(Iteration iteration) {
    report.progress.clear();
    if (report.json) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("event", "iteration");
      object.put("iteration", iteration.number);
      object.put("objective", iteration.objective);
      object.put("gradient", iteration.gradient);
      object.put("step", iteration.step);
      print.println(Environment.JSON.toJson(object));
    } else {
      print.printf(
          Locale.ROOT,
          "%9d  %11s  %16.3e  %10.4g%n",
          iteration.number,
          RunReport.text(iteration.objective, 8),
          iteration.gradient,
          iteration.step);
    }
    print.flush();
  }

  private void finish(LinearClassifier model, Result result) throws IOException {
    if (history.isEmpty()) {
      describe();
    } else if (!history.get(history.size() - 1).shown()) {
      print(history.get(history.size() - 1));
    }
    report.progress.clear();
    Map<String, Object> counts = new LinkedHashMap<>();
    counts.put("method", minimizer.name());
    counts.put("iterations", result.iterations());
    counts.put("reason", result.reason().name().toLowerCase(Locale.ROOT));
    counts.put("values", result.values());
    counts.put("gradients", result.gradients());
    counts.put("products", result.products());
    List<String> said = new ArrayList<>();
    said.add(
        "stopped     at iteration %d: %s"
            .formatted(result.iterations(), result.reason().sentence()));
    said.add(
        "evaluations %d of the objective alone, %d with its gradient, %d products with the Hessian"
            .formatted(result.values(), result.gradients(), result.products()));
    if (result.reason() == Reason.STOPPED) {
      report.stopped(model, counts, said);
      return;
    }
    if (minimizer instanceof RandomSearch) {
      double chance = 1.0 / rows.classes();
      counts.put("chance", chance);
      said.add(String.format(Locale.ROOT, "chance      accuracy %.4f", chance));
    }
    report.finish(model, test -> curve(), counts, said);
  }

  private Picture curve() {
    return Lines.descent(
        "iteration",
        "objective",
        new Lines.Series(
            minimizer.name(), series(Iteration::number), series(Iteration::objective)));
  }

  private double[] series(ToDoubleFunction<Iteration> measure) {
    return history.stream().mapToDouble(measure).toArray();
  }
}
