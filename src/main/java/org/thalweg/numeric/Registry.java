package org.thalweg.numeric;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Rules by their names. Each is a record; those of its components that are a double or an int are
 * its hyperparameters, and what they are here is their default. A rule as text is its name, and
 * behind a colon what differs: {@code "adam:beta1=0.8,eps=1e-6"}.
 *
 * @param <T> what the rules have in common
 */
public final class Registry<T> {
  private final String kind;
  private final Map<String, T> all;

  /**
   * In this order.
   *
   * @param kind what one of them is called: "optimizer"
   */
  public Registry(String kind, List<T> all, Function<T, String> name) {
    this.kind = kind;
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
          "no %s is called %s; there are %s".formatted(kind, name, String.join(", ", names())));
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
    Set<String> said = new HashSet<>();
    for (String assignment : halves.length < 2 ? new String[0] : halves[1].split(",", -1)) {
      String[] sides = assignment.split("=", 2);
      if (!numbers.containsKey(sides[0])) {
        throw new IllegalArgumentException(
            "%s has no hyperparameter \"%s\"; it has %s"
                .formatted(
                    name,
                    sides[0],
                    numbers.isEmpty() ? "none" : String.join(", ", numbers.keySet())));
      }
      if (!said.add(sides[0])) {
        throw new IllegalArgumentException("%s: %s is said twice".formatted(name, sides[0]));
      }
      try {
        numbers.put(sides[0], Double.valueOf(sides.length < 2 ? "" : sides[1]));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "%s: \"%s\" is no number, as in %s=%s"
                .formatted(name, assignment, sides[0], value(rule, sides[0])),
            e);
      }
    }
    try {
      return with(rule, numbers);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  /**
   * The same rule with another value of one hyperparameter.
   *
   * @throws IllegalArgumentException if the rule does not allow it
   */
  public static <T> T with(T rule, String hyperparameter, double value) {
    return with(rule, Map.of(hyperparameter, value));
  }

  /** The hyperparameters of a rule, in the order of its declaration. */
  public static Map<String, Double> hyperparameters(Object rule) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    for (RecordComponent component : rule.getClass().getRecordComponents()) {
      Class<?> type = component.getType();
      if (type == double.class || type == int.class) {
        numbers.put(component.getName(), ((Number) value(rule, component)).doubleValue());
      }
    }
    return numbers;
  }

  private static Object value(Object rule, String name) {
    return Stream.of(rule.getClass().getRecordComponents())
        .filter(component -> component.getName().equals(name))
        .map(component -> value(rule, component))
        .findFirst()
        .orElseThrow();
  }

  private static Object value(Object rule, RecordComponent component) {
    try {
      return component.getAccessor().invoke(rule);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(rule + " is no ordinary record", e);
    }
  }

  @SuppressWarnings("unchecked") // a record makes its like
  private static <T> T with(T rule, Map<String, Double> numbers) {
    RecordComponent[] components = rule.getClass().getRecordComponents();
    Object[] values = new Object[components.length];
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      Double number = numbers.get(components[i].getName());
      values[i] = number == null ? value(rule, components[i]) : number;
      if (types[i] == int.class && number != null) {
        values[i] = number.intValue();
        if (number.intValue() != number) {
          throw new IllegalArgumentException(
              "%s must be a whole number below 2^31: %s"
                  .formatted(components[i].getName(), number));
        }
      }
    }
    try {
      return (T) rule.getClass().getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw refused;
      }
      throw new LinkageError(rule + " is no ordinary record", e);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(rule + " is no ordinary record", e);
    }
  }
}
