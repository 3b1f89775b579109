package org.thalweg.model;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Datasets.Shape;
import org.thalweg.loss.Loss;

/**
 * What is needed to apply a model to rows as they were read; a {@link ModelFile} stores it with the
 * model.
 *
 * @param classes the names of the classes
 * @param shape the size of the picture that a row is; null if it is none
 * @param scaling of the features
 * @param loss what the model was trained with
 */
public record Description(List<String> classes, @Nullable Shape shape, Scaling scaling, Loss loss) {
  /** Keeps its own list. */
  public Description {
    classes = List.copyOf(classes);
  }
}
