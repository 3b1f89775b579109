package org.thalweg.tools;

import static org.thalweg.tools.Vectors.hex;
import static org.thalweg.tools.Vectors.integers;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.selftest.Suite;

/** Numbers drawn for vectors, and objects that hold them. */
class VectorDraws {
  final Philox random;

  VectorDraws(Philox random) {
    this.random = random;
  }

  /** Normal draws, rounded to the type. */
  double[] normal(ElementType type, int n) {
    return IntStream.range(0, n).mapToDouble(i -> type.round(random.nextNormal())).toArray();
  }

  static double[] special(ElementType type) {
    return Suite.special(type);
  }

  static double[] join(double[]... arrays) {
    return Arrays.stream(arrays).flatMapToDouble(DoubleStream::of).toArray();
  }

  /** Fields by turns a name and its value: a string, an integer, a boolean, JSON, or numbers. */
  static JsonObject object(Object... fields) {
    JsonObject object = new JsonObject();
    for (int i = 0; i < fields.length; i += 2) {
      String name = (String) fields[i];
      Object value = fields[i + 1];
      if (value instanceof Double number) {
        object.addProperty(name, Double.toHexString(number));
      } else if (value instanceof Integer number) {
        object.addProperty(name, number);
      } else if (value instanceof Boolean flag) {
        object.addProperty(name, flag);
      } else if (value instanceof double[] numbers) {
        object.add(name, hex(numbers));
      } else if (value instanceof int[] numbers) {
        object.add(name, integers(numbers));
      } else if (value instanceof JsonArray array) {
        object.add(name, array);
      } else {
        object.addProperty(name, value.toString());
      }
    }
    return object;
  }

  static JsonArray array(List<double[]> arrays) {
    JsonArray array = new JsonArray();
    arrays.forEach(numbers -> array.add(hex(numbers)));
    return array;
  }
}
