package org.thalweg.train;

/** A training cannot go on; the message says where it stopped and what may help. */
public final class TrainingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean diverged;

  TrainingException(String message, boolean diverged) {
    super(message);
    this.diverged = diverged;
  }

  /** Whether the loss became NaN or infinite in a step: a smaller learning rate may help. */
  public boolean isDiverged() {
    return diverged;
  }
}
