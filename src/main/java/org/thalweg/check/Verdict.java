package org.thalweg.check;

/** What a comparison with differences says of a derivative. */
public enum Verdict {
  /** They agree. */
  PASS,
  /** They differ by more than tolerance and rounding explain. */
  FAIL,
  /** The difference drowns in rounding at every distance, so it says nothing. */
  NOT_RESOLVABLE;

  /** In words: {@code NOT RESOLVABLE}. */
  @Override
  public String toString() {
    return name().replace('_', ' ');
  }
}
