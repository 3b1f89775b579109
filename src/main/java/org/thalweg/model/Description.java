package org.thalweg.model;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Datasets.Shape;
import org.thalweg.loss.Loss;

/**
 * What it takes to use a model on rows as they come; a {@link ModelFile} holds it beside the model.
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
  /** Keeps its own list. */
  public Description {
    classes = List.copyOf(classes);
  }
}
