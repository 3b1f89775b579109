package org.thalweg.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A white image to draw on, with what all pictures share: font, colours, and the fitting of text.
 */
final class Canvas {
  static {
    // AWT reads this once, when its first class is loaded; every picture of this package begins
    // here.
    System.setProperty("java.awt.headless", "true");
  }

  /**
   * M. Okabe, K. Ito, "Color Universal Design" (2008), without the yellow, which white paper
   * swallows. The first thirty-five looks differ in colour or dash pattern.
   */
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x0072B2),
          new Color(0xD55E00),
          new Color(0x009E73),
          new Color(0xCC79A7),
          new Color(0xE69F00),
          new Color(0x56B4E9),
          new Color(0x000000));

  private static final List<float[]> DASHES =
      List.of(
          new float[] {1, 0},
          new float[] {9, 5},
          new float[] {2, 4},
          new float[] {9, 4, 2, 4},
          new float[] {18, 4});

  /** The third line often lies on the second, as Nesterov's momentum on plain: it is dashed. */
  private static final int DASHED = 2;

  static final int SMALL = 12;
  static final int TITLE = 18;

  /** The colour of a number that is not finite. */
  static final Color NOT_FINITE = new Color(0xBBBBBB);

  final BufferedImage image;
  final Graphics2D pen;

  Canvas(int width, int height) {
    image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    pen = image.createGraphics();
    pen.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    pen.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    pen.setColor(Color.WHITE);
    pen.fillRect(0, 0, width, height);
    pen.setColor(Color.BLACK);
    font(Font.PLAIN, SMALL);
  }

  /**
   * The logical font, which every JDK has a face for where there are fonts at all.
   *
   * @throws PlotException if there are none
   */
  static Font sans(int style, int size) {
    Font font = new Font(Font.SANS_SERIF, style, size);
    try {
      if (font.canDisplayUpTo("Thalweg 0123") < 0) return font;
    } catch (Error
        | RuntimeException e) { // an undocumented InternalError, or one that follows from it
      throw noFonts(e);
    }
    throw noFonts(null);
  }

  private static PlotException noFonts(@Nullable Throwable cause) {
    return new PlotException(
        "pictures need a font and Java finds none: install one,"
            + " sudo apt-get install fontconfig fonts-dejavu-core",
        cause);
  }

  static Color colour(int look) {
    return COLOURS.get(look % COLOURS.size());
  }

  /** Which dash pattern a line has; 0 is none. */
  static int dash(int look) {
    int colour = look % COLOURS.size();
    return (look / COLOURS.size() + (colour == DASHED ? 1 : 0)) % DASHES.size();
  }

  /** Lines of one pattern begin it at different places: where they coincide, both are seen. */
  static BasicStroke stroke(int look) {
    float phase = 2 * (look % COLOURS.size());
    return new BasicStroke(
        2, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, DASHES.get(dash(look)), phase);
  }

  /** Blue for -1, white for 0, red for 1: two hues that no common colour blindness confuses. */
  static Color diverging(double value) {
    if (!Double.isFinite(value)) return NOT_FINITE;
    return blend(Color.WHITE, new Color(value < 0 ? 0x2166AC : 0xB2182B), Math.abs(value));
  }

  /** White for 0, dark blue for 1. */
  static Color sequential(double value) {
    return blend(Color.WHITE, new Color(0x08306B), value);
  }

  private static Color blend(Color from, Color to, double share) {
    float t = (float) Math.max(0, Math.min(1, share));
    float[] a = from.getRGBColorComponents(null);
    float[] b = to.getRGBColorComponents(null);
    for (int i = 0; i < a.length; i++) a[i] += t * (b[i] - a[i]);
    return new Color(a[0], a[1], a[2]);
  }

  void font(int style, int size) {
    pen.setFont(sans(style, size));
  }

  int width(String text) {
    return pen.getFontMetrics().stringWidth(text);
  }

  /**
   * Writes one line of text, truncated to the given width.
   *
   * @param align which point of the text is at {@code x}: 0 its beginning, 0.5 its middle, 1 its
   *     end
   * @param y its middle
   */
  void text(String text, double x, double y, double align, int widest) {
    String shown = text;
    for (int n = text.length(); n > 0 && width(shown) > widest; n--) {
      shown = text.substring(0, text.offsetByCodePoints(n, -1)).stripTrailing() + "…";
    }
    FontMetrics font = pen.getFontMetrics();
    float baseline = (float) (y + (font.getAscent() - font.getDescent()) / 2.0);
    pen.drawString(shown, (float) (x - align * width(shown)), baseline);
  }

  /** As {@link #text}, but upwards: aligned at {@code y}, centred at {@code x}. */
  void upwards(String text, double x, double y, double align, int widest) {
    pen.rotate(-Math.PI / 2, x, y);
    text(text, x, y, align, widest);
    pen.rotate(Math.PI / 2, x, y);
  }
}
