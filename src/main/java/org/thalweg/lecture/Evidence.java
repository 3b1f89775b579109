package org.thalweg.lecture;

import java.util.List;

/**
 * What an experiment found.
 *
 * @param holds whether the claim is borne out, threshold included
 * @param figures what was measured, a sentence
 */
public record Evidence(boolean holds, String figures, List<Figure> plates) {
  /** Keeps its own list. */
  public Evidence {
    plates = List.copyOf(plates);
  }
}
