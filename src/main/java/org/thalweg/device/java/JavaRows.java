package org.thalweg.device.java;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** {@code device.Rows}, of arrays of the Java device. */
record JavaRows(
    JavaArray values, JavaArray labels, int features, double scale, @Nullable JavaArray affine) {
  /** Gathers a minibatch. */
  interface Gather {
    /**
     * Runs it.
     *
     * @param first the place in the order of the minibatch's first row
     */
    void run(int first);
  }

  /**
   * Allocates buffers for each thread.
   *
   * @param x receives features
   * @param y receives labels
   * @param vectors whether bytes are scaled by the Vector API
   */
  Gather gather(Workers workers, JavaArray order, JavaArray x, JavaArray y, boolean vectors) {
    int n = (int) y.count();
    JavaGather[] parts = new JavaGather[workers.threads()];
    int most = (n + parts.length - 1) / parts.length;
    Arrays.setAll(parts, part -> new JavaGather(this, x, most, vectors));
    return first ->
        workers.forEach(
            parts.length,
            x.count() / parts.length,
            (begin, end) -> {
              for (int part = begin; part < end; part++) {
                int from = (int) ((long) n * part / parts.length);
                int until = (int) ((long) n * (part + 1) / parts.length);
                for (int row = from; row < until; row++) {
                  int label = labels.ints()[labels.at() + order.ints()[first + row]];
                  y.ints()[y.at() + row] = label;
                }
                parts[part].run(values, order.ints(), first, from, until);
              }
            });
  }
}
