package org.thalweg.train;

/** Why a training has ended. */
public enum Outcome {
  /** All epochs are done. */
  FINISHED,
  /** The validation loss has not decreased for as many epochs as the patience allows. */
  PATIENCE,
  /** It was told to stop. */
  STOPPED
}
