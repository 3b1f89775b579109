package org.thalweg.tools;

import static org.thalweg.tools.VectorOperations.bytes;
import static org.thalweg.tools.VectorOperations.integer;
import static org.thalweg.tools.VectorOperations.number;
import static org.thalweg.tools.VectorOperations.object;
import static org.thalweg.tools.VectorOperations.type;
import static org.thalweg.tools.Vectors.hex;
import static org.thalweg.tools.Vectors.integers;
import static org.thalweg.tools.Vectors.numbers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.minimize.ClassifierObjective;
import org.thalweg.model.Description;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.ModelFile;
import org.thalweg.model.Normalisation;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Optimizers;
import org.thalweg.train.Initialisation;
import org.thalweg.train.Schedule;
import org.thalweg.train.Score;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/** Of the operations, those that take a data set or a model. */
final class VectorTrainings {
  private VectorTrainings() {}

  private static Dataset data(JsonObject in) {
    double[] values = numbers(in.get("values"));
    int[] labels = integers(in.get("labels"));
    int features = integer(in, "features");
    int classes = integer(in, "classes");
    if (in.get("stored").getAsString().equals("U8")) {
      return new Dataset(bytes(values), labels, features, classes, number(in, "scale"));
    }
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return new Dataset(new Dataset.Floats(floats), labels, features, classes);
  }

  static JsonObject objective(Device device, JsonObject in, JsonObject with) {
    ElementType type = type(with);
    Loss loss = Losses.parse(with.get("loss").getAsString());
    Dataset data = data(in);
    Scaling scaling = normalisation(with.get("centred")).of(data);
    double l1 = number(with, "l1");
    double l2 = number(with, "l2");
    double[] weights = numbers(in.get("weights"));
    try (ClassifierObjective objective =
            new ClassifierObjective(device, data, loss, type, l1, l2, scaling);
        Array w = device.of(type, weights);
        Array v = device.of(type, numbers(in.get("direction")));
        Array gradient = device.allocate(type, weights.length);
        Array product = device.allocate(type, weights.length)) {
      JsonObject out = object("value", hex(objective.gradient(w, gradient)));
      out.add("gradient", hex(device.download(gradient)));
      if (objective.twiceDifferentiable()) {
        objective.hessianTimes(w, v, product);
        out.add("hessian_product", hex(device.download(product)));
      }
      return out;
    }
  }

  static JsonObject initialisation(Device device, JsonObject in, JsonObject with) {
    Settings settings =
        Settings.DEFAULT
            .withSeed(integer(in, "seed"))
            .withInitialisation(Initialisation.valueOf(with.get("initialisation").getAsString()))
            .withInitScale(number(with, "scale"));
    try (LinearClassifier model =
        new LinearClassifier(device, type(with), integer(in, "features"), integer(in, "classes"))) {
      settings.initialise(model);
      return object("weights", hex(model.weights()));
    }
  }

  static JsonObject training(Device device, JsonObject in, JsonObject with) {
    Dataset data = data(in);
    Settings settings =
        Settings.DEFAULT
            .withOptimizer(Optimizers.parse(with.get("optimizer").getAsString()))
            .withLoss(Losses.parse(with.get("loss").getAsString()))
            .withType(type(with))
            .withBatch(integer(with, "batch"))
            .withEpochs(integer(with, "epochs"))
            .withL1(number(with, "l1"))
            .withL2(number(with, "l2"))
            .withWeightDecay(number(with, "weight_decay"))
            .withClipNorm(number(with, "clip_norm"))
            .withSchedule(
                Schedule.parse(with.get("schedule").getAsString())
                    .withWarmup(integer(with, "warmup")))
            .withInitialisation(Initialisation.valueOf(with.get("initialisation").getAsString()))
            .withInitScale(number(with, "init_scale"))
            .withNormalisation(normalisation(with.get("centre")))
            .withSeed(integer(with, "seed"));
    JsonObject out = new JsonObject();
    JsonArray epochs = new JsonArray();
    try (Trainer trainer = new Trainer(device, data, settings)) {
      trainer.train(epoch -> epochs.add(hex(epoch.loss(), epoch.accuracy(), epoch.lr())));
      LinearClassifier model = trainer.model();
      out.add("epochs", epochs);
      out.add("weights", hex(model.weights()));
      out.add("bias", hex(device.download(model.parameters().get(LinearClassifier.BIAS).value())));
      out.addProperty("weights_crc32", "%08x".formatted(model.crc32()));
      out.addProperty("data_crc32", "%08x".formatted(data.crc32()));
      Score score = trainer.score(data);
      out.add("score", hex(score.loss(), score.accuracy()));
      out.add("objective", hex(score.loss() + trainer.penalty()));
      out.addProperty("model_file", file(model, data, settings));
    }
    return out;
  }

  private static Normalisation normalisation(JsonElement centre) {
    return centre.getAsBoolean() ? Normalisation.CENTRE : Normalisation.NONE;
  }

  /** The bytes of the model's file, in hexadecimal. */
  private static String file(LinearClassifier model, Dataset data, Settings settings) {
    List<String> names = IntStream.range(0, data.classes()).mapToObj(Integer::toString).toList();
    Scaling scaling = settings.normalisation().of(data);
    Description description = new Description(names, null, scaling, settings.loss());
    try {
      Path file = Files.createTempFile("vectors", ".safetensors");
      try {
        ModelFile.save(model, file, description, true);
        return HexFormat.of().formatHex(Files.readAllBytes(file));
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
