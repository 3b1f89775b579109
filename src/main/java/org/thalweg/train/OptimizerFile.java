package org.thalweg.train;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.thalweg.device.Array;
import org.thalweg.model.Safetensors;
import org.thalweg.optim.Optimizer;

/**
 * The file of an optimizer's state, in the safetensors format: {@code state.k.i} and, of BF16
 * parameters, {@code master.i} for the i-th parameter, with the rule and the number of updates. The
 * parameters themselves are the caller's to save.
 */
final class OptimizerFile {
  private static final String FORMAT = "thalweg.optimizer";

  private OptimizerFile() {}

  /**
   * Writes the file.
   *
   * @param updates how many have been applied
   * @param replace whether an existing file is replaced
   * @throws java.nio.file.FileAlreadyExistsException if there is such a file, and it is not to be
   *     replaced
   */
  static void save(OptimizerStep step, Path file, long updates, boolean replace)
      throws IOException {
    Map<String, String> metadata = StateFile.metadata(FORMAT);
    metadata.put("rule", step.rule().name());
    metadata.put("hyperparameters", hyperparameters(step.rule()).toString());
    metadata.put("updates", Long.toString(updates));
    Safetensors.write(file, metadata, StateFile.tensors(step.device(), step.arrays()), replace);
  }

  /**
   * Reads what {@link #save} has written, for the same rule with any learning rate, parameters of
   * the same type and counts in the same order, on any device. A file that does not fit is refused
   * before anything is changed.
   *
   * @return how many updates had been applied
   * @throws IOException if the file is no such file, or does not fit; the message names the file
   *     and the place
   */
  static long load(OptimizerStep step, Path file) throws IOException {
    try (StateFile state = new StateFile(file, FORMAT)) {
      Map<String, String> metadata = state.saved().metadata();
      state.expect("metadata rule", step.rule().name(), metadata.get("rule"));
      JsonElement found = json(metadata.getOrDefault("hyperparameters", ""));
      state.expect(
          "metadata hyperparameters", withoutLr(hyperparameters(step.rule())), withoutLr(found));
      String updates = metadata.getOrDefault("updates", "");
      if (!updates.matches("0|[1-9][0-9]{0,17}")) {
        throw state.wrong("metadata updates", "a number of updates", updates);
      }
      Map<String, Array> arrays = step.arrays();
      state.expect("tensors", arrays.keySet(), state.saved().tensors().keySet());
      state.expectShapes(arrays);
      state.read(step.device(), arrays);
      return Long.parseLong(updates);
    }
  }

  private static JsonElement hyperparameters(Optimizer rule) {
    return new Gson().toJsonTree(rule);
  }

  /** A step takes any learning rate, so it may differ. */
  private static JsonElement withoutLr(JsonElement hyperparameters) {
    if (hyperparameters instanceof JsonObject object) {
      object.remove("lr");
    }
    return hyperparameters;
  }

  /**
   * JSON's null where it is no JSON. Numbers are compared by value: how a double is written has
   * changed in Java 19.
   */
  private static JsonElement json(String text) {
    try {
      return JsonParser.parseString(text);
    } catch (JsonParseException e) {
      return JsonNull.INSTANCE;
    }
  }
}
