package org.thalweg.device;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;

/** Checks at the door: what was wrong, what was found, what is allowed. */
public final class Checks {
  /** Two levels of chunks: what the loss kernels' shared memory is sized for. */
  private static final int MAX_CLASSES = 1 << 20;

  private Checks() {}

  public static void type(String what, Array array, ElementType type) {
    if (array.type() != type) {
      throw new IllegalArgumentException(
          "%s must be %s, not %s".formatted(what, type, array.type()));
    }
  }

  public static void count(String what, Array array, long count) {
    if (array.count() != count) {
      throw new IllegalArgumentException(
          "%s must have %d elements, not %d".formatted(what, count, array.count()));
    }
  }

  /** All of one floating-point type; null entries are passed over. */
  public static void sameType(Array first, @Nullable Array... others) {
    first.type().suffix();
    for (Array other : others) {
      if (other != null) {
        type("each operand", other, first.type());
      }
    }
  }

  /** A result that is written while the operands are read; null entries are passed over. */
  public static void apart(String what, @Nullable Array result, @Nullable Array... operands) {
    for (Array operand : operands) {
      if (result != null && operand != null && result.overlaps(operand)) {
        throw new IllegalArgumentException(
            "%s must not overlap with an operand: they share elements of one array"
                .formatted(what));
      }
    }
  }

  /** The buffer takes the whole array. */
  public static void room(Array array, ByteBuffer buffer) {
    long bytes = array.count() * array.type().bytes();
    if (!buffer.isDirect() || buffer.remaining() < bytes) {
      throw new IllegalArgumentException(
          "%d %s need a direct buffer with %d bytes left, not a %s one with %d"
              .formatted(
                  array.count(),
                  array.type(),
                  bytes,
                  buffer.isDirect() ? "direct" : "heap",
                  buffer.remaining()));
    }
  }

  /** Only operations are recorded: no allocation, copy or run. */
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
    Objects.checkIndex(firstColumn, steps.columns());
  }

  /** Returns the number of classes. */
  public static int loss(
      Array scores, Array labels, Array gradient, Array rowLoss, Array rowCorrect) {
    sameType(scores, gradient, rowLoss);
    type("labels", labels, ElementType.I32);
    type("right rows", rowCorrect, ElementType.I32);
    count("gradient", gradient, scores.count());
    count("right rows", rowCorrect, rowLoss.count());
    long rows = rowLoss.count();
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

  /** All of one type: they are updated by one kernel, and their state lies in one piece of memory. */
  public static void tensors(List<Parameter> parameters, int states) {
    if (states < 0 || states > Tensors.MAX_STATES) {
      throw new IllegalArgumentException(
          "state arrays must be 0 to %d for each parameter: %d"
              .formatted(Tensors.MAX_STATES, states));
    }
    for (Parameter parameter : parameters) {
      type("each parameter", parameter.value(), parameters.get(0).value().type());
    }
  }

  public static void update(Optimizer rule, Tensors tensors, Steps steps, int column) {
    if (tensors.states() != rule.states()) {
      throw new IllegalArgumentException(
          "%s keeps %d state arrays for each parameter, these tensors have %d"
              .formatted(rule.name(), rule.states(), tensors.states()));
    }
    for (Parameter parameter : tensors.parameters()) {
      type("parameter", parameter.value(), steps.type());
      Objects.checkFromIndexSize(
          column + parameter.group() * Group.columns(rule), Group.columns(rule), steps.columns());
    }
  }
}
