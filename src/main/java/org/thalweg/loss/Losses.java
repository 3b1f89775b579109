package org.thalweg.loss;

import java.util.List;

/** The one registry of losses. */
public final class Losses {
  private static final List<Loss> ALL = List.of(new Softmax(), new Hinge(false), new Hinge(true));

  private Losses() {}

  /** All of them. */
  public static List<Loss> all() {
    return ALL;
  }
}
