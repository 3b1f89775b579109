package org.thalweg.data;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;

/** A picture as a row of features. */
public final class ImageFile {
  /** Weights of red, green and blue in grey (ITU-R BT.601). */
  private static final double[] LUMA = {0.299, 0.587, 0.114};

  private ImageFile() {}

  /**
   * Reads a picture that javax.imageio can read (PNG, JPEG, GIF, BMP), scales it to a shape, and
   * turns it to grey where the shape has one channel. Transparent pixels become white.
   *
   * @param shape of 1 or 3 channels
   * @param inverted whether each value v becomes 255 - v
   * @return a row: each value 0 to 255, channel by channel, each of them row by row
   * @throws DataException if the file cannot be read
   */
  public static byte[] read(Path path, Datasets.Shape shape, boolean inverted) {
    BufferedImage image = scaled(decode(path), shape);
    int pixels = shape.width() * shape.height();
    byte[] row = new byte[pixels * shape.channels()];
    for (int i = 0; i < pixels; i++) {
      int rgb = image.getRGB(i % shape.width(), i / shape.width());
      int[] colours = {rgb >> 16 & 0xff, rgb >> 8 & 0xff, rgb & 0xff};
      double grey = LUMA[0] * colours[0] + LUMA[1] * colours[1] + LUMA[2] * colours[2];
      for (int channel = 0; channel < shape.channels(); channel++) {
        int value = shape.channels() == 1 ? (int) Math.rint(grey) : colours[channel];
        row[channel * pixels + i] = (byte) (inverted ? 255 - value : value);
      }
    }
    return row;
  }

  private static BufferedImage decode(Path path) {
    if (Files.isDirectory(path)) {
      throw new DataException(path + ": a folder, not a picture");
    }
    try (var in = Files.newInputStream(path)) {
      ImageIO.setUseCache(false);
      BufferedImage image = ImageIO.read(in);
      if (image == null) {
        throw new DataException(path + ": byte 0: not a picture of the kinds PNG, JPEG, GIF, BMP");
      }
      return image;
    } catch (IIOException | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new DataException(path + ": the picture is damaged or ends too early");
    } catch (IOException e) {
      throw DataException.reading(path, e);
    }
  }

  /**
   * Halves the size while it is at least twice the target, then interpolates bilinearly, so that
   * every pixel contributes.
   */
  private static BufferedImage scaled(BufferedImage image, Datasets.Shape shape) {
    BufferedImage scaled = drawn(image, image.getWidth(), image.getHeight());
    while (scaled.getWidth() != shape.width() || scaled.getHeight() != shape.height()) {
      scaled =
          drawn(
              scaled,
              Math.max(shape.width(), scaled.getWidth() / 2),
              Math.max(shape.height(), scaled.getHeight() / 2));
    }
    return scaled;
  }

  private static BufferedImage drawn(BufferedImage image, int width, int height) {
    BufferedImage drawn = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = drawn.createGraphics();
    pen.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    pen.setColor(Color.WHITE);
    pen.fillRect(0, 0, width, height);
    pen.drawImage(image, 0, 0, width, height, null);
    pen.dispose();
    return drawn;
  }
}
