package org.thalweg.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.thalweg.numeric.Registry;

/** The registry, and rules as text. */
class OptimizersTest {
  @Test
  void everyRuleIsWhatItsTextSays() {
    for (Optimizer rule : Optimizers.all()) {
      assertEquals(rule, Optimizers.parse(rule.name()));
      var numbers = Optimizers.hyperparameters(rule);
      assertEquals(rule.lr(), numbers.get("lr"));
      assertEquals(rule.withLr(0.5), Optimizers.parse(rule.name() + ":lr=0.5"));
      assertEquals(rule, Optimizers.parse(Optimizers.text(rule)));
      for (String name : numbers.keySet()) {
        assertTrue(
            rule.definition().formula().matches(".*\\b" + name + "\\b.*")
                || makesAnother(rule, name),
            rule.name() + ": " + name + " is not in its formula");
      }
    }
    assertEquals(
        new Adam(0.1, 0.8, 0.999, 1e-6), Optimizers.parse("adam:beta1=0.8,eps=1e-6,lr=.1"));
    assertEquals(
        "adam:lr=0.01,beta1=0.9,beta2=0.999,eps=1e-8",
        Optimizers.text(new Adam(0.01, 0.9, 0.999, 1e-8)));
  }

  /** Whether the rule with another value of it goes by another name: {@code mu} of RMSProp. */
  private static boolean makesAnother(Optimizer rule, String hyperparameter) {
    return !Registry.with(rule, hyperparameter, 0.5).name().equals(rule.name());
  }

  @Test
  void whatIsWrongIsNamed() {
    refused("adm", "adm", "adam", "lion");
    refused("adam:beta=1", "beta", "beta1", "eps");
    refused("adam:", "lr");
    refused("adam:beta1", "beta1=0.9");
    refused("adam:beta1=x", "beta1", "a number", "\"x\"");
    refused("adam:beta1=0.5,beta1=0.6", "beta1", "twice");
    refused("adam:beta1=1", "adam", "beta1", "[0, 1): 1");
    refused("adam:lr=-1", "adam", "lr", "-1");
    refused("adam:lr=NaN", "adam", "lr", "NaN");
    refused("adam:beta1=0.8,,", "adam");
    refused("rmsprop:mu=0.9", "rmsprop_momentum");
    refused("rmsprop_momentum:mu=0", "rmsprop");
  }

  private static void refused(String text, String... parts) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Optimizers.parse(text)).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "\"" + message + "\" lacks " + part);
    }
  }

  /** One source of the defaults: {@code Adam.of(0.5)} is {@code adam:lr=0.5}, of every rule. */
  @Test
  void factoriesHaveTheRegistrysDefaults() throws Exception {
    Set<Class<?>> seen = new HashSet<>();
    for (Optimizer rule : Optimizers.all()) {
      if (seen.add(rule.getClass())) {
        Optimizer made =
            (Optimizer) rule.getClass().getMethod("of", double.class).invoke(null, 0.5);
        assertEquals(Optimizers.parse(rule.name() + ":lr=0.5"), made);
        assertEquals(rule, made.withLr(rule.lr()));
      }
      Optimizers.hyperparameters(rule)
          .forEach(
              (name, value) -> {
                Optimizer other = rule.with(name, 0.9 * value);
                assertEquals(0.9 * value, Optimizers.hyperparameters(other).get(name), name);
                assertEquals(rule, other.with(name, value));
              });
      String message =
          assertThrows(IllegalArgumentException.class, () -> rule.with("chess", 1)).getMessage();
      assertTrue(message.contains("no hyperparameter \"chess\"; it has lr"), message);
    }
    assertEquals(new Adam(1e-3, 0.9, 0.95, 1e-8), Adam.of(1e-3).with("beta2", 0.95));
    assertEquals(new RmsProp(1, 0.99, 1e-8, true, 0.5), RmsProp.of(1).withCentred(true).withMu(.5));
  }
}
