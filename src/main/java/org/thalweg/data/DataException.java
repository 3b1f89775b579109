package org.thalweg.data;

import java.io.IOException;
import java.nio.file.Path;
import org.thalweg.numeric.Reason;

/**
 * A data set cannot be read; the message is one line with the file, the position in it, and what
 * was expected there.
 */
public final class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean missing;

  /**
   * Where a file of a data set is not in the folder for it.
   *
   * @param source how its files are got
   */
  static DataException missing(Path path, String source) {
    return new DataException(path + " is missing, also with .gz: " + source, true);
  }

  /** For a file that could not be read. */
  static DataException reading(Path path, IOException e) {
    return new DataException(path + ": " + Reason.of(e));
  }

  /** Makes an exception whose message is one line that names the file and the position. */
  public DataException(String message) {
    this(message, false);
  }

  private DataException(String message, boolean missing) {
    super(message.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?")); // whatever the file holds
    this.missing = missing;
  }

  /** Whether there may be a file in another folder; the message says how the files are got. */
  public boolean isMissing() {
    return missing;
  }
}
