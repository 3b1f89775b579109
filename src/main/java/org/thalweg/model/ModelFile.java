package org.thalweg.model;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Datasets.Shape;
import org.thalweg.data.SafetensorsHeader;
import org.thalweg.data.Schema;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;

/**
 * The file of a classifier, in the safetensors format: the tensors {@code weight} [features ×
 * classes] and {@code bias} [classes], and what it takes to use them, as metadata and as the
 * tensors {@code mean} and {@code deviation} [features].
 */
public final class ModelFile {
  private static final Gson JSON = new Gson();
  private static final String WEIGHT = "weight";
  private static final String BIAS = "bias";
  private static final String MEAN = "mean";
  private static final String DEVIATION = "deviation";
  private static final String ZERO_BASED = "zero_based";

  private ModelFile() {}

  /**
   * Writes a model without a description.
   *
   * @throws java.nio.file.FileAlreadyExistsException if there is such a file
   */
  public static void save(LinearClassifier model, Path file) throws IOException {
    Safetensors.write(file, Map.of(), tensors(model), false);
  }

  /**
   * Writes a model with its description.
   *
   * @param replace whether an existing file is replaced
   * @throws java.nio.file.FileAlreadyExistsException if there is such a file, and it is not to be
   *     replaced
   */
  public static void save(
      LinearClassifier model, Path file, Description description, boolean replace)
      throws IOException {
    Map<String, Safetensors.Tensor> tensors = tensors(model);
    put(tensors, MEAN, description.scaling().means());
    put(tensors, DEVIATION, description.scaling().deviations());
    Safetensors.write(file, metadata(description), tensors, replace);
  }

  private static void put(
      Map<String, Safetensors.Tensor> tensors, String name, double @Nullable [] values) {
    if (values != null) {
      tensors.put(name, Safetensors.Tensor.of(values, values.length));
    }
  }

  private static Map<String, Safetensors.Tensor> tensors(LinearClassifier model) {
    Device device = model.device();
    int features = model.features();
    int classes = model.classes();
    Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
    tensors.put(WEIGHT, Safetensors.Tensor.of(device, model.weight(), features, classes));
    tensors.put(BIAS, Safetensors.Tensor.of(device, model.bias(), classes));
    return tensors;
  }

  private static Map<String, String> metadata(Description description) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", "thalweg linear classifier");
    metadata.put("classes", JSON.toJson(description.classes()));
    Shape shape = description.shape();
    if (shape != null) {
      metadata.put(
          "shape", JSON.toJson(new int[] {shape.width(), shape.height(), shape.channels()}));
    }
    metadata.put("scale", Double.toString(description.scaling().scale()));
    metadata.put("loss", Losses.text(description.loss()));
    Schema schema = description.schema();
    if (schema != null) {
      metadata.put("columns", JSON.toJson(schema));
    }
    if (description.zeroBased()) {
      metadata.put(ZERO_BASED, "true");
    }
    return metadata;
  }

  /**
   * Reads weights and bias from a file that {@code save} has written, or any other in the format
   * with these two tensors.
   *
   * @throws IOException if the file is no model, is damaged, or holds a NaN or an infinity; the
   *     message names it and the place
   */
  public static LinearClassifier load(Device device, Path file) throws IOException {
    try (Safetensors tensors = new Safetensors(file);
        Owned opening = new Owned()) {
      Size size = Size.of(file, tensors);
      LinearClassifier model =
          opening.add(new LinearClassifier(device, size.type, size.features, size.classes));
      read(file, tensors, WEIGHT, Safetensors.into(device, model.weight()));
      read(file, tensors, BIAS, Safetensors.into(device, model.bias()));
      opening.keep();
      return model;
    }
  }

  /** Reads a tensor of F32 or F64; the first number that is not finite is an error. */
  private static void read(Path file, Safetensors tensors, String name, Safetensors.Piece to)
      throws IOException {
    SafetensorsHeader.Entry entry = Objects.requireNonNull(tensors.tensors().get(name));
    boolean single = entry.dtype().equals("F32");
    int size = single ? Float.BYTES : Double.BYTES;
    List<Long> shape = entry.shape();
    List<String> wrong = new ArrayList<>();
    tensors.read(
        name,
        (at, piece) -> {
          for (int i = 0; i < piece.limit() && wrong.isEmpty(); i += size) {
            double value = single ? piece.getFloat(i) : piece.getDouble(i);
            if (!Double.isFinite(value)) {
              wrong.add(place(shape, (at + i) / size) + " is " + value);
            }
          }
          to.move(at, piece);
        });
    if (!wrong.isEmpty()) {
      throw new IOException(
          "%s: tensor %s: %s; the numbers of a model are finite"
              .formatted(file, name, wrong.get(0)));
    }
  }

  private static String place(List<Long> shape, long index) {
    return shape.size() == 1
        ? "element %d (from 0)".formatted(index)
        : "row %d, column %d (from 0)".formatted(index / shape.get(1), index % shape.get(1));
  }

  /**
   * Reads what is needed to use a model. For what the file lacks the defaults are: classes 0, 1,
   * .., no picture, scale 1, no means and deviations, softmax, no columns, indices from 1.
   *
   * @throws IOException if the file is no model; the message names it and the place
   */
  public static Description describe(Path file) throws IOException {
    try (Safetensors tensors = new Safetensors(file)) {
      Size size = Size.of(file, tensors);
      Metadata metadata = new Metadata(file, tensors.metadata());
      return new Description(
          metadata.has("classes")
              ? metadata.get("classes", json -> classes(json, size.classes))
              : IntStream.range(0, size.classes).mapToObj(Integer::toString).toList(),
          metadata.has("shape") ? metadata.get("shape", json -> shape(json, size.features)) : null,
          new Scaling(
              metadata.has("scale") ? metadata.get("scale", ModelFile::scale) : 1,
              ofFeatures(file, tensors, MEAN, size.features),
              ofFeatures(file, tensors, DEVIATION, size.features)),
          metadata.has("loss") ? metadata.get("loss", Losses::parse) : new SoftmaxCrossEntropy(),
          metadata.has("columns")
              ? metadata.get("columns", json -> schema(json, size.features))
              : null,
          metadata.has(ZERO_BASED) && metadata.get(ZERO_BASED, ModelFile::isTrue));
    }
  }

  /**
   * The type of the weights: F32 or F64.
   *
   * @throws IOException if the file is no model; the message names it and the place
   */
  public static ElementType type(Path file) throws IOException {
    try (Safetensors tensors = new Safetensors(file)) {
      return Size.of(file, tensors).type;
    }
  }

  /**
   * How many features a row has.
   *
   * @throws IOException if the file is no model; the message names it and the place
   */
  public static int features(Path file) throws IOException {
    try (Safetensors tensors = new Safetensors(file)) {
      return Size.of(file, tensors).features;
    }
  }

  /** The metadata of a file as Java values. */
  private record Metadata(Path file, Map<String, String> map) {
    boolean has(String key) {
      return map.containsKey(key);
    }

    <T> T get(String key, Function<String, T> parse) throws IOException {
      String text = map.getOrDefault(key, "");
      try {
        return parse.apply(text);
      } catch (IllegalArgumentException | JsonParseException e) {
        throw new IOException(
            "%s: metadata %s: %s is not what is expected".formatted(file, key, JSON.toJson(text)),
            e);
      }
    }
  }

  private static List<String> classes(String json, int count) {
    String[] names = JSON.fromJson(json, String[].class);
    require(names != null && names.length == count);
    require(Stream.of(names).noneMatch(Objects::isNull));
    return List.of(names);
  }

  private static Shape shape(String json, int features) {
    int[] sizes = JSON.fromJson(json, int[].class);
    require(sizes != null && sizes.length == 3 && IntStream.of(sizes).allMatch(n -> n > 0));
    require((long) sizes[0] * sizes[1] == (double) features / sizes[2]);
    return new Shape(sizes[0], sizes[1], sizes[2]);
  }

  private static Schema schema(String json, int features) {
    Schema schema = JSON.fromJson(json, Schema.class);
    require(schema != null && schema.width() == features);
    return schema;
  }

  private static double scale(String text) {
    double scale = Double.parseDouble(text);
    require(Double.isFinite(scale));
    return scale;
  }

  private static boolean isTrue(String text) {
    require(text.equals("true"));
    return true;
  }

  private static void require(boolean condition) {
    if (!condition) {
      throw new IllegalArgumentException();
    }
  }

  /** A number of each feature, if the file has such a tensor. */
  private static double @Nullable [] ofFeatures(
      Path file, Safetensors tensors, String name, int features) throws IOException {
    SafetensorsHeader.Entry entry = tensors.tensors().get(name);
    if (entry == null) {
      return null;
    }
    if (!entry.dtype().equals("F64") || !entry.shape().equals(List.of((long) features))) {
      throw new IOException(
          "%s: tensor %s is %s %s, not F64 [%d]"
              .formatted(file, name, entry.dtype(), entry.shape(), features));
    }
    double[] values = new double[features];
    read(file, tensors, name, Safetensors.into(values));
    return values;
  }

  /** What the tensors {@code weight} and {@code bias} of a file are. */
  private record Size(ElementType type, int features, int classes) {
    static Size of(Path file, Safetensors tensors) throws IOException {
      SafetensorsHeader.Entry weight = tensors.tensors().get(WEIGHT);
      SafetensorsHeader.Entry bias = tensors.tensors().get(BIAS);
      if (weight == null || bias == null) {
        throw new IOException(
            "%s: no model: it holds the tensors %s, not weight and bias"
                .formatted(file, tensors.tensors().keySet()));
      }
      List<Long> shape = weight.shape();
      boolean known = List.of("F32", "F64").contains(weight.dtype());
      if (!known
          || !bias.dtype().equals(weight.dtype())
          || shape.size() != 2
          || !bias.shape().equals(shape.subList(1, 2))
          || !LinearClassifier.fits(shape.get(0), shape.get(1))) {
        throw new IOException(
            ("%s: weight is %s %s and bias %s %s, not [features, classes] and [classes] of"
                    + " F32 or F64")
                .formatted(file, weight.dtype(), shape, bias.dtype(), bias.shape()));
      }
      return new Size(
          ElementType.valueOf(weight.dtype()), shape.get(0).intValue(), shape.get(1).intValue());
    }
  }
}
