package org.thalweg.minimize;

import java.util.List;
import org.thalweg.numeric.Registry;

/** The one registry: every minimiser with its defaults. */
public final class Minimizers {
  private static final Registry<Minimizer> ALL =
      new Registry<>(
          "minimiser",
          List.of(
              new RandomSearch(1, 0.1),
              new GradientDescent(0.1),
              new Backtracking(),
              new Fista(),
              new LBfgs(),
              new NewtonCg(),
              new Newton(5000, 1e-9)),
          Minimizer::name);

  private Minimizers() {}

  /**
   * All of them, from those that use least of the function (values) to those that use most (the
   * Hessian).
   */
  public static List<Minimizer> all() {
    return ALL.all();
  }

  /** Their names. */
  public static List<String> names() {
    return ALL.names();
  }

  /**
   * The minimiser that a text describes: its name and, after a colon, the hyperparameters that
   * differ from the defaults, {@code "lbfgs:memory=20"}.
   *
   * @throws IllegalArgumentException if it describes none; the message says what is allowed
   */
  public static Minimizer parse(String text) {
    return ALL.parse(text);
  }

  /**
   * The text of a minimiser with all its hyperparameters, {@code "lbfgs:memory=10"}, from which
   * {@link #parse} makes it again.
   */
  public static String text(Minimizer rule) {
    return Registry.text(rule.name(), Registry.hyperparameters(rule));
  }
}
