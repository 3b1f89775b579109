package org.thalweg.plot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import javax.imageio.ImageIO;

/** Pictures as PNG files. */
public final class Plot {
  /** How the names of files end that are being written. */
  private static final String PART = ".part";

  private Plot() {}

  /** The name with control characters replaced, so that it fits on one line. */
  public static String printable(String name) {
    return name.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
  }

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
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.setUseCache(false);
    ImageIO.write(picture.draw(), "png", bytes);
    // Written beside the target, then moved: nobody sees half a picture.
    Path whole = png.resolveSibling(png.getFileName() + "." + UUID.randomUUID() + PART);
    try {
      Files.write(whole, bytes.toByteArray());
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
