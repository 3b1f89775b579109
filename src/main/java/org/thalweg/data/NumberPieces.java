package org.thalweg.data;

import java.util.ArrayList;
import java.util.List;

/**
 * Numbers whose count is not known before. They are kept in pieces, so that none is copied when
 * others come.
 */
final class NumberPieces {
  private static final int FIRST = 1 << 12;
  private static final int PIECE = 1 << 18;

  private final boolean narrow;
  private final List<float[]> floats = new ArrayList<>();
  private final List<double[]> doubles = new ArrayList<>();
  private float[] lastFloats = {};
  private double[] lastDoubles = {};
  private int at; // in the last piece
  private int room; // of the last piece

  /** Numbers that are kept as binary32, which holds them, or as binary64. */
  NumberPieces(boolean narrow) {
    this.narrow = narrow;
  }

  void add(double[] numbers) {
    for (double number : numbers) {
      add(number);
    }
  }

  void add(double number) {
    if (at == room) {
      next();
    }
    if (narrow) {
      lastFloats[at++] = (float) number;
    } else {
      lastDoubles[at++] = number;
    }
  }

  private void next() {
    room = room == 0 ? FIRST : PIECE;
    at = 0;
    if (narrow) {
      lastFloats = new float[room];
      floats.add(lastFloats);
    } else {
      lastDoubles = new double[room];
      doubles.add(lastDoubles);
    }
  }

  /** What is done with each number in turn. */
  interface Use {
    void use(double number);
  }

  void forEach(Use use) {
    int pieces = narrow ? floats.size() : doubles.size();
    for (int i = 0; i < pieces; i++) {
      int n = i < pieces - 1 ? (i == 0 ? FIRST : PIECE) : at;
      for (int j = 0; j < n; j++) {
        use.use(narrow ? floats.get(i)[j] : doubles.get(i)[j]);
      }
    }
  }

  /** All numbers, which are doubles, in one array. */
  double[] toDoubles(int n) {
    double[] all = new double[n];
    int to = 0;
    for (double[] piece : doubles) {
      int length = Math.min(piece.length, n - to);
      System.arraycopy(piece, 0, all, to, length);
      to += length;
    }
    return all;
  }

  /** All numbers, which are floats, in one array. */
  float[] toFloats(int n) {
    float[] all = new float[n];
    int to = 0;
    for (float[] piece : floats) {
      int length = Math.min(piece.length, n - to);
      System.arraycopy(piece, 0, all, to, length);
      to += length;
    }
    return all;
  }
}
