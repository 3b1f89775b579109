package org.thalweg.optim;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The one registry: every optimizer with PyTorch's defaults, where it has any. */
public final class Optimizers {
  private static final List<Optimizer> ALL =
      List.of(
          new Sgd(1e-3),
          new Momentum(1e-3, 0.9, 0),
          new ClassicalMomentum(1e-3, 0.9),
          new Nesterov(1e-3, 0.9),
          new NesterovLookAhead(1e-3, 0.9),
          new AdaGrad(1e-2, 0, 0, 1e-10),
          new RmsProp(1e-2, 0.99, 1e-8, false, 0),
          new RmsProp(1e-2, 0.99, 1e-8, false, 0.9),
          new RmsProp(1e-2, 0.99, 1e-8, true, 0),
          new RmsProp(1e-2, 0.99, 1e-8, true, 0.9),
          new Adam(1e-3, 0.9, 0.999, 1e-8),
          new AdamUncorrected(1e-3, 0.9, 0.999, 1e-8),
          new AmsGrad(1e-3, 0.9, 0.999, 1e-8),
          new NAdam(2e-3, 0.9, 0.999, 1e-8),
          new Adamax(2e-3, 0.9, 0.999, 1e-8),
          new Adadelta(1, 0.9, 1e-6),
          new Lion(1e-4, 0.9, 0.99));

  private Optimizers() {}

  /** All of them, in the order of the lecture. */
  public static List<Optimizer> all() {
    return ALL;
  }

  /** Their names. */
  public static List<String> names() {
    return ALL.stream().map(Optimizer::name).toList();
  }

  /**
   * The optimizer of that name.
   *
   * @throws IllegalArgumentException if there is none; the message lists those that are
   */
  public static Optimizer named(String name) {
    return ALL.stream()
        .filter(optimizer -> optimizer.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no optimizer is called "
                        + name
                        + "; there are "
                        + String.join(", ", names())));
  }

  /**
   * The optimizer that a text describes: its name, and behind a colon what differs from the defaults, {@code
   * "adam:beta1=0.8,eps=1e-6"}.
   *
   * @throws IllegalArgumentException if it describes none; the message says what is allowed
   */
  public static Optimizer parse(String text) {
    String[] halves = text.split(":", 2);
    Optimizer rule = named(halves[0]);
    Map<String, Double> numbers = hyperparameters(rule);
    for (String assignment : halves.length < 2 ? new String[0] : halves[1].split(",", -1)) {
      String[] sides = assignment.split("=", 2);
      if (!numbers.containsKey(sides[0])) {
        throw new IllegalArgumentException(
            "%s has no hyperparameter \"%s\"; it has %s"
                .formatted(halves[0], sides[0], String.join(", ", numbers.keySet())));
      }
      try {
        numbers.put(sides[0], Double.valueOf(sides.length < 2 ? "" : sides[1]));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "%s: \"%s\" is no number, as in %s=0.5".formatted(halves[0], assignment, sides[0]), e);
      }
    }
    Optimizer parsed = with(rule, numbers);
    if (!parsed.name().equals(rule.name())) {
      throw new IllegalArgumentException(
          "%s would be %s: choose that".formatted(text, parsed.name()));
    }
    return parsed;
  }

  /** Its hyperparameters that are numbers, in the order of its declaration. */
  public static Map<String, Double> hyperparameters(Optimizer rule) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    for (RecordComponent component : rule.getClass().getRecordComponents()) {
      if (value(rule, component) instanceof Double number) {
        numbers.put(component.getName(), number);
      }
    }
    return numbers;
  }

  private static Object value(Optimizer rule, RecordComponent component) {
    try {
      return component.getAccessor().invoke(rule);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(rule + " is no ordinary record", e);
    }
  }

  private static Optimizer with(Optimizer rule, Map<String, Double> numbers) {
    RecordComponent[] components = rule.getClass().getRecordComponents();
    Object[] values = new Object[components.length];
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      Double number = numbers.get(components[i].getName());
      values[i] = number != null ? number : value(rule, components[i]);
    }
    try {
      return (Optimizer) rule.getClass().getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw new IllegalArgumentException(rule.name() + ": " + refused.getMessage(), refused);
      }
      throw new LinkageError(rule + " is no ordinary record", e);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(rule + " is no ordinary record", e);
    }
  }
}
