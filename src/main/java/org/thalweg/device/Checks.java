package org.thalweg.device;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.thalweg.loss.Loss;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Require;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Rounding;

/** Checks of arguments. A message says what was wrong, what was found and what is allowed. */
public final class Checks {
  /** A chunk of chunks, for which the shared memory of the loss kernels is sized. */
  private static final int MAX_CLASSES = 1 << 20;

  private Checks() {}

  public static void type(String what, Array array, ElementType type) {
    Require.that(array.type() == type, "%s must be %s, not %s", what, type, array.type());
  }

  public static void count(String what, Array array, long count) {
    Require.that(
        array.count() == count, "%s must have %d elements, not %d", what, count, array.count());
  }

  /** Checks that all have the same floating-point type; null entries are ignored. */
  public static void sameType(Array first, @Nullable Array... others) {
    ElementType type = first.type();
    computed(type);
    for (Array other : others) {
      if (other != null) {
        type("each operand", other, type);
      }
    }
  }

  /** Checks that arithmetic is done in this type: F32 or F64. */
  static void computed(ElementType type) {
    Require.that(type.computed() == type, "%s is storage: only updates and clip read it", type);
  }

  /** Checks that the buffer has room for the whole array. */
  public static void room(Array array, ByteBuffer buffer) {
    long bytes = array.count() * array.type().bytes();
    if (buffer.remaining() < bytes) {
      throw new IllegalArgumentException(
          "%d %s need a buffer with %d bytes left, not %d"
              .formatted(array.count(), array.type(), bytes, buffer.remaining()));
    }
  }

  /** Checks that no step is being recorded, which cannot contain allocations, copies or runs. */
  public static void notRecording(boolean recording) {
    if (recording) {
      throw new IllegalStateException(
          "while a step is recorded, nothing may be allocated, copied, run or recorded");
    }
  }

  public static void gather(
      Rows rows, Array order, Steps steps, int firstColumn, Array x, Array y) {
    type("order", order, ElementType.I32);
    type("labels", y, ElementType.I32);
    count("minibatch", x, y.count() * rows.features());
    type("minibatch", x, steps.type());
    if (rows.values().type() == ElementType.F64) {
      type("minibatch of F64 values", x, ElementType.F64);
    }
    if (rows.affine() != null) {
      type("factors and what is added", rows.affine(), x.type());
    }
    Objects.checkIndex(firstColumn, steps.columns());
  }

  public static void gather(
      SparseMatrix rows,
      Array labels,
      Array order,
      Steps steps,
      int firstColumn,
      Array ranges,
      Array y) {
    type("order", order, ElementType.I32);
    type("labels", labels, ElementType.I32);
    count("labels", labels, rows.rows());
    type("labels", y, ElementType.I32);
    type("ranges", ranges, ElementType.I32);
    count("ranges", ranges, 2 * y.count());
    apart("ranges", ranges, rows.ranges());
    Objects.checkIndex(firstColumn, steps.columns());
  }

  /** Checks that what is written overlaps nothing that is read; null entries are ignored. */
  public static void apart(String what, @Nullable Array written, @Nullable Array... read) {
    for (Array other : read) {
      if (written != null && other != null && written.overlaps(other)) {
        throw new IllegalArgumentException(
            "the %s overlaps what is read: they share elements of one array".formatted(what));
      }
    }
  }

  /** Checks that vectors have one floating-point type and length, and their result enough room. */
  public static void dot(Array x, Array y, Array out) {
    sameType(x, y);
    count("second vector", y, x.count());
    type("result", out, ElementType.F64);
    if (out.count() < Device.dotRoom(x.count())) {
      throw new IllegalArgumentException(
          "the result for %d elements must have at least %d elements, not %d"
              .formatted(x.count(), Device.dotRoom(x.count()), out.count()));
    }
    apart("result", out, x, y);
  }

  public static void axpy(Array x, Array y) {
    sameType(x, y);
    count("vector that is added to", y, x.count());
    if (x != y) {
      apart("vector that is added to", y, x);
    }
  }

  /** Returns the number of columns. */
  public static int scaleRows(Array factors, Array x) {
    sameType(factors, x);
    if (factors.count() == 0 || x.count() % factors.count() != 0) {
      throw new IllegalArgumentException(
          "%d elements are not rows with %d factors".formatted(x.count(), factors.count()));
    }
    apart("rows", x, factors);
    return Math.toIntExact(x.count() / factors.count());
  }

  public static void copy(Array from, Array to) {
    type("copy", to, from.type());
    count("copy", to, from.count());
    apart("copy", to, from);
  }

  /** Returns the number of classes. */
  public static int loss(
      Array scores, Array labels, Array gradient, Array rowLoss, Array rowCorrect) {
    sameType(scores, gradient, rowLoss);
    type("labels", labels, ElementType.I32);
    type("right rows", rowCorrect, ElementType.I32);
    count("gradient", gradient, scores.count());
    count("right rows", rowCorrect, rowLoss.count());
    return classes(scores, labels, rowLoss.count());
  }

  /** Returns the number of classes. */
  public static int lossHessian(
      Loss loss, Array scores, Array labels, long rows, Array direction, Array out) {
    Require.that(loss.twiceDifferentiable(), "%s has no second derivative", loss);
    sameType(scores, direction, out);
    type("labels", labels, ElementType.I32);
    count("direction", direction, scores.count());
    count("product", out, scores.count());
    apart("product", out, scores);
    if (out != direction) {
      apart("product", out, direction);
    }
    return classes(scores, labels, rows);
  }

  private static int classes(Array scores, Array labels, long rows) {
    long classes = rows == 0 ? 1 : scores.count() / rows;
    if (classes * rows != scores.count() || classes < 1 || classes > MAX_CLASSES) {
      throw new IllegalArgumentException(
          "%d scores are not %d rows of 1 to %d classes"
              .formatted(scores.count(), rows, MAX_CLASSES));
    }
    if (rows > 0 && (labels.count() == 0 || rows % labels.count() != 0)) {
      throw new IllegalArgumentException(
          "%d labels do not fit %d rows".formatted(labels.count(), rows));
    }
    return (int) classes;
  }

  /** Returns the number of rows of each model. */
  public static int tally(Array rowLoss, Array rowCorrect, Steps steps) {
    type("row losses", rowLoss, steps.type());
    type("right rows", rowCorrect, ElementType.I32);
    count("right rows", rowCorrect, rowLoss.count());
    if (rowLoss.count() % steps.models() != 0) {
      throw new IllegalArgumentException(
          "%d rows do not fit %d models".formatted(rowLoss.count(), steps.models()));
    }
    return Math.toIntExact(rowLoss.count() / steps.models());
  }

  /**
   * Checks that all have one type: one kernel updates them, and their state lies in one piece of
   * memory; and that no value is updated twice, or while it is read as a gradient.
   */
  public static void tensors(List<Parameter> parameters, int states) {
    if (states < 0 || states > Tensors.MAX_STATES) {
      throw new IllegalArgumentException(
          "state arrays must be 0 to %d for each parameter: %d"
              .formatted(Tensors.MAX_STATES, states));
    }
    for (int i = 0; i < parameters.size(); i++) {
      Array value = parameters.get(i).value();
      type("each parameter", value, parameters.get(0).value().type());
      for (int k = 0; k < parameters.size(); k++) {
        Parameter other = parameters.get(k);
        boolean values = k < i && value.overlaps(other.value());
        Require.that(
            !values && !value.overlaps(other.gradient()),
            "parameter %d (from 0): its value shares elements with the %s of parameter %d",
            i,
            values ? "value" : "gradient",
            k);
      }
    }
  }

  public static void update(Optimizer rule, Tensors tensors, Steps steps, int column) {
    if (rule.states() != 0 && tensors.states() != rule.states()) {
      throw new IllegalArgumentException(
          "%s keeps %d state arrays for each parameter, these tensors have %d"
              .formatted(rule.name(), rule.states(), tensors.states()));
    }
    for (Parameter parameter : tensors.parameters()) {
      ElementType type = parameter.value().type();
      computedIn(type, steps);
      int first = column + (type == ElementType.BF16 ? Rounding.COLUMNS : 0);
      Objects.checkFromIndexSize(
          first + parameter.group() * Group.columns(rule), Group.columns(rule), steps.columns());
    }
  }

  public static void clip(Tensors tensors, Steps steps, int column) {
    for (Parameter parameter : tensors.parameters()) {
      computedIn(parameter.value().type(), steps);
    }
    Objects.checkIndex(column, steps.columns());
  }

  private static void computedIn(ElementType type, Steps steps) {
    if (type.computed() != steps.type()) {
      throw new IllegalArgumentException(
          "%s parameters need a step table of %s, not %s"
              .formatted(type, type.computed(), steps.type()));
    }
  }
}
