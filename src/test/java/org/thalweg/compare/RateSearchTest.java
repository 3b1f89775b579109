package org.thalweg.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.thalweg.optim.Sgd;

class RateSearchTest {
  private static final RateSearch ABOUT_1 = RateSearch.about(new Sgd(1));

  private static List<Double> tried(double optimum, double smallest, double largest) {
    RateSearch.Found<Double> found =
        ABOUT_1.best(
            rule -> Math.abs(Math.log(rule.lr() / optimum)),
            rule -> rule.lr() >= smallest && rule.lr() <= largest,
            Comparator.<Double>naturalOrder());
    assertEquals(found.tried().get(found.rate()), found.best());
    return List.copyOf(found.tried().keySet());
  }

  @Test
  void ratesBeyondTheFirstAreTriedWhileTheBestIsAtAnEnd() {
    assertEquals(List.of(0.1, 0.3, 1.0, 3.0, 10.0), tried(1, 0, 1e9));
    assertEquals(List.of(0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0), tried(30, 0, 1e9));
    assertEquals(List.of(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0), tried(1e-9, 0, 1e9));
  }

  @Test
  void theSearchEndsAtARateThatCannotBeComputedWith() {
    assertEquals(List.of(0.03, 0.1, 0.3, 1.0, 3.0, 10.0), tried(1e-9, 0.03, 1e9));
    assertEquals(List.of(0.1, 0.3, 1.0, 3.0, 10.0, 30.0), tried(1e9, 0, 90));
  }
}
