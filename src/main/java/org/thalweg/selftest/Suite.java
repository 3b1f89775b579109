package org.thalweg.selftest;

import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Exact;
import org.thalweg.optim.Group;

/**
 * A group of experiments of the equality suite, which is part of the product so that it can be run
 * on any GPU. A device and the Java device with one thread must compute the same bits; all NaNs
 * count as equal.
 */
public enum Suite {
  updates(UpdateExperiments::updates),
  clip(UpdateExperiments::clip),
  products(() -> Stream.concat(ProductExperiments.all(), SparseExperiments.all())),
  losses(LossExperiments::losses),
  explog(LossExperiments::expLog),
  vectors(VectorExperiments::all),
  batches(() -> Stream.concat(BatchExperiments.all(), Stream.of(SparseExperiments.gather()))),
  training(TrainingExperiments::all);

  /** The types that are computed in. */
  public static final List<ElementType> TYPES = List.of(ElementType.F32, ElementType.F64);

  /**
   * Sizes that find mistakes in kernels: around a vector access, a warp, four warps, a chunk and a
   * block.
   */
  static final List<Integer> SIZES =
      List.of(1, 3, 4, 5, 31, 32, 33, 127, 128, 129, 1023, 1024, 1025, 4095, 4096, 4097);

  /** Parameter groups that together use every setting of a group. */
  public static final List<Group> GROUPS =
      List.of(Group.PLAIN, new Group(0.5, 0, 0.01, 0), new Group(3, 0.75, 0.25, 0.125));

  /** A size of many blocks and one more element. */
  static final int LARGE = 65537;

  /** Zeros, subnormals, the ends of the range, infinities, NaN. */
  public static double[] special(ElementType type) {
    double least;
    double normal;
    double most;
    switch (type) {
      case F64 -> {
        least = Double.MIN_VALUE;
        normal = Double.MIN_NORMAL;
        most = Double.MAX_VALUE;
      }
      case F16 -> {
        least = 0x1p-24;
        normal = 0x1p-14;
        most = 65504;
      }
      default -> {
        least = Float.MIN_VALUE;
        normal = Float.MIN_NORMAL;
        most = Float.MAX_VALUE;
      }
    }
    return DoubleStream.of(0, least, normal - least, normal, 1, 1.5, most, 1 / 0.0, 0 / 0.0)
        .flatMap(x -> DoubleStream.of(x, -x))
        .toArray();
  }

  @SuppressWarnings("ImmutableEnumChecker") // a list that is made anew each time
  final Supplier<Stream<Experiment>> experiments;

  Suite(Supplier<Stream<Experiment>> experiments) {
    this.experiments = experiments;
  }

  /**
   * What a suite found.
   *
   * @param cases how many experiments
   * @param values how many numbers were compared
   * @param mismatches how many of them differ; an experiment that the device failed in counts as
   *     one
   * @param seconds that it took, both devices together
   * @param first the first mismatch: where, and both values in decimal and in hexadecimal; null if
   *     there is none
   */
  public record Outcome(
      Suite suite,
      int cases,
      long values,
      long mismatches,
      double seconds,
      @Nullable String first) {
    /** Whether all bits were the same. */
    public boolean pass() {
      return mismatches == 0;
    }
  }

  /** Runs all its experiments, on the device and on Java. */
  public Outcome run(Device device) {
    long start = System.nanoTime();
    Tally tally = new Tally();
    try (Device twin = new JavaDevice(1)) {
      experiments.get().forEach(experiment -> tally.compare(experiment, twin, device));
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    return new Outcome(this, tally.cases, tally.values, tally.mismatches, seconds, tally.first);
  }

  /** What has been compared so far. */
  static final class Tally {
    int cases;
    long values;
    long mismatches;
    @Nullable String first;

    void compare(Experiment experiment, Device twin, Device device) {
      cases++;
      List<Fixture.Result> expected = run(experiment, twin);
      List<Fixture.Result> actual;
      try {
        actual = run(experiment, device);
      } catch (RuntimeException e) {
        mismatch("%s: %s", experiment.name(), e);
        return;
      }
      for (int i = 0; i < expected.size(); i++) {
        double[] e = expected.get(i).values();
        double[] a = actual.get(i).values();
        values += e.length;
        for (int j = 0; j < e.length; j++) {
          if (Exact.bits(e[j]) != Exact.bits(a[j])) {
            mismatch(
                "%s: %s is %s (%s), in Java %s (%s)",
                experiment.name(),
                expected.get(i).element(j),
                a[j],
                Double.toHexString(a[j]),
                e[j],
                Double.toHexString(e[j]));
          }
        }
      }
    }

    private static List<Fixture.Result> run(Experiment experiment, Device device) {
      try (Fixture fixture = new Fixture(device)) {
        experiment.body().accept(fixture);
        return fixture.results();
      }
    }

    private void mismatch(String format, Object... arguments) {
      mismatches++;
      if (first == null) {
        first = String.format(Locale.ROOT, format, arguments);
      }
    }
  }
}
