package org.thalweg.compare;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.thalweg.optim.Optimizer;

/**
 * The learning rates that are tried with an optimizer, so that optimizers are compared, not rates.
 *
 * @param rule the optimizer
 * @param rates at least one
 * @param further whether rates beyond these are tried while the best is the smallest or the largest
 */
public record RateSearch(Optimizer rule, List<Double> rates, boolean further) {
  /** Rates on each side of the middle one. */
  private static final int SIDE = 2;

  /** The largest number of rates tried beyond the first ones. */
  private static final int MORE = 4;

  private static final MathContext DIGITS = new MathContext(6);

  /** Keeps its own list. */
  public RateSearch {
    rates = List.copyOf(rates);
  }

  /** The optimizer with its own learning rate and no other. */
  public static RateSearch none(Optimizer rule) {
    return new RateSearch(rule, List.of(rule.lr()), false);
  }

  /**
   * Five rates about the optimizer's own, a factor of about 3 apart: 0.1, 0.3, 1, 3 and 10 times as
   * large; up to four more where the best lies at an end.
   */
  public static RateSearch about(Optimizer rule) {
    return new RateSearch(
        rule,
        List.of(rate(rule, -SIDE), rate(rule, -1), rate(rule, 0), rate(rule, 1), rate(rule, SIDE)),
        true);
  }

  /** The rate so many places from the optimizer's own: .., 0.1, 0.3, 1, 3, 10, .. times it. */
  private static double rate(Optimizer rule, int place) {
    BigDecimal factor = Math.floorMod(place, 2) == 0 ? BigDecimal.ONE : BigDecimal.valueOf(3);
    return new BigDecimal(rule.lr())
        .multiply(factor.scaleByPowerOfTen(Math.floorDiv(place, 2)))
        .round(DIGITS)
        .doubleValue();
  }

  /**
   * What came of it.
   *
   * @param best of the results
   * @param rate its learning rate
   * @param tried all results by their learning rates
   */
  public record Found<T>(T best, double rate, NavigableMap<Double, T> tried) {}

  /**
   * Runs the optimizer with each rate.
   *
   * @param allowed whether a rate beyond the first ones can be computed with: the search ends at
   *     one that cannot
   * @param order the best result first; of equal ones that with the smaller rate is taken
   */
  public <T> Found<T> best(
      Function<Optimizer, T> run, Predicate<Optimizer> allowed, Comparator<T> order) {
    NavigableMap<Double, T> tried = new TreeMap<>();
    rates.forEach(lr -> tried.put(lr, run.apply(rule.withLr(lr))));
    Comparator<Double> byResult = Comparator.comparing(tried::get, order);
    double best = tried.keySet().stream().min(byResult).orElseThrow();
    int low = -SIDE;
    int high = SIDE;
    while (further
        && high - low < 2 * SIDE + MORE
        && (best == tried.firstKey() || best == tried.lastKey())) {
      double lr = rate(rule, best == tried.firstKey() ? --low : ++high);
      if (!allowed.test(rule.withLr(lr))) {
        break;
      }
      tried.put(lr, run.apply(rule.withLr(lr)));
      best = tried.keySet().stream().min(byResult).orElseThrow();
    }
    return new Found<>(Objects.requireNonNull(tried.get(best)), best, tried);
  }
}
