package org.thalweg.device;

import org.thalweg.numeric.ElementType;

/**
 * Numbers that lie on a device: a handle, whose contents move only through {@link Device#upload}
 * and {@link Device#download}. A slice shares its array's memory; closing a slice does nothing, and
 * closing the array, once or often, frees them all.
 */
public interface Array extends AutoCloseable {
  /** What the elements are. */
  ElementType type();

  /** How many there are. */
  long count();

  /**
   * The elements {@code from .. from + count - 1} of this array.
   *
   * @throws IndexOutOfBoundsException if there are not as many
   */
  Array slice(long from, long count);

  /** Whether some element belongs to both: of slices of one array, whose memory they share. */
  boolean overlaps(Array other);

  @Override
  void close();
}
