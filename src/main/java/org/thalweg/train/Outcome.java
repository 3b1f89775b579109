package org.thalweg.train;

/** Why a training has returned. */
public enum Outcome {
  /** All epochs are done. */
  FINISHED,
  /** The validation loss has not become better for as many epochs as was allowed. */
  PATIENCE,
  /** It was told to stop. */
  STOPPED
}
