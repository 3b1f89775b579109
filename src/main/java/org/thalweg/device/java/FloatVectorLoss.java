package org.thalweg.device.java;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.thalweg.loss.Hinge;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.Exact;

/**
 * Losses in binary32 by the Vector API: the sequences of {@link org.thalweg.loss} for several rows
 * at once, each in its lane. So a sum over classes adds whole vectors, in the canonical order.
 */
final class FloatVectorLoss implements VectorLoss {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int WIDTH = SPECIES.length();

  /** What a canonical sum calls lanes. */
  private static final int LANES = 32;

  @Override
  public void gradient(
      JavaLoss of, JavaArray d, JavaArray losses, JavaArray correct, int from, int to) {
    Rows rows = new Rows((FloatLoss) of);
    for (int row = from; row < to; row += WIDTH) {
      rows.compute(row, Math.min(WIDTH, to - row), d, losses, correct);
    }
  }

  /** As many rows as a vector has lanes: element {@code j * WIDTH + i} is class j of row i. */
  private static final class Rows {
    private final FloatLoss of;
    private final int end; // of all elements
    private final float[] row; // as it lies in the scores
    private final float[] x; // the scores, and then their gradient
    private final float[] terms; // of a sum
    private final float[] lanes = new float[LANES * WIDTH];
    private final int[] labels = new int[WIDTH]; // -1 where it is no class
    private final float[] scores = new float[WIDTH]; // the labels'
    private final float[] max = new float[WIDTH]; // the largest scores, without NaN
    private final float[] first = new float[WIDTH]; // which classes have them first, or -1
    private final float[] sums = new float[WIDTH];
    private final float[] others = new float[WIDTH]; // other sums

    Rows(FloatLoss of) {
      this.of = of;
      end = of.classes() * WIDTH;
      row = new float[of.classes()];
      x = new float[end];
      terms = new float[end];
    }

    /** Computes n rows from one on. */
    void compute(int from, int n, JavaArray d, JavaArray losses, JavaArray correct) {
      for (int i = 0; i < n; i++) {
        of.read(of.scores(), from + i, row);
        for (int j = 0; j < row.length; j++) {
          x[j * WIDTH + i] = row[j];
        }
        int label = of.label(from + i);
        labels[i] = label >= 0 && label < row.length ? label : -1;
        scores[i] = labels[i] < 0 ? Float.NaN : row[label];
      }
      findLargest();
      for (int i = 0; i < n; i++) {
        int right = labels[i] < 0 ? -1 : first[i] == labels[i] ? 1 : 0;
        correct.ints()[correct.at() + from + i] = right;
      }
      if (of.loss() instanceof SoftmaxCrossEntropy) {
        softmax();
      } else {
        hinge();
      }
      for (int i = 0; i < n; i++) {
        losses.floats()[losses.at() + from + i] = sums[i];
        for (int j = 0; j < row.length; j++) {
          row[j] = x[j * WIDTH + i];
        }
        of.write(row, d, from + i);
      }
    }

    /** Which of two zeros is the largest score makes no difference to what follows. */
    private void findLargest() {
      FloatVector most = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
      FloatVector place = FloatVector.broadcast(SPECIES, -1);
      for (int j = 0; j < end; j += WIDTH) {
        FloatVector score = FloatVector.fromArray(SPECIES, x, j);
        VectorMask<Float> larger = score.compare(VectorOperators.GT, most);
        most = most.blend(score, larger);
        int number = j / WIDTH;
        place = place.blend(number, larger);
      }
      most.intoArray(max, 0);
      place.intoArray(first, 0);
      for (int i = 0; i < WIDTH; i++) {
        for (int j = i; first[i] < 0 && j < end; j += WIDTH) { // all are -Inf or NaN
          first[i] = x[j] == max[i] ? j / WIDTH : -1;
        }
      }
    }

    private void softmax() {
      float keep = of.numbers()[0];
      float share = of.numbers()[1];
      float scale = of.scale();
      // If they are all -Inf, loss and gradient are NaN, whatever is subtracted.
      FloatVector most = FloatVector.fromArray(SPECIES, max, 0);
      for (int j = 0; j < end; j += WIDTH) {
        FloatVector.fromArray(SPECIES, x, j).sub(most).intoArray(terms, j);
      }
      if (share > 0) {
        sum(terms, others);
      }
      VectorExp.exp(terms, end);
      sum(terms, sums);
      FloatVector sum = FloatVector.fromArray(SPECIES, sums, 0);
      for (int j = 0; j < end; j += WIDTH) {
        FloatVector p = FloatVector.fromArray(SPECIES, terms, j).div(sum);
        p.sub(share).mul(scale).intoArray(x, j);
      }
      for (int i = 0; i < WIDTH; i++) {
        if (labels[i] >= 0) {
          int own = labels[i] * WIDTH + i;
          x[own] = (terms[own] / sums[i] - (keep + share)) * scale;
        }
        float below = share * others[i];
        sums[i] = Exact.log(sums[i]) - Math.fma(keep, scores[i] - max[i], below);
      }
    }

    private void hinge() {
      float scale = of.scale();
      FloatVector score = FloatVector.fromArray(SPECIES, scores, 0);
      for (int j = 0; j < end; j += WIDTH) {
        FloatVector margin = FloatVector.fromArray(SPECIES, x, j).sub(score).add(1);
        margin.blend(0, margin.compare(VectorOperators.LE, 0)).intoArray(terms, j);
      }
      for (int i = 0; i < WIDTH; i++) {
        if (labels[i] >= 0) {
          terms[labels[i] * WIDTH + i] = 0;
        }
      }
      if (!(of.loss() instanceof Hinge hinge)) {
        smooth(of.numbers()[0]);
      } else if (hinge.squared()) {
        square();
      } else {
        ramp();
      }
      sum(x, others);
      sum(terms, sums);
      for (int j = 0; j < end; j += WIDTH) {
        FloatVector.fromArray(SPECIES, x, j).mul(scale).intoArray(x, j);
      }
      for (int i = 0; i < WIDTH; i++) {
        // With a single class no margin carries a NaN score of the label.
        float spoiled = Float.isNaN(scores[i]) ? scores[i] : 0;
        if (labels[i] >= 0) {
          x[labels[i] * WIDTH + i] = -(others[i] + spoiled) * scale;
        }
        sums[i] += spoiled;
      }
    }

    // The next three replace margins, which are the terms, by losses, and the scores by slopes.

    private void ramp() {
      for (int j = 0; j < end; j += WIDTH) {
        FloatVector q = FloatVector.fromArray(SPECIES, terms, j);
        q.blend(1, q.compare(VectorOperators.GT, 0)).intoArray(x, j);
      }
    }

    private void square() {
      for (int j = 0; j < end; j += WIDTH) {
        FloatVector q = FloatVector.fromArray(SPECIES, terms, j);
        q.mul(2).intoArray(x, j);
        q.mul(q).intoArray(terms, j);
      }
    }

    private void smooth(float width) {
      for (int j = 0; j < end; j += WIDTH) {
        FloatVector q = FloatVector.fromArray(SPECIES, terms, j);
        FloatVector part = q.div(width);
        VectorMask<Float> inside = q.compare(VectorOperators.LT, width);
        q.blend(1, q.compare(VectorOperators.GT, 0)).blend(part, inside).intoArray(x, j);
        q.sub(width / 2).blend(q.mul(part).div(2), inside).intoArray(terms, j);
      }
    }

    /** The canonical sums over classes, of which one chunk has all. */
    private void sum(float[] of, float[] to) {
      int used = Math.min(LANES * WIDTH, end); // the other lanes are +0, which changes no sum
      Arrays.fill(lanes, 0, used, 0);
      for (int j = 0; j < end; j += WIDTH) {
        int lane = j % (LANES * WIDTH);
        FloatVector sum = FloatVector.fromArray(SPECIES, lanes, lane);
        sum.add(FloatVector.fromArray(SPECIES, of, j)).intoArray(lanes, lane);
      }
      for (int d = LANES / 2 * WIDTH; d >= WIDTH; d /= 2) {
        for (int i = 0; i < d && i + d < used; i += WIDTH) {
          FloatVector upper = FloatVector.fromArray(SPECIES, lanes, i + d);
          FloatVector.fromArray(SPECIES, lanes, i).add(upper).intoArray(lanes, i);
        }
      }
      System.arraycopy(lanes, 0, to, 0, WIDTH);
    }
  }
}
