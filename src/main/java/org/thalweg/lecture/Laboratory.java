package org.thalweg.lecture;

import java.util.Arrays;
import org.thalweg.data.Dataset;
import org.thalweg.data.Datasets;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.plot.Lines;
import org.thalweg.plot.Lines.Axis;
import org.thalweg.plot.Lines.Series;

/** What the experiments share: a device, and the digits. */
public final class Laboratory {
  /**
   * Seed of the initial weights, and of everything else that is random unless a claim names its
   * own.
   */
  static final long SEED = 1;

  final Device device;
  final Datasets.Loaded digits = Datasets.load("digits", null, null);
  final Dataset train = digits.split().train();
  final Dataset test = digits.split().test();

  Laboratory(Device device) {
    this.device = device;
  }

  /** Softmax regression on some rows, in binary64. */
  ClassifierObjective softmax(Dataset rows, double l2) {
    return new ClassifierObjective(device, rows, new SoftmaxCrossEntropy(), ElementType.F64, 0, l2);
  }

  /**
   * Initial weights on the device: normal with standard deviation 0.01, as those of {@code thalweg
   * train}.
   */
  Array weights() {
    Philox random = new Philox(SEED, 0);
    double[] w = new double[(train.features() + 1) * train.classes()];
    Arrays.setAll(w, i -> i < train.features() * train.classes() ? 0.01 * random.nextNormal() : 0);
    return device.of(ElementType.F64, w);
  }

  /** Some training rows in this order, possibly with repetitions. */
  Dataset rows(int... rows) {
    int[] labels = Arrays.stream(rows).map(row -> train.labels()[row]).toArray();
    Dataset.Values values = train.values().select(rows, train.features());
    return new Dataset(values, labels, train.features(), train.classes());
  }

  /** A line chart. */
  static Lines chart(Axis x, String y, boolean logarithmic, Series... series) {
    return new Lines("", x, new Axis(y, logarithmic), Arrays.asList(series));
  }

  /** {@code y} over 0, 1, 2, ... */
  static Series series(String name, double... y) {
    double[] x = new double[y.length];
    Arrays.setAll(x, i -> i);
    return new Series(name, x, y);
  }

  /** The sentence with a capital letter at its beginning. */
  static String capital(String sentence) {
    return Character.toUpperCase(sentence.charAt(0)) + sentence.substring(1);
  }
}
