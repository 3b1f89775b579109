package org.thalweg.device.java;

import java.util.List;
import org.thalweg.numeric.Exact;
import org.thalweg.numeric.Philox;

/**
 * A tensor of {@link JavaDevice} with the state of its updates.
 *
 * @param value the parameter as the caller has it
 * @param master what is updated: the parameter itself, or if that is BF16, its copy in F32
 * @param gradient of the value's type
 * @param group of the parameter
 * @param states as many as the rule has, whole arrays
 */
record JavaTensor(
    JavaArray value, JavaArray master, JavaArray gradient, int group, List<JavaArray> states) {
  /** Restores the parameter that a rule that looks ahead has moved. */
  void goBack() {
    JavaArray place = states.get(states.size() - 1);
    System.arraycopy(place.data(), 0, master.data(), master.at(), (int) master.count());
  }

  /**
   * Rounds the master to the value, which is BF16.
   *
   * @param key of this update's rounding, 0 to nearest
   * @param index of the tensor
   */
  void round(Workers workers, long key, int index) {
    float[] w = master.floats();
    short[] copy = value.shorts();
    workers.forEach(
        (int) master.count(),
        8,
        (from, to) -> {
          int[] block = new int[4];
          for (int i = from; i < to; i++) {
            if (key == 0) {
              copy[value.at() + i] = Exact.bf16(w[i]);
            } else {
              if (i == from || i % 4 == 0) {
                Philox.block(key, index, i / 4, block);
              }
              copy[value.at() + i] = Exact.bf16Stochastic(w[i], block[i % 4]);
            }
          }
        });
  }

  /** Closes what belongs to the update: states and a master that is not the parameter. */
  void close() {
    states.forEach(JavaArray::close);
    if (!master.equals(value)) {
      master.close();
    }
  }
}
