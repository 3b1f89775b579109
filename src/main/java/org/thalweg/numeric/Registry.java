package org.thalweg.numeric;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A registry of rules by name. Each rule is a record; its components of type double and int are its
 * hyperparameters, and their values in the registered record are the defaults. A rule is written as
 * its name, and after a colon the hyperparameters that differ from the defaults: {@code
 * "adam:beta1=0.8,eps=1e-6"}.
 *
 * @param <T> the type of the rules
 */
public final class Registry<T> {
  private final String kind;
  private final Function<T, String> name;
  private final Map<String, T> all;

  /**
   * A registry of these rules, in this order.
   *
   * @param kind the word for a rule in messages: "optimizer"
   */
  public Registry(String kind, List<T> all, Function<T, String> name) {
    this.kind = kind;
    this.name = name;
    this.all =
        all.stream().collect(Collectors.toMap(name, rule -> rule, (a, b) -> b, LinkedHashMap::new));
  }

  /** All of them, in order. */
  public List<T> all() {
    return List.copyOf(all.values());
  }

  /** Their names, in order. */
  public List<String> names() {
    return List.copyOf(all.keySet());
  }

  /**
   * The rule of that name.
   *
   * @throws IllegalArgumentException if there is none; the message lists those that are
   */
  public T named(String name) {
    T rule = all.get(name);
    if (rule == null) {
      throw new IllegalArgumentException(
          "no %s is called %s; %s".formatted(kind, name, Nearest.advice(name, names())));
    }
    return rule;
  }

  /**
   * The rule that a text describes.
   *
   * @throws IllegalArgumentException if it describes none; the message says what is allowed
   */
  public T parse(String text) {
    String[] halves = text.split(":", 2);
    String name = halves[0];
    T rule = named(name);
    Map<String, Double> numbers = hyperparameters(rule);
    if (halves.length == 2) {
      assign(name, numbers, halves[1]);
    }
    try {
      return with(rule, numbers);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  /**
   * Changes the hyperparameters of a rule to what a text says: {@code "beta1=0.8,eps=1e-6"}.
   *
   * @throws IllegalArgumentException if it names others, or one twice, or no number
   */
  public static void assign(String name, Map<String, Double> numbers, String text) {
    Set<String> said = new HashSet<>();
    for (String assignment : text.split(",", -1)) {
      String[] sides = assignment.split("=", 2);
      Double old = numbers.get(sides[0]);
      if (old == null) {
        throw new IllegalArgumentException(
            "%s has no hyperparameter \"%s\"; %s"
                .formatted(
                    name,
                    sides[0],
                    numbers.isEmpty()
                        ? "it has none"
                        : Nearest.advice(sides[0], numbers.keySet())));
      }
      Require.that(said.add(sides[0]), "%s: %s is given twice", name, sides[0]);
      try {
        numbers.put(sides[0], Decimal.parse(sides.length < 2 ? "" : sides[1]));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "%s: %s: %s, as in %s"
                .formatted(name, sides[0], e.getMessage(), text(Map.of(sides[0], old))),
            e);
      }
    }
  }

  /**
   * The same rule with another value of one hyperparameter.
   *
   * @throws IllegalArgumentException if the rule has none of that name, or refuses the value
   */
  public static <T> T with(T rule, String hyperparameter, double value) {
    Map<String, Double> own = hyperparameters(rule);
    Require.that(
        own.containsKey(hyperparameter),
        "%s has no hyperparameter \"%s\"; it has %s",
        rule.getClass().getSimpleName(),
        hyperparameter,
        String.join(", ", own.keySet()));
    return with(rule, Map.of(hyperparameter, value));
  }

  /**
   * The text from which {@link #parse} makes this rule: its name, and after a colon the
   * hyperparameters that differ from the defaults.
   */
  public String text(T rule) {
    String own = name.apply(rule);
    Map<String, Double> defaults = hyperparameters(named(own));
    Map<String, Double> numbers = hyperparameters(rule);
    numbers.entrySet().removeAll(defaults.entrySet());
    return text(own, numbers);
  }

  /** A rule as it is typed, with these hyperparameters: {@code "adam:lr=0.01,eps=1e-8"}. */
  public static String text(String name, Map<String, Double> hyperparameters) {
    return hyperparameters.isEmpty() ? name : name + ":" + text(hyperparameters);
  }

  /** Hyperparameters as they are typed: {@code "lr=0.01,eps=1e-8"}. */
  public static String text(Map<String, Double> hyperparameters) {
    return hyperparameters.entrySet().stream()
        .map(number -> number.getKey() + "=" + Decimal.text(number.getValue()))
        .collect(Collectors.joining(","));
  }

  /** The hyperparameters of a rule, in the order of its declaration. */
  public static Map<String, Double> hyperparameters(Object rule) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    Records.components(rule)
        .forEach(
            (name, value) -> {
              if (value instanceof Double || value instanceof Integer) {
                numbers.put(name, ((Number) value).doubleValue());
              }
            });
    return numbers;
  }

  /**
   * Checks that a type that is computed in, F32 or F64, has a rule's hyperparameters: that none
   * becomes 0 there without being 0, or infinite or NaN, or a number that the rule refuses, as a
   * share of 1 - 2^-30, which is 1 in F32.
   *
   * @throws IllegalArgumentException if one does; the message has its name, its value, and what is
   *     allowed
   */
  public static void check(Object rule, ElementType type) {
    hyperparameters(rule)
        .forEach(
            (name, value) -> {
              Require.in(type, name, value);
              try {
                with(rule, name, type.round(value));
              } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                    Require.text(
                        "%s is %s in %s, where %s: %s",
                        name,
                        type.round(value),
                        type.format(),
                        String.valueOf(e.getMessage()).replaceFirst(": [^:]*$", ""),
                        value),
                    e);
              }
            });
  }

  /**
   * The same rule with other values of some hyperparameters.
   *
   * @throws IllegalArgumentException if the rule does not allow them
   */
  public static <T> T with(T rule, Map<String, Double> numbers) {
    Map<String, Object> values = Records.components(rule);
    for (Map.Entry<String, Double> number : numbers.entrySet()) {
      double value = number.getValue();
      boolean whole = values.get(number.getKey()) instanceof Integer;
      Require.that(
          !whole || value == (int) value,
          "%s must be a whole number below 2^31: %s",
          number.getKey(),
          value);
      values.put(number.getKey(), whole ? (Object) (int) value : (Object) value);
    }
    return Records.with(rule, values);
  }
}
