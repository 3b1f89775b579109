package org.thalweg.device;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Open resources, which are closed in reverse order. A constructor that opens several things does
 * so in {@code try (Owned opening = new Owned())} and ends with {@code owned = opening.keep()}:
 * where it fails before that, what it has opened is closed.
 */
public final class Owned implements AutoCloseable {
  private final Deque<AutoCloseable> resources = new ArrayDeque<>();

  /** Adds a resource, which is closed with this. */
  public <T extends AutoCloseable> T add(T resource) {
    resources.push(resource);
    return resource;
  }

  /** Removes a resource: closing this leaves it open. */
  public void release(AutoCloseable resource) {
    resources.removeIf(own -> own == resource);
  }

  /** Moves all resources to a new object and returns that: closing this then does nothing. */
  public Owned keep() {
    Owned kept = new Owned();
    kept.resources.addAll(resources);
    resources.clear();
    return kept;
  }

  /**
   * Closes all, the last first, whatever fails; throws the first failure, with the others
   * suppressed.
   */
  @Override
  public void close() {
    RuntimeException first = null;
    while (!resources.isEmpty()) {
      try {
        resources.pop().close();
      } catch (Exception e) {
        if (first == null) {
          first = e instanceof RuntimeException r ? r : new IllegalStateException(e);
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
