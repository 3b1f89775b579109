package org.thalweg.plot;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import javax.imageio.ImageIO;

/** Pictures as PNG files. */
public final class Plot {
  private Plot() {}

  /** Writes a picture to a new file, atomically. */
  public static void write(Path png, Picture picture) throws IOException {
    write(png, picture, false);
  }

  /**
   * Writes a picture.
   *
   * @param overwrite whether a file that exists is replaced
   * @throws FileAlreadyExistsException if there is a file and it is not to be replaced
   * @throws PlotException if the picture cannot be drawn on this machine
   */
  public static void write(Path png, Picture picture, boolean overwrite) throws IOException {
    if (!overwrite && Files.exists(png)) {
      throw new FileAlreadyExistsException(png.toString()); // before drawing, which takes long
    }
    var image = picture.draw();
    ImageIO.setUseCache(false);
    // Written beside the target, then moved: nobody sees half a picture.
    Path whole = png.resolveSibling(png.getFileName() + "." + ProcessHandle.current().pid());
    try {
      try (var stream = Files.newOutputStream(whole)) {
        ImageIO.write(image, "png", stream);
      }
      if (overwrite) {
        Files.move(whole, png, StandardCopyOption.REPLACE_EXISTING);
      } else {
        Files.move(whole, png); // fails where the file has been created meanwhile
      }
    } finally {
      Files.deleteIfExists(whole);
    }
  }
}
