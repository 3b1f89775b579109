package org.thalweg.model;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Datasets.Shape;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;

/**
 * What it takes to use a model on rows as they come: it lies in the model's file, as metadata and
 * as the tensor named "mean".
 *
 * @param classes their names
 * @param shape what a row is a picture of; null where it is none
 * @param scale what a value is multiplied by
 * @param means of each feature, subtracted after that; null for none
 * @param loss what the model was trained with
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Description(
    List<String> classes,
    @Nullable Shape shape,
    double scale,
    double @Nullable [] means,
    Loss loss) {
  private static final Gson JSON = new Gson();
  private static final String MEAN = "mean";

  /** Keeps its own list. */
  public Description {
    classes = List.copyOf(classes);
  }

  /**
   * Reads that of a model file; what the file does not say is: classes 0, 1, .., no picture, scale
   * 1, no means, softmax.
   *
   * @throws IOException if the file is no model; the message names it and the place
   */
  public static Description load(Path file) throws IOException {
    try (Safetensors tensors = new Safetensors(file)) {
      Size size = Size.of(file, tensors);
      Metadata metadata = new Metadata(file, tensors.metadata());
      return new Description(
          metadata.has("classes")
              ? metadata.get("classes", json -> classes(json, size.classes))
              : IntStream.range(0, size.classes).mapToObj(Integer::toString).toList(),
          metadata.has("shape") ? metadata.get("shape", json -> shape(json, size.features)) : null,
          metadata.has("scale") ? metadata.get("scale", Description::scale) : 1,
          tensors.tensors().containsKey(MEAN) ? means(file, tensors, size.features) : null,
          metadata.has("loss") ? metadata.get("loss", Losses::parse) : new SoftmaxCrossEntropy());
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

  private static double scale(String text) {
    double scale = Double.parseDouble(text);
    require(Double.isFinite(scale));
    return scale;
  }

  private static void require(boolean condition) {
    if (!condition) {
      throw new IllegalArgumentException();
    }
  }

  private static double[] means(Path file, Safetensors tensors, int features) throws IOException {
    Safetensors.Entry entry = Objects.requireNonNull(tensors.tensors().get(MEAN));
    if (!entry.dtype().equals("F64") || !entry.shape().equals(List.of((long) features))) {
      throw new IOException(
          "%s: tensor mean is %s %s, not F64 [%d]"
              .formatted(file, entry.dtype(), entry.shape(), features));
    }
    double[] means = new double[features];
    tensors.read(
        MEAN,
        (at, piece) ->
            piece
                .asDoubleBuffer()
                .get(means, (int) (at / Double.BYTES), piece.remaining() / Double.BYTES));
    return means;
  }

  Map<String, String> metadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", "thalweg linear classifier");
    metadata.put("classes", JSON.toJson(classes));
    if (shape != null) {
      metadata.put(
          "shape", JSON.toJson(new int[] {shape.width(), shape.height(), shape.channels()}));
    }
    metadata.put("scale", Double.toString(scale));
    metadata.put("loss", Losses.text(loss));
    return metadata;
  }

  Map<String, Safetensors.Tensor> tensors() {
    double[] means = this.means;
    if (means == null) {
      return Map.of();
    }
    return Map.of(
        MEAN,
        new Safetensors.Tensor(
            ElementType.F64,
            List.of((long) means.length),
            (at, piece) ->
                piece
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asDoubleBuffer()
                    .put(means, (int) (at / Double.BYTES), piece.remaining() / Double.BYTES)));
  }

  /** What the tensors {@code weight} and {@code bias} of a file are. */
  record Size(ElementType type, int features, int classes) {
    static Size of(Path file, Safetensors tensors) throws IOException {
      Safetensors.Entry weight = tensors.tensors().get("weight");
      Safetensors.Entry bias = tensors.tensors().get("bias");
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
            "%s: weight is %s %s and bias %s %s, not [features, classes] and [classes] of F32 or F64"
                .formatted(file, weight.dtype(), shape, bias.dtype(), bias.shape()));
      }
      return new Size(
          ElementType.valueOf(weight.dtype()), shape.get(0).intValue(), shape.get(1).intValue());
    }
  }
}
