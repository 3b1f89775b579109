package org.thalweg.device.java;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;
import org.thalweg.device.Product;
import org.thalweg.numeric.Exact;

/**
 * Products in binary32 by the Vector API.
 *
 * <p>A block of the result is computed chunk by chunk along k. The chunk of the right operand is
 * copied to panels, each as wide as a tile, which stay in the nearest cache while the tiles of all
 * rows pass over them. A tile keeps its totals in registers: twelve vectors, enough to hide an
 * fma's latency and few enough for 16 registers. Rows and columns beyond the block's last are
 * computed from other numbers, and nobody reads them.
 */
final class FloatVectorProduct implements VectorProduct {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int WIDTH = SPECIES.length();
  private static final int CHUNK = Exact.PRODUCT_CHUNK;

  /** The rows of a tile of two vectors, and of one. */
  private static final int WIDE_ROWS = 6;

  private static final int NARROW_ROWS = 8;

  /** The most sums in a block, and the most columns: it fits the second cache. */
  private static final int BLOCK = 1 << 16;

  private static final int BLOCK_COLUMNS = 512;

  /** The left operand of the row of ones. */
  private static final float[] ONES = {1};

  @Override
  public void run(JavaProduct p, Workers workers) {
    int rows = p.size().rows() + (p.ones() == null ? 0 : 1);
    int columns = p.size().columns();
    if (p.size().models() == 0 || rows == 0 || columns == 0) {
      return;
    }
    boolean narrow = columns <= WIDTH;
    int panel = narrow ? WIDTH : 2 * WIDTH;
    int width = Math.min(BLOCK_COLUMNS, (columns + panel - 1) / panel * panel);
    int across = (columns + width - 1) / width;
    int parts = (workers.threads() - 1) / (p.size().models() * across) + 1;
    int most = Math.max(NARROW_ROWS, Math.min(BLOCK / width, (rows - 1) / parts + 1));
    int down = (rows + most - 1) / most;
    int each = (rows - 1) / down + 1;
    int blocks = down * across;
    workers.forEach(
        p.size().models() * blocks,
        (long) each * p.size().depth() * width,
        (from, to) -> {
          Block block = new Block(p, panel, width, each);
          for (int i = from; i < to; i++) {
            int row = i % blocks / across * each;
            int column = i % across * width;
            block.compute(i / blocks, row, Math.min(each, rows - row), column);
          }
        });
  }

  /** A block of the result, at one place after the other. */
  private static final class Block {
    private final JavaProduct p;
    private final Product size;
    private final int panel; // columns
    private final int rows; // of a tile
    private final int padded; // the most rows, in whole tiles and one of ones
    private final float[] panels; // of a chunk: [columns / panel][CHUNK][panel]
    private final float[] sums; // [columns / panel][padded][panel]
    private final float[] turned; // left rows of a chunk, if left is transposed: [CHUNK][padded]

    Block(JavaProduct p, int panel, int width, int most) {
      this.p = p;
      this.panel = panel;
      size = p.size();
      rows = panel == WIDTH ? NARROW_ROWS : WIDE_ROWS;
      padded = (most + rows - 1) / rows * rows + (p.ones() == null ? 0 : rows);
      panels = new float[CHUNK * width];
      sums = new float[padded * width];
      turned = new float[p.transposed() && panel < width ? CHUNK * padded : 0];
    }

    void compute(int model, int row, int n, int column) {
      int columns = Math.min(panels.length / CHUNK, size.columns() - column);
      int real = Math.min(n, size.rows() - row); // the row of ones is not there
      Arrays.fill(sums, 0);
      for (int k = 0; k < size.depth(); k += CHUNK) {
        int steps = Math.min(CHUNK, size.depth() - k);
        int right = p.right().at() + (model * size.depth() + k) * size.columns() + column;
        for (int c = 0; c < columns; c += panel) {
          copy(p.right().floats(), right + c, size.columns(), steps, panels, c * CHUNK, panel);
        }
        float[] left = p.left().floats();
        int at = p.left().at() + (int) (model * size.leftStride());
        int along = p.transposed() ? size.rows() : 1;
        int down = p.transposed() ? 1 : size.depth();
        at += k * along + row * down;
        if (turned.length > 0) { // at their own stride, rows may displace one another in the cache
          for (int j = 0; j < steps; j++) {
            System.arraycopy(left, at + j * along, turned, j * padded, real);
          }
          left = turned;
          at = 0;
          along = padded;
        }
        for (int c = 0; c < columns; c += panel) {
          for (int i = 0; i < real; i += rows) {
            tile(left, at + i * down, along, down, real - i, steps, c, i);
          }
          if (real < n) {
            tile(ONES, 0, 0, 0, 1, steps, c, padded - rows);
          }
        }
      }
      write(model, row, real, column, columns, real < n ? p.ones() : null);
    }

    /** Adds a chunk's total to the sums of a tile, of whose left rows n are there. */
    private void tile(
        float[] left, int at, int along, int down, int n, int steps, int column, int row) {
      int to = column * padded + row * panel;
      int last = at + Math.min(rows, n) * down - down;
      int a1 = Math.min(last, at + down), a2 = Math.min(last, at + 2 * down);
      int a3 = Math.min(last, at + 3 * down), a4 = Math.min(last, at + 4 * down);
      int a5 = Math.min(last, at + 5 * down);
      if (panel > WIDTH) {
        wide(left, at, a1, a2, a3, a4, a5, along, steps, panels, column * CHUNK, sums, to);
      } else {
        int a6 = Math.min(last, at + 6 * down), a7 = Math.min(last, at + 7 * down);
        narrow(left, at, a1, a2, a3, a4, a5, a6, a7, along, steps, panels, sums, to);
      }
    }

    private void write(
        int model, int row, int n, int column, int columns, @Nullable JavaArray ones) {
      int to = p.out().at() + (model * size.rows() + row) * size.columns() + column;
      for (int c = 0; c < columns; c += panel) {
        int length = Math.min(panel, columns - c);
        int from = c * padded;
        for (int i = 0; i < n; i++) {
          int place = to + c + i * size.columns();
          System.arraycopy(sums, from + i * panel, p.out().floats(), place, length);
        }
        if (ones != null) {
          int place = ones.at() + model * size.columns() + column + c;
          from += (padded - rows) * panel;
          System.arraycopy(sums, from, ones.floats(), place, length);
        }
      }
    }
  }

  /** Copies the columns of a panel; what follows them in a row is copied with them. */
  private static void copy(
      float[] from, int at, int stride, int n, float[] to, int first, int panel) {
    for (int k = 0; k < n; k++) {
      int source = at + k * stride;
      int place = first + k * panel;
      if (source + panel > from.length) {
        System.arraycopy(from, source, to, place, from.length - source);
      } else {
        FloatVector.fromArray(SPECIES, from, source).intoArray(to, place);
        if (panel > WIDTH) {
          FloatVector.fromArray(SPECIES, from, source + WIDTH).intoArray(to, place + WIDTH);
        }
      }
    }
  }

  /** Adds n steps of six rows, which begin at a0 .. a5, times two vectors. */
  private static void wide(
      float[] a,
      int a0,
      int a1,
      int a2,
      int a3,
      int a4,
      int a5,
      int along,
      int n,
      float[] b,
      int at,
      float[] sums,
      int to) {
    FloatVector x0 = FloatVector.zero(SPECIES), y0 = x0, x1 = x0, y1 = x0, x2 = x0, y2 = x0;
    FloatVector x3 = x0, y3 = x0, x4 = x0, y4 = x0, x5 = x0, y5 = x0;
    for (int k = 0, i = 0; k < n; k++, i += along) {
      FloatVector p = FloatVector.fromArray(SPECIES, b, at + k * 2 * WIDTH);
      FloatVector q = FloatVector.fromArray(SPECIES, b, at + k * 2 * WIDTH + WIDTH);
      FloatVector left = FloatVector.broadcast(SPECIES, a[a0 + i]);
      x0 = left.fma(p, x0);
      y0 = left.fma(q, y0);
      left = FloatVector.broadcast(SPECIES, a[a1 + i]);
      x1 = left.fma(p, x1);
      y1 = left.fma(q, y1);
      left = FloatVector.broadcast(SPECIES, a[a2 + i]);
      x2 = left.fma(p, x2);
      y2 = left.fma(q, y2);
      left = FloatVector.broadcast(SPECIES, a[a3 + i]);
      x3 = left.fma(p, x3);
      y3 = left.fma(q, y3);
      left = FloatVector.broadcast(SPECIES, a[a4 + i]);
      x4 = left.fma(p, x4);
      y4 = left.fma(q, y4);
      left = FloatVector.broadcast(SPECIES, a[a5 + i]);
      x5 = left.fma(p, x5);
      y5 = left.fma(q, y5);
    }
    add(x0, sums, to);
    add(y0, sums, to + WIDTH);
    add(x1, sums, to + 2 * WIDTH);
    add(y1, sums, to + 3 * WIDTH);
    add(x2, sums, to + 4 * WIDTH);
    add(y2, sums, to + 5 * WIDTH);
    add(x3, sums, to + 6 * WIDTH);
    add(y3, sums, to + 7 * WIDTH);
    add(x4, sums, to + 8 * WIDTH);
    add(y4, sums, to + 9 * WIDTH);
    add(x5, sums, to + 10 * WIDTH);
    add(y5, sums, to + 11 * WIDTH);
  }

  /** The same of eight rows times one vector: few columns fill no more. */
  private static void narrow(
      float[] a,
      int a0,
      int a1,
      int a2,
      int a3,
      int a4,
      int a5,
      int a6,
      int a7,
      int along,
      int n,
      float[] b,
      float[] sums,
      int to) {
    FloatVector x0 = FloatVector.zero(SPECIES), x1 = x0, x2 = x0, x3 = x0;
    FloatVector x4 = x0, x5 = x0, x6 = x0, x7 = x0;
    for (int k = 0, i = 0; k < n; k++, i += along) {
      FloatVector p = FloatVector.fromArray(SPECIES, b, k * WIDTH);
      x0 = p.fma(FloatVector.broadcast(SPECIES, a[a0 + i]), x0);
      x1 = p.fma(FloatVector.broadcast(SPECIES, a[a1 + i]), x1);
      x2 = p.fma(FloatVector.broadcast(SPECIES, a[a2 + i]), x2);
      x3 = p.fma(FloatVector.broadcast(SPECIES, a[a3 + i]), x3);
      x4 = p.fma(FloatVector.broadcast(SPECIES, a[a4 + i]), x4);
      x5 = p.fma(FloatVector.broadcast(SPECIES, a[a5 + i]), x5);
      x6 = p.fma(FloatVector.broadcast(SPECIES, a[a6 + i]), x6);
      x7 = p.fma(FloatVector.broadcast(SPECIES, a[a7 + i]), x7);
    }
    add(x0, sums, to);
    add(x1, sums, to + WIDTH);
    add(x2, sums, to + 2 * WIDTH);
    add(x3, sums, to + 3 * WIDTH);
    add(x4, sums, to + 4 * WIDTH);
    add(x5, sums, to + 5 * WIDTH);
    add(x6, sums, to + 6 * WIDTH);
    add(x7, sums, to + 7 * WIDTH);
  }

  private static void add(FloatVector total, float[] sums, int at) {
    FloatVector.fromArray(SPECIES, sums, at).add(total).intoArray(sums, at);
  }
}
