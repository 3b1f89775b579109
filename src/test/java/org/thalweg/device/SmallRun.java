package org.thalweg.device;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;

/**
 * A training in miniature: 24 rows of 5 features, 3 classes, 4 minibatches to a pass, one recorded
 * step.
 */
public final class SmallRun implements AutoCloseable {
  public static final int BATCHES = 4;
  public static final int CLASSES = 3;

  private static final int ROWS = 24;
  private static final int BATCH = ROWS / BATCHES;
  private static final int FEATURES = 5;
  private static final int FIRST_ROW = 0;
  private static final int NUMBERS = 1;

  public final Steps steps;
  public final Array weights;
  public final Array labels;
  public final Program program;
  private final Device device;
  private final Optimizer rule;
  private final Rows rows;
  private final Array order;
  private final Array x;
  private final Array y;
  private final Array scores;
  private final Array rowLoss;
  private final Array right;
  final Array gradient;
  private final Tensors tensors;
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();

  public SmallRun(Device device, ElementType type, Optimizer rule) {
    this.device = device;
    this.rule = rule;
    Random random = new Random(7);
    byte[] bytes = new byte[ROWS * FEATURES];
    random.nextBytes(bytes);
    Array pixels = own(device.allocate(ElementType.U8, bytes.length));
    device.upload(pixels, ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
    labels = own(device.of(random.ints(ROWS, 0, CLASSES).toArray()));
    rows = new Rows(pixels, labels, FEATURES, 1.0 / 255);
    order = own(device.of(random.ints(ROWS, 0, ROWS).toArray()));
    weights = own(device.of(type, Values.normal(random, FEATURES * CLASSES, 0.1)));
    gradient = own(device.allocate(type, FEATURES * CLASSES));
    x = own(device.allocate(type, BATCH * FEATURES));
    y = own(device.allocate(ElementType.I32, BATCH));
    scores = own(device.allocate(type, BATCH * CLASSES));
    rowLoss = own(device.allocate(type, BATCH));
    right = own(device.allocate(ElementType.I32, BATCH));
    tensors = own(device.tensors(List.of(new Parameter(weights, gradient, 0)), rule.states()));
    steps = own(new Steps(device, type, NUMBERS + Group.columns(rule), BATCHES, 1));
    program = own(record());
  }

  private <T extends AutoCloseable> T own(T resource) {
    owned.push(resource);
    return resource;
  }

  /** The whole step, once more. */
  public Program record() {
    return device.record(
        steps,
        () -> {
          device.gather(rows, order, steps, FIRST_ROW, x, y);
          Optimizer move = rule.lookAhead();
          if (move != null) {
            device.update(move, tensors, steps, NUMBERS);
          }
          device.multiply(Product.of(BATCH, CLASSES, FEATURES), x, weights, null, scores);
          device.loss(new SoftmaxCrossEntropy(), scores, y, 1.0 / BATCH, scores, rowLoss, right);
          device.tally(rowLoss, right, steps);
          device.multiplyTransposed(
              Product.of(FEATURES, CLASSES, BATCH), x, scores, gradient, null);
          device.update(rule, tensors, steps, NUMBERS);
        });
  }

  /** Refills the table for a pass whose first update is number t, and starts it. */
  public void start(double lr, long t) {
    for (int i = 0; i < BATCHES; i++) {
      fill(i, lr, t + i);
    }
    steps.start();
  }

  /** Refills one row. */
  public void fill(int row, double lr, long t) {
    steps.integer(row, FIRST_ROW, (long) row * BATCH);
    steps.numbers(row, NUMBERS, Group.PLAIN.numbers(rule, steps.type(), lr, t, 1));
  }

  /** Weights and state. */
  public List<double[]> result() {
    List<double[]> result = new ArrayList<>();
    result.add(device.download(weights));
    for (int k = 0; k < rule.states(); k++) {
      result.add(device.download(tensors.state(0, k)));
    }
    return result;
  }

  @Override
  public void close() {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }
}
