package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Many tensors in one array, each off alignment as wanted, with guard elements between them. */
public final class Arena {
  private static final double GUARD = 0x1.8p100; // huge, and the same in both types
  private static final int ALIGNED = 4;

  private final List<double[]> pieces = new ArrayList<>();
  private final List<Integer> starts = new ArrayList<>();
  private int end;

  /** Finds a place for a piece; {@code offset} elements, 0 to 3, off a multiple of four. */
  public void place(double[] values, int offset) {
    int start = end + 1;
    start += Math.floorMod(offset - start, ALIGNED);
    pieces.add(values);
    starts.add(start);
    end = start + values.length;
  }

  /** Everything as it lies in memory. */
  public double[] image() {
    double[] image = new double[end + ALIGNED];
    Arrays.fill(image, GUARD);
    for (int i = 0; i < pieces.size(); i++) {
      System.arraycopy(pieces.get(i), 0, image, starts.get(i), pieces.get(i).length);
    }
    return image;
  }

  /** The place of piece i in an array that holds the image. */
  public Array slice(Array image, int i) {
    return image.slice(starts.get(i), pieces.get(i).length);
  }

  /** Between the pieces nothing has been written. */
  public void checkGuards(double[] image) {
    int at = 0;
    for (int i = 0; i <= pieces.size(); i++) {
      int next = i < pieces.size() ? starts.get(i) : image.length;
      for (; at < next; at++) {
        assertEquals(GUARD, image[at], "guard at %d, before piece %d".formatted(at, i));
      }
      at += i < pieces.size() ? pieces.get(i).length : 0;
    }
  }
}
