package org.thalweg.minimize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.Registry;

/** The registry, and minimisers as text. */
class MinimizersTest {
  @Test
  void everyMinimiserIsWhatItsTextSays() {
    assertEquals(
        List.of(
            "random-search",
            "gradient-descent",
            "backtracking",
            "fista",
            "lbfgs",
            "newton-cg",
            "newton"),
        Minimizers.names());
    for (Minimizer minimizer : Minimizers.all()) {
      assertEquals(minimizer, Minimizers.parse(minimizer.name()));
      var numbers = Registry.hyperparameters(minimizer);
      assertEquals(minimizer, Minimizers.parse(Minimizers.text(minimizer)));
      for (String name : numbers.keySet()) {
        Minimizer other = Minimizers.parse(minimizer.name() + ":" + name + "=7");
        assertEquals(7, Registry.hyperparameters(other).get(name));
        assertEquals(minimizer.name(), other.name());
      }
    }
    assertEquals(new LBfgs(20), Minimizers.parse("lbfgs:memory=20"));
    assertEquals(new Newton(8000, 0), Minimizers.parse("newton:damping=0,limit=8000"));
    assertEquals(new RandomSearch(1, 0.5), Minimizers.parse("random-search:deviation=.5"));
  }

  @Test
  void whatIsWrongIsNamed() {
    refused("bfgs", "bfgs", "lbfgs", "newton-cg");
    refused("lbfgs:memory=0", "lbfgs", "memory", "1 .. 10000", "0");
    refused("lbfgs:memory=2.5", "lbfgs", "memory", "whole", "2.5");
    refused("lbfgs:memory=NaN", "memory", "whole", "NaN");
    refused("lbfgs:memory=1e10", "memory", "whole", "1e10");
    refused("lbfgs:lr=1", "lr", "memory");
    refused("newton-cg:lr=1", "newton-cg", "lr", "none");
    refused("newton:limit=50000", "limit", "46340", "50000");
    refused("newton:damping=-1", "damping", "at least 0", "-1");
    refused("random-search:seed=2", "seed", "deviation");
    refused("gradient-descent:lr=0", "above 0");
    refused("backtracking:lr=1", "backtracking", "lr", "none");
    refused("gradient-descent:", "lr");
    refused("gradient-descent:lr", "lr=0.1");
    refused("lbfgs:memory", "memory=10");
    refused("lbfgs:memory=1073741822", "1 .. 10000");
  }

  private static void refused(String text, String... parts) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Minimizers.parse(text)).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "\"" + message + "\" lacks " + part);
    }
  }
}
