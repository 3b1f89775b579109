package org.thalweg.train;

/** A training cannot go on; the message says where it stopped and what may help. */
public final class TrainingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  TrainingException(String message) {
    super(message);
  }
}
