package org.thalweg.plot;

import java.awt.Color;
import java.awt.Font;
import java.util.List;
import java.util.stream.DoubleStream;
import org.thalweg.plot.Lines.Series;

/**
 * The names of a chart's lines, beside it, one under the other and in further columns where its
 * height ends. One line alone needs no name.
 */
final class Legend {
  static final int ROW = 20;
  private static final int LINE = 44;
  private static final int WIDEST = 300;
  private static final int COLUMNS = 4;

  private final List<Series> series;
  private final int rows;
  private final int column;

  /**
   * Measures the names.
   *
   * @param height of the chart in pixels
   */
  Legend(List<Series> series, int height) {
    this.series = series.size() > 1 ? series : List.of();
    rows = height / ROW;
    Canvas ruler = new Canvas(1, 1);
    ruler.font(Font.PLAIN, Canvas.SMALL + 1);
    column =
        LINE
            + ROW
            + this.series.stream()
                .mapToInt(one -> Math.min(WIDEST, ruler.width(Plot.printable(one.name()))))
                .max()
                .orElse(0);
  }

  int width() {
    return column * Math.min(COLUMNS, (series.size() + rows - 1) / rows);
  }

  /** The rows of the longest column. */
  int rows() {
    return Math.min(rows, series.size());
  }

  void draw(Canvas canvas, int left, int top) {
    canvas.font(Font.PLAIN, Canvas.SMALL + 1);
    int shown = Math.min(series.size(), COLUMNS * rows);
    for (int i = 0; i < shown; i++) {
      int x = left + i / rows * column;
      int y = top + i % rows * ROW + ROW / 2;
      if (i == shown - 1 && shown < series.size()) {
        canvas.text("and %d more".formatted(series.size() - i), x, y, 0, column);
        return;
      }
      canvas.pen.setColor(Canvas.colour(series.get(i).look(i)));
      if (DoubleStream.of(series.get(i).y()).filter(Double::isFinite).count() == 1) {
        canvas.pen.fill(Frame.disc(x + (LINE - 8) / 2.0, y, Frame.MARKER));
      } else {
        canvas.pen.setStroke(Canvas.stroke(series.get(i).look(i)));
        canvas.pen.drawLine(x, y, x + LINE - 8, y);
      }
      canvas.pen.setColor(Color.BLACK);
      canvas.text(Plot.printable(series.get(i).name()), x + LINE, y, 0, WIDEST);
    }
  }
}
