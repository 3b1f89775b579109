package org.thalweg.tools;

import static org.thalweg.tools.Vectors.hex;
import static org.thalweg.tools.Vectors.numbers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;
import org.thalweg.device.Tensors;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.optim.Rounding;

/** Updates of some tensors by one rule, step by step, each with gradients of its own. */
final class VectorUpdates {
  // Columns of the step table: the largest norm, then of the rule and of a proximal step after it
  // the
  // key of the rounding and the groups' numbers.
  private static final int LARGEST_NORM = 0;
  private static final int RULE = 1;

  private VectorUpdates() {}

  static JsonObject run(Device device, JsonObject in, JsonObject with) {
    ElementType type = VectorOperations.type(in);
    Optimizer rule = Optimizers.parse(with.get("rule").getAsString());
    double scale = VectorOperations.number(in, "gradient_scale");
    List<JsonElement> gradients = in.getAsJsonArray("gradients").asList();
    List<Group> groups =
        in.getAsJsonArray("groups").asList().stream().map(VectorUpdates::group).toList();
    List<Parameter> parameters = new ArrayList<>();
    for (JsonElement element : in.getAsJsonArray("parameters")) {
      double[] w = numbers(element);
      Array gradient = device.allocate(type, w.length);
      parameters.add(
          new Parameter(device.of(type, w), gradient, parameters.size() % groups.size()));
    }
    boolean shrinks = groups.stream().anyMatch(Group::shrinks);
    int key = type == ElementType.BF16 ? Rounding.COLUMNS : 0;
    int shrink = RULE + key + groups.size() * Group.columns(rule);
    int columns = shrinks ? shrink + key + groups.size() * Group.columns(Group.SHRINK) : shrink;
    Rounding rounding =
        in.has("rounding_seed")
            ? new Rounding(true, in.get("rounding_seed").getAsLong())
            : Rounding.NEAREST;
    JsonArray steps = new JsonArray();
    JsonObject out = new JsonObject();
    try (Tensors tensors = device.tensors(parameters, rule);
        Steps table = new Steps(device, type.computed(), columns, gradients.size(), 1);
        Program program =
            device.record(
                table,
                () -> {
                  update(device, rule, tensors, table);
                  if (shrinks) {
                    device.update(Group.SHRINK, tensors, table, shrink);
                  }
                })) {
      List<JsonArray> rows = new ArrayList<>();
      for (int step = 0; step < gradients.size(); step++) {
        table.number(
            step, LARGEST_NORM, VectorOperations.number(in, "largest_norm") / Math.abs(scale));
        long t = step + 1L;
        if (type == ElementType.BF16) {
          table.integer(step, RULE, rounding.key(t));
        }
        if (type == ElementType.BF16 && shrinks) {
          table.integer(step, shrink, rounding.key(t));
        }
        double lr = rule.lr() * numbers(in.get("lr_factors"))[step];
        JsonArray row = new JsonArray();
        for (int i = 0; i < groups.size(); i++) {
          Group group = groups.get(i);
          double[] c = group.numbers(rule, table.type(), lr, t, scale);
          table.numbers(step, RULE + key + i * c.length, c);
          if (shrinks) {
            double[] after = group.shrinkage(table.type(), lr);
            table.numbers(step, shrink + key + i * after.length, after);
            double threshold = group.shrinks() ? lr * group.lrFactor() * group.l1() : 0;
            c = DoubleStream.concat(DoubleStream.of(c), DoubleStream.of(threshold)).toArray();
          }
          row.add(hex(DoubleStream.of(c).map(table.type()::round).toArray()));
        }
        rows.add(row);
      }
      table.start();
      for (int step = 0; step < gradients.size(); step++) {
        for (int i = 0; i < parameters.size(); i++) {
          JsonElement own = gradients.get(step).getAsJsonArray().get(i);
          device.upload(parameters.get(i).gradient(), numbers(own));
        }
        program.run(1);
        JsonObject result = VectorOperations.object("numbers", rows.get(step));
        JsonArray values = new JsonArray();
        parameters.forEach(parameter -> values.add(hex(device.download(parameter.value()))));
        result.add("parameters", values);
        steps.add(result);
      }
      out.add("hyperparameters", hyperparameters(rule));
      out.add("steps", steps);
      out.add("state", state(device, tensors, type));
    } finally {
      VectorOperations.close(parameters);
    }
    return out;
  }

  private static void update(Device device, Optimizer rule, Tensors tensors, Steps table) {
    Optimizer move = rule.lookAhead();
    if (move != null) {
      device.update(move, tensors, table, RULE);
    }
    device.clip(tensors, table, LARGEST_NORM, false);
    device.update(rule, tensors, table, RULE);
  }

  /** After the last step: of each tensor its master, where it has one, and its state arrays. */
  private static JsonArray state(Device device, Tensors tensors, ElementType type) {
    JsonArray all = new JsonArray();
    for (int i = 0; i < tensors.parameters().size(); i++) {
      JsonArray own = new JsonArray();
      if (type == ElementType.BF16) {
        own.add(hex(device.download(tensors.master(i))));
      }
      for (int k = 0; k < tensors.states(); k++) {
        own.add(hex(device.download(tensors.state(i, k))));
      }
      all.add(own);
    }
    return all;
  }

  private static JsonObject hyperparameters(Optimizer rule) {
    JsonObject object = new JsonObject();
    for (Map.Entry<String, Double> one : Optimizers.hyperparameters(rule).entrySet()) {
      object.addProperty(one.getKey(), Double.toHexString(one.getValue()));
    }
    return object;
  }

  private static Group group(JsonElement element) {
    JsonObject object = element.getAsJsonObject();
    return new Group(
            VectorOperations.number(object, "lr_factor"),
            VectorOperations.number(object, "l1"),
            VectorOperations.number(object, "l2"),
            VectorOperations.number(object, "weight_decay"))
        .withProximal(object.has("proximal"));
  }
}
