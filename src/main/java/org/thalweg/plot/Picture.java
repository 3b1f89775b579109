package org.thalweg.plot;

import java.awt.image.BufferedImage;

/** Something that {@link Plot#write} can write. Drawing it twice gives the same pixels. */
public sealed interface Picture permits ConfusionMatrix, Contours, LearningCurve, Lines, Templates {
  /**
   * Draws the picture, without a display.
   *
   * @throws PlotException if the JDK finds no fonts
   */
  BufferedImage draw();
}
