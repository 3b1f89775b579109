package org.thalweg.train;

import java.io.IOException;

/**
 * A checkpoint cannot be resumed from, as what the caller gives is not of the run that saved it.
 */
public final class OtherRunException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What the caller can change. */
  public enum Part {
    /** The training or validation rows. */
    DATA,
    /** The number of epochs, which is too small. */
    EPOCHS
  }

  private final Part part;

  OtherRunException(String message, Part part) {
    super(message);
    this.part = part;
  }

  /** What is not of that run. */
  public Part part() {
    return part;
  }
}
