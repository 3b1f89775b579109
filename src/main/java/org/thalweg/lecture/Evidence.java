package org.thalweg.lecture;

import java.util.List;

/**
 * The outcome of an experiment.
 *
 * @param holds whether the claim holds, with its threshold
 * @param measured what was measured, in sentences
 * @param figures pictures of it
 */
public record Evidence(boolean holds, String measured, List<Figure> figures) {
  /** Keeps its own list. */
  public Evidence {
    figures = List.copyOf(figures);
  }
}
