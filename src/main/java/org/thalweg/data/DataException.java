package org.thalweg.data;

/** A data set cannot be read; the message is one line: the file, the place in it, and what was expected there. */
public final class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With one line that names the file and the place. */
  public DataException(String message) {
    super(message.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?")); // whatever the file holds
  }
}
