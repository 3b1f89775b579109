package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Records;
import org.thalweg.optim.Group;

class SettingsTest {
  private static final Settings DEFAULT = Settings.DEFAULT;

  @Test
  void whatIsOutOfRangeIsRefusedByName() {
    Map<Executable, String> refused =
        Map.ofEntries(
            Map.entry(() -> DEFAULT.withType(ElementType.BF16), "type must be F32 or F64: BF16"),
            Map.entry(
                () -> DEFAULT.withBatch(-1), "batch must be at least 1, or 0 for all rows: -1"),
            Map.entry(() -> DEFAULT.withEpochs(-1), "epochs must be at least 0: -1"),
            Map.entry(() -> DEFAULT.withL1(-1), "l1 must be finite and at least 0: -1"),
            Map.entry(() -> DEFAULT.withL2(Double.NaN), "l2 must be finite and at least 0: NaN"),
            Map.entry(
                () -> DEFAULT.withWeightDecay(Double.POSITIVE_INFINITY),
                "weightDecay must be finite and at least 0: Infinity"),
            Map.entry(
                () -> DEFAULT.withInitScale(-0.1), "initScale must be finite and at least 0: -0.1"),
            Map.entry(
                () -> DEFAULT.withClipNorm(0),
                "clipNorm must be above 0, infinite for no clipping: 0"),
            Map.entry(() -> Schedule.CONSTANT.withWarmup(-1), "warmup must be at least 0: -1"),
            Map.entry(
                () -> Schedule.parse("step:every=0,factor=0.5"), "every must be at least 1: 0"),
            Map.entry(
                () -> Schedule.parse("step:every=2,factor=1.5"),
                "factor must be above 0 and at most 1: 1.5"),
            Map.entry(
                () -> Schedule.parse("inverse:decay=-1"),
                "decay must be finite and at least 0: -1"),
            Map.entry(
                () -> Schedule.parse("inverse:decay=x"),
                "inverse: decay: expected a number, not \"x\", as in decay=0.001"),
            Map.entry(
                () -> Schedule.parse("cosine:"), "cosine has no hyperparameter \"\"; it has none"),
            Map.entry(
                () -> Schedule.parse("step:evry=2"),
                "step has no hyperparameter \"evry\"; did you mean every? There are every, factor"),
            Map.entry(
                () -> Schedule.parse("cosin"),
                "no schedule is called cosin; did you mean cosine? There are constant, step,"
                    + " cosine, linear, inverse"),
            Map.entry(() -> new Interval(0, true), "an interval must be at least 1: 0"),
            Map.entry(
                () -> Interval.parse("0s"),
                "an interval is a whole number of epochs, as 5, or of steps, as 200s: not \"0s\""));
    refused.forEach(
        (use, message) ->
            assertEquals(
                message, assertThrows(IllegalArgumentException.class, use, message).getMessage()));
  }

  @Test
  void aScheduleIsWhatItsTextSays() {
    for (Schedule.Kind kind : Schedule.Kind.values()) {
      Schedule usual = Schedule.parse(kind.name().toLowerCase(Locale.ROOT));
      assertEquals(kind, usual.kind());
      assertEquals(usual, Schedule.parse(usual.text()));
    }
    for (String text : List.of("step:every=3,factor=0.5", "inverse:decay=0.25", "cosine")) {
      assertEquals(text, Schedule.parse(text).text());
    }
    assertEquals("step:every=10,factor=0.5", Schedule.parse("step:factor=0.5").text());
  }

  @Test
  void intervals() {
    assertEquals(new Interval(5, false), Interval.parse("5"));
    assertEquals(new Interval(200, true), Interval.parse("200s"));
    assertEquals("200s", Interval.parse("200s").toString());
    assertEquals("5", Interval.parse("5").toString());
  }

  /** Each component of settings and of a group has its method. */
  @Test
  void everyComponentCanBeChanged() throws ReflectiveOperationException {
    for (Record record : List.of(Settings.DEFAULT, Group.PLAIN)) {
      for (RecordComponent component : record.getClass().getRecordComponents()) {
        String name = component.getName();
        String method = "with" + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
        Object own = Records.components(record).get(name);
        Object value = own instanceof Double ? 0.25 : own instanceof Integer ? 7 : own;
        Method with = record.getClass().getMethod(method, component.getType());
        assertEquals(Records.with(record, name, value), with.invoke(record, value), method);
      }
    }
  }

  private static final List<Schedule> SCHEDULES =
      List.of(
          Schedule.CONSTANT,
          Schedule.COSINE,
          Schedule.LINEAR,
          Schedule.step(2, 0.5),
          Schedule.inverse(0.1));

  /** With a warm-up that is short, as long as the run, and longer. */
  @Test
  void schedulesStayAtTheirEndAndHaveNoStep0() {
    assertEquals(Schedule.Kind.values().length, SCHEDULES.size());
    for (Schedule each : SCHEDULES) {
      assertEquals(each, Schedule.parse(text(each)));
      for (int warmup : new int[] {0, 1, 6, 7, 100, Integer.MAX_VALUE}) {
        Schedule schedule = each.withWarmup(warmup);
        for (long steps : new long[] {1, 6, 7}) {
          double last = schedule.factor(steps, 3, steps);
          assertTrue(last > 0 && last <= 1, schedule + " ends with " + last);
          for (long step : new long[] {steps + 1, steps + 2, 3 * steps, Long.MAX_VALUE}) {
            assertEquals(last, schedule.factor(step, 3, steps), schedule + " at step " + step);
          }
        }
        for (long step : new long[] {0, -1, Long.MIN_VALUE}) {
          refused("steps are counted from 1", () -> schedule.factor(step, 3, 6));
        }
        refused("an epoch must have at least 1 step: 0", () -> schedule.factor(1, 0, 6));
        refused("a run must have at least 1 step: 0", () -> schedule.factor(1, 3, 0));
      }
    }
  }

  private static String text(Schedule schedule) {
    return switch (schedule.kind()) {
      case STEP -> "step:every=2,factor=0.5";
      case INVERSE -> "inverse:decay=0.1";
      default -> schedule.kind().name().toLowerCase(Locale.ROOT);
    };
  }

  private static void refused(String message, Executable use) {
    String found = assertThrows(IllegalArgumentException.class, use, message).getMessage();
    assertTrue(found.startsWith(message), found);
  }

  /** Steps 1, 2, .. of a run of 4 epochs of 3 steps, by hand. */
  @Test
  void schedulesFollowTheirFormulas() {
    double r = Math.sqrt(3) / 2;
    Map<Schedule, double[]> factors =
        Map.of(
            Schedule.parse("constant"),
            new double[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
            Schedule.parse("step:every=2,factor=0.5"),
            new double[] {1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5},
            Schedule.parse("step:every=1,factor=0.5").withWarmup(2),
            new double[] {0.5, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125},
            Schedule.parse("linear"),
            new double[] {
              1, 11 / 12., 10 / 12., 9 / 12., 8 / 12., 7 / 12., 0.5, 5 / 12., 4 / 12., 3 / 12.,
              2 / 12., 1 / 12.
            },
            Schedule.parse("linear").withWarmup(8),
            new double[] {
              1 / 8., 2 / 8., 3 / 8., 0.5, 5 / 8., 6 / 8., 7 / 8., 1, 1, 0.75, 0.5, 0.25
            },
            Schedule.parse("cosine").withWarmup(6),
            new double[] {
              1 / 6., 2 / 6., 0.5, 4 / 6., 5 / 6., 1, 1, (1 + r) / 2, 0.75, 0.5, 0.25, (1 - r) / 2
            },
            Schedule.parse("inverse:decay=0.5").withWarmup(1),
            new double[] {
              1, 1, 1 / 1.5, 1 / 2., 1 / 2.5, 1 / 3., 1 / 3.5, 1 / 4., 1 / 4.5, 1 / 5., 1 / 5.5,
              1 / 6.
            });
    factors.forEach(
        (schedule, expected) -> {
          for (int step = 1; step <= 12; step++) {
            // A few roundings of numbers of at most 1 and of the cosine's argument, at most pi.
            assertEquals(
                expected[step - 1], schedule.factor(step, 3, 12), 0x1p-50, schedule + " " + step);
          }
        });
  }

  /**
   * The deviation of n normal draws is off by 1 part in sqrt(2 n), n = 100,000; five of them are
   * allowed.
   */
  @Test
  void firstWeightsHaveTheirDeviation() {
    Dataset row = new Dataset(new byte[1000], new int[1], 1000, 100, 1);
    Map<Initialisation, Double> deviations =
        Map.of(
            Initialisation.ZEROS, 0.0,
            Initialisation.NORMAL, 0.5,
            Initialisation.XAVIER, 0.5 * Math.sqrt(2.0 / 1100));
    deviations.forEach(
        (initialisation, expected) -> {
          Settings settings = DEFAULT.withInitialisation(initialisation).withInitScale(0.5);
          try (Device device = new JavaDevice(1);
              Trainer trainer = new Trainer(device, row, settings)) {
            double[] w = device.download(trainer.model().parameters().get(0).value());
            double squares = Arrays.stream(w).map(x -> x * x).sum();
            assertEquals(
                expected,
                Math.sqrt(squares / w.length),
                5 * expected / Math.sqrt(2.0 * w.length),
                initialisation.name());
            double mean = Arrays.stream(w).sum() / w.length;
            assertTrue(Math.abs(mean) <= 5 * expected / Math.sqrt(w.length), "mean " + mean);
          }
        });
  }
}
