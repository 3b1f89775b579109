package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.CsvOptions;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.data.LibsvmOptions;
import org.thalweg.device.Array;
import org.thalweg.device.OnDevice;
import org.thalweg.device.TestDevices;
import org.thalweg.model.Normalisation;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;

/** Linear probes: against scikit-learn's optima, and their choice of C. */
class ProbeTest {
  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }

    /** The objective of scikit-learn, and the loss, of the digits too. */
    @Test
    void optima() throws IOException {
      assertOptima("digits", "iris", "two irises");
      assertOptima("digits standardised", "two irises standardised");
      assertOptima("digits weighted", "two irises weighted");
      assertOptima("sparse");
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }

    @Test
    void optima() throws IOException {
      assertOptima("two irises", "two irises standardised", "two irises weighted");
    }
  }

  abstract static class Body extends OnDevice {
    Body(TestDevices which) {
      super(which);
    }

    /**
     * A value is above the optimum by at most the gradient's square over twice the least curvature,
     * 2 * l2: here 650 entries of at most 1e-9, and 2 * l2 of at least 5e-6, so 7e-11. As much for
     * scikit-learn's, whose tolerance is smaller.
     */
    void assertOptima(String... names) throws IOException {
      List<String> lines = Files.readAllLines(Path.of("src/test/resources/probes/optima.csv"));
      for (String name : names) {
        Dataset rows = rows(name.replaceFirst(" (standardised|weighted)$", ""));
        if (name.endsWith(" weighted")) {
          rows = weighted(rows);
        }
        Normalisation how =
            name.endsWith(" standardised") ? Normalisation.STANDARDISE : Normalisation.NONE;
        List<String[]> expected =
            lines.stream()
                .filter(line -> line.startsWith(name + ","))
                .map(line -> line.split(",", -1))
                .toList();
        assertEquals(3, expected.size());
        double[] path =
            expected.stream().mapToDouble(cells -> Double.parseDouble(cells[1])).toArray();
        List<Probe.Step> steps = run(rows, how.of(rows), null, path);
        for (int i = 0; i < path.length; i++) {
          String what = name + ", C " + path[i];
          assertEquals(path[i], steps.get(i).c());
          assertEquals(Reason.GRADIENT, steps.get(i).reason(), what);
          assertEquals(
              Double.parseDouble(expected.get(i)[3]), steps.get(i).objective(), 1e-9, what);
          assertEquals(Double.parseDouble(expected.get(i)[2]), steps.get(i).loss(), 1e-6, what);
        }
      }
    }

    /** As the golden file's rows are. */
    private static Dataset weighted(Dataset rows) {
      double[] byClass = IntStream.range(0, rows.classes()).mapToDouble(y -> 1 + y).toArray();
      double[] byRow = new double[rows.rows()];
      for (int row = 0; row < byRow.length; row++) {
        long first = (long) row * rows.features();
        double sum =
            LongStream.range(first, first + rows.features())
                .mapToDouble(rows.values()::value)
                .sum();
        byRow[row] = 1 + Math.rint(160 * sum) % 3;
      }
      return rows.weighted(byRow).weightedByClass(byClass);
    }

    List<Probe.Step> run(Dataset rows, Dataset validation, double... path) {
      return run(rows, Scaling.of(1), validation, path);
    }

    List<Probe.Step> run(Dataset rows, Scaling scaling, Dataset validation, double... path) {
      List<Probe.Step> steps = new ArrayList<>();
      long size = (rows.features() + 1L) * rows.classes();
      Probe probe = new Probe(device, ElementType.F64, new Stopping(1e-9, 0, 10_000));
      try (Array start = device.allocate(ElementType.F64, size)) {
        probe.run(rows, validation, scaling, start, path, (step, point) -> steps.add(step));
      }
      return steps;
    }

    /** Validation rows have the accuracy of the point, and the path is warm: fewer iterations. */
    @Test
    void validationAndWarmStarts() {
      Dataset.Split parts = rows("iris").split(0.2, 1);
      List<Probe.Step> steps = run(parts.train(), parts.test(), 0.1, 1, 1.0001);
      List<Probe.Step> cold = run(parts.train(), null, 1.0001);
      assertTrue(steps.get(2).iterations() < cold.get(0).iterations(), steps + ", " + cold);
      assertEquals(cold.get(0).objective(), steps.get(2).objective(), 1e-9);
      assertTrue(steps.get(2).accuracy() > 0.8, steps.toString());
      assertTrue(Double.isNaN(cold.get(0).accuracy()));
      long rows = Math.round(steps.get(1).accuracy() * parts.test().rows());
      assertEquals((double) rows / parts.test().rows(), steps.get(1).accuracy());
    }
  }

  /** All rows of a data set in the jar, or of the LIBSVM file beside the optima, in binary64. */
  private static Dataset rows(String name) {
    if (name.equals("sparse")) {
      return Datasets.sparse(
              "src/test/resources/probes/sparse.svm",
              LibsvmOptions.DEFAULT,
              ElementType.F64,
              Datasets.TRAINING)
          .split()
          .train();
    }
    boolean two = name.equals("two irises");
    Datasets.Loaded loaded =
        Datasets.load(
            two ? "iris" : name, null, CsvOptions.DEFAULT, ElementType.F64, null, Datasets.FIFTH);
    List<double[]> values = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    int features = loaded.split().train().features();
    for (Dataset part : List.of(loaded.split().train(), loaded.split().test())) {
      for (int row = 0; row < part.rows(); row++) {
        long at = (long) row * features;
        if (!two || part.labels()[row] > 0) {
          values.add(
              IntStream.range(0, features)
                  .mapToDouble(i -> part.values().value(at + i) * part.scaleOr1())
                  .toArray());
          labels.add(part.labels()[row] - (two ? 1 : 0));
        }
      }
    }
    double[] all = values.stream().flatMapToDouble(Arrays::stream).toArray();
    int[] classes = labels.stream().mapToInt(y -> y).toArray();
    int count = loaded.classes().size() - (two ? 1 : 0);
    return new Dataset(new Dataset.Doubles(all), classes, features, count);
  }

  /** The best accuracy, of several the smallest C. */
  @Test
  void best() {
    List<Probe.Step> steps =
        Stream.of(0.5, 0.75, 0.75, 0.6)
            .map(accuracy -> new Probe.Step(1, 1, Reason.GRADIENT, 1, 1, accuracy))
            .toList();
    assertEquals(1, Probe.best(steps));
  }
}
