package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.data.DataException;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.data.Samples;
import org.thalweg.device.Array;
import org.thalweg.device.Checks;
import org.thalweg.device.Device;
import org.thalweg.device.OnDevice;
import org.thalweg.device.Rows;
import org.thalweg.device.TestDevices;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.Normalisation;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;

/** A full batch has the same bits however little of it lies on the device at once. */
class FullBatchStreamingTest {
  @Nested
  class TwoThreads extends Body {
    TwoThreads() {
      super(TestDevices.JAVA_2);
    }
  }

  @Nested
  @Tag("driver")
  class OnDriver extends Body {
    OnDriver() {
      super(TestDevices.DRIVER);
    }
  }

  private static final int BLOCK = ClassifierObjective.BLOCK;
  private static final int FEATURES = 3;
  private static final int CLASSES = 3;
  private static final List<ElementType> TYPES = List.of(ElementType.F32, ElementType.F64);

  /** What is sent beside work goes to where that work neither reads nor writes. */
  @Test
  void nothingIsSentToWhereTheDeviceWorks() {
    Random random = new Random(2);
    byte[] bytes = new byte[1000 * FEATURES];
    int[] labels = random.ints(1000, 0, CLASSES).toArray();
    Dataset data = new Dataset(bytes, labels, FEATURES, CLASSES, 1);
    Loss loss = new SoftmaxCrossEntropy();
    BatchPlan plan = BatchPlan.all(data, loss, ElementType.F64).get(3);
    int[] sent = {0};
    try (Device java = TestDevices.JAVA_1.open()) {
      Device watched = watched(java, sent);
      try (ClassifierObjective f =
              new ClassifierObjective(
                  watched, data, loss, ElementType.F64, 0, 0, Normalisation.CENTRE.of(data), plan);
          Array w = java.allocate(ElementType.F64, f.size());
          Array out = java.allocate(ElementType.F64, f.size())) {
        f.gradient(w, out);
        f.hessianTimes(w, w, out);
        f.accuracy(w);
        f.value(w);
      }
    }
    assertEquals(2 * 3 * 7, sent[0]); // rows and labels of all pieces but the first, three times
  }

  private static Device watched(Device device, int[] sent) {
    List<Array> used = new ArrayList<>(); // since the device was waited for
    return (Device)
        Proxy.newProxyInstance(
            Device.class.getClassLoader(),
            new Class<?>[] {Device.class},
            (proxy, method, arguments) -> {
              Object result = method.invoke(device, arguments);
              Object[] all = arguments == null ? new Object[0] : arguments;
              switch (method.getName()) {
                case "download" -> used.clear();
                case "uploadBeside" -> {
                  used.forEach(one -> Checks.apart("what is used", one, (Array) all[0]));
                  sent[0]++;
                }
                default -> {
                  Stream.concat(Stream.of(all), Stream.ofNullable(result))
                      .flatMap(
                          one ->
                              one instanceof Rows rows
                                  ? Stream.of(rows.values(), rows.labels())
                                  : Stream.of(one))
                      .filter(Array.class::isInstance)
                      .forEach(one -> used.add((Array) one));
                }
              }
              return result;
            });
  }

  abstract static class Body extends OnDevice {
    @TempDir private static Path folder;

    private final boolean slow; // whether it takes a second for what others do in a hundredth

    Body(TestDevices which) {
      super(which);
      slow = which == TestDevices.DRIVER;
    }

    /** Random rows in each format that holds them, the last of which is mapped. */
    private static Map<String, Dataset> rows(int rows) {
      Random random = new Random(rows);
      int n = rows * FEATURES;
      byte[] bytes = new byte[n];
      random.nextBytes(bytes);
      float[] floats = new float[n];
      double[] doubles = new double[n];
      ByteBuffer halves = ByteBuffer.allocate(2 * n).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < n; i++) {
        doubles[i] = random.nextInt(3) == 0 ? 0 : random.nextGaussian();
        floats[i] = (float) doubles[i];
        halves.putShort((short) (random.nextInt() & 0xbfff)); // below 2 in magnitude
      }
      int[] labels = random.ints(rows, 0, CLASSES).toArray();
      Map<String, Dataset> all = new LinkedHashMap<>();
      all.put("U8", new Dataset(bytes, labels, FEATURES, CLASSES, 0x1p-8));
      all.put("F32", new Dataset(new Dataset.Floats(floats), labels, FEATURES, CLASSES));
      all.put("F64", new Dataset(new Dataset.Doubles(doubles), labels, FEATURES, CLASSES));
      double[] weights = random.doubles(rows, 0.1, 5).toArray();
      all.put("weighted F64", all.get("F64").weighted(weights));
      for (String type : List.of("F32", "weighted F64")) {
        Dataset dense = all.get(type);
        Dataset sparse = new Dataset(Samples.sparse(dense), labels, FEATURES, CLASSES);
        all.put("sparse " + type, sparse.weighted(dense.weights()));
      }
      if (rows > 1) {
        all.put("mapped f16", mapped("<f2", halves.array(), labels));
      }
      return all;
    }

    /** The training rows of an .npy file. */
    private static Dataset mapped(String type, byte[] elements, int[] labels) {
      try {
        String shape = "(%d, %d)".formatted(labels.length, FEATURES);
        Path file = folder.resolve(type.substring(1) + labels.length + ".npy");
        Files.write(file, Samples.npy(1, Samples.npyHeader(type, false, shape), elements));
        Path text = folder.resolve(labels.length + ".txt");
        Files.writeString(
            text, Arrays.stream(labels).mapToObj(y -> "c" + y).collect(Collectors.joining("\n")));
        return Datasets.matrix(
                file.toString(), text, null, Datasets.Header.AUTO, ElementType.F64, Datasets.FIFTH)
            .split()
            .train();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** What all an objective's methods return. */
    private static List<double[]> everything(ClassifierObjective f, double[] w, double[] v) {
      Device device = f.device();
      try (Array at = device.of(f.type(), w);
          Array direction = device.of(f.type(), v);
          Array g = device.allocate(f.type(), f.size());
          Array h = device.allocate(f.type(), f.size())) {
        if (f.twiceDifferentiable()) {
          f.hessianTimes(at, direction, h);
        }
        double[] value = {f.gradient(at, g), f.value(at), f.accuracy(at)};
        assertEquals(value[0], value[1], "the value with its gradient, and alone");
        double[] several = f.values(new double[][] {w, v, w});
        return List.of(value, several, device.download(g), device.download(h));
      }
    }

    @Test
    void everyPlanHasTheSameBits() {
      Random random = new Random(1);
      double[] w = random.doubles((FEATURES + 1) * CLASSES, -1, 1).toArray();
      double[] v = random.doubles(w.length, -1, 1).toArray();
      for (int rows : new int[] {1, 127, 128, 129, BLOCK, BLOCK + 1, 20_000}) {
        boolean few = rows >= BLOCK || slow;
        List<Loss> losses = few ? List.of(Losses.examples().get(rows % 3)) : Losses.examples();
        rows(rows)
            .forEach(
                (format, data) -> {
                  for (ElementType type : TYPES) {
                    if (!taken(rows, format, type)) {
                      continue;
                    }
                    boolean sparse = format.startsWith("sparse");
                    boolean centre = !sparse && (type == ElementType.F64 || format.equals("U8"));
                    Scaling scaling =
                        (centre ? Normalisation.STANDARDISE : Normalisation.NONE).of(data);
                    for (Loss loss : losses) {
                      assertSame(data, type, loss, scaling, w, v, rows + " rows of " + format);
                    }
                  }
                });
      }
    }

    /** Binary64 rows are for arithmetic in binary64; and a slow device takes fewer. */
    private boolean taken(int rows, String format, ElementType type) {
      boolean wide = type == ElementType.F64;
      boolean large = rows == BLOCK + 1 && wide && format.equals("U8");
      return (wide || !format.endsWith("F64")) && (!slow || rows == 1 || rows == 129 || large);
    }

    private void assertSame(
        Dataset data,
        ElementType type,
        Loss loss,
        Scaling scaling,
        double[] w,
        double[] v,
        String what) {
      List<List<double[]>> results = new ArrayList<>();
      for (BatchPlan plan : BatchPlan.all(data, loss, type)) {
        try (ClassifierObjective f =
            new ClassifierObjective(device, data, loss, type, 0.01, 0.1, scaling, plan)) {
          results.add(everything(f, w, v));
          assertSameBits(what + " " + plan, results.get(0), results.get(results.size() - 1));
          assertSameBits(what + " again " + plan, results.get(0), everything(f, w, v));
          f.watch((done, of) -> {});
          assertSameBits(what + " watched " + plan, results.get(0), everything(f, w, v));
        }
      }
    }

    /** All that a run says and arrives at. */
    @Test
    void everyMethodTakesTheSameWay() {
      SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy();
      for (int rows : new int[] {129, BLOCK + 129}) {
        rows(rows)
            .forEach(
                (format, data) -> {
                  boolean all = rows < BLOCK || !slow;
                  for (Minimizer minimizer : all ? Minimizers.all() : List.of(new Backtracking())) {
                    List<List<double[]>> ways = new ArrayList<>();
                    for (BatchPlan plan : BatchPlan.all(data, loss, ElementType.F64)) {
                      ways.add(way(minimizer, data, loss, plan));
                      String what =
                          "%d rows of %s, %s, %s".formatted(rows, format, minimizer, plan);
                      assertSameBits(what, ways.get(0), ways.get(ways.size() - 1));
                      assertTrue(ways.get(0).get(0).length >= 6, what);
                    }
                  }
                });
      }
    }

    private List<double[]> way(Minimizer minimizer, Dataset data, Loss loss, BatchPlan plan) {
      List<Double> told = new ArrayList<>();
      try (ClassifierObjective f =
              new ClassifierObjective(
                  device, data, loss, ElementType.F64, 0, 0.01, Scaling.of(1), plan);
          Array start = device.allocate(ElementType.F64, f.size());
          Result result =
              minimizer.minimize(
                  f,
                  start,
                  new Stopping(1e-9, 0, 3),
                  (i, value, norm, step) -> told.addAll(List.of(value, norm, step)))) {
        double[] numbers = told.stream().mapToDouble(x -> x).toArray();
        return List.of(numbers, device.download(result.point()));
      }
    }

    /**
     * A NaN that is read in the midst of an evaluation ends it, and the next one reads it again.
     */
    @Test
    void aNumberThatIsRefused() {
      ByteBuffer values = ByteBuffer.allocate(4 * 300 * FEATURES).order(ByteOrder.LITTLE_ENDIAN);
      for (int row = 290; row < 300; row++) { // of which some are test rows
        values.putFloat(4 * (row * FEATURES + 1), Float.NaN);
      }
      Dataset data =
          mapped("<f4", values.array(), IntStream.range(0, 300).map(i -> i % 3).toArray());
      Loss loss = new SoftmaxCrossEntropy();
      List<BatchPlan> plans = BatchPlan.all(data, loss, ElementType.F32);
      try (ClassifierObjective f =
              new ClassifierObjective(
                  device, data, loss, ElementType.F32, 0, 0, Scaling.of(1), plans.get(3));
          Array w = device.allocate(ElementType.F32, f.size())) {
        for (int i = 0; i < 2; i++) {
          String message =
              String.valueOf(assertThrows(DataException.class, () -> f.value(w)).getMessage());
          assertTrue(message.matches(".*: row (29.|300), column 2: .*"), message);
        }
      }
    }
  }
}
