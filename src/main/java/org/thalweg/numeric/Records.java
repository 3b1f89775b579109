package org.thalweg.numeric;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads and changes records by the names of their components. */
public final class Records {
  private Records() {}

  /** The components by their names, in the order of their declaration. */
  public static Map<String, Object> components(Object record) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      try {
        values.put(component.getName(), component.getAccessor().invoke(record));
      } catch (ReflectiveOperationException e) {
        throw new LinkageError(record + " is no ordinary record", e);
      }
    }
    return values;
  }

  /**
   * The same record with other values for some of its components.
   *
   * @param changes each of the component's own type
   * @throws IllegalArgumentException if its constructor refuses them
   */
  @SuppressWarnings("unchecked") // the result has the class of the argument
  public static <T> T with(T record, Map<String, ?> changes) {
    Map<String, Object> values = components(record);
    values.putAll(changes);
    RecordComponent[] components = record.getClass().getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
    }
    try {
      return (T)
          record.getClass().getDeclaredConstructor(types).newInstance(values.values().toArray());
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw refused;
      }
      throw new LinkageError(record + " is no ordinary record", e);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(record + " is no ordinary record", e);
    }
  }

  /** The same record with another value for one component. */
  public static <T> T with(T record, String component, Object value) {
    return with(record, Map.of(component, value));
  }
}
