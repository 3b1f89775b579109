package org.thalweg.train;

import org.thalweg.device.ElementType;
import org.thalweg.loss.Loss;
import org.thalweg.optim.Optimizer;

/**
 * How to train.
 *
 * @param optimizer the rule, with its learning rate
 * @param loss what a row costs
 * @param type F32 or F64
 * @param batch rows of a minibatch; the last one of an epoch is smaller where they do not divide
 * @param epochs passes through the training rows
 * @param l2 lambda: the objective is the mean loss plus lambda times the sum of the squared weights
 * @param seed of the first weights and of each epoch's order
 */
public record Settings(
    Optimizer optimizer, Loss loss, ElementType type, int batch, int epochs, double l2, long seed) {
  /** Checks the numbers. */
  public Settings {
    if (batch < 1) {
      throw new IllegalArgumentException("batch must be at least 1: " + batch);
    }
    if (epochs < 0) {
      throw new IllegalArgumentException("epochs must be at least 0: " + epochs);
    }
    if (!(l2 >= 0 && l2 < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("l2 must be finite and at least 0: " + l2);
    }
  }
}
