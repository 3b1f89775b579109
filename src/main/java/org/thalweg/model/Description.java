package org.thalweg.model;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Datasets.Shape;
import org.thalweg.data.Schema;
import org.thalweg.loss.Loss;

/**
 * What is needed to apply a model to rows as they were read; a {@link ModelFile} stores it with the
 * model.
 *
 * @param classes the names of the classes
 * @param shape the size of the picture that a row is; null if it is none
 * @param scaling of the features
 * @param loss what the model was trained with
 * @param schema the columns of the CSV file that it was trained on; null if it was another
 * @param zeroBased whether it was trained on a LIBSVM file whose indices begin at 0
 */
public record Description(
    List<String> classes,
    @Nullable Shape shape,
    Scaling scaling,
    Loss loss,
    @Nullable Schema schema,
    boolean zeroBased) {
  /** Of a model that was not trained on a CSV file. */
  public Description(List<String> classes, @Nullable Shape shape, Scaling scaling, Loss loss) {
    this(classes, shape, scaling, loss, null, false);
  }

  /** Keeps its own list. */
  public Description {
    classes = List.copyOf(classes);
  }
}
