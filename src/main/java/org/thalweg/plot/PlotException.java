package org.thalweg.plot;

import org.jspecify.annotations.Nullable;

/** A picture cannot be drawn here; the message is one line that says what is missing. */
public final class PlotException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PlotException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
