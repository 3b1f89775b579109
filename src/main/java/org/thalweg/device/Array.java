package org.thalweg.device;

import org.thalweg.numeric.ElementType;

/**
 * A handle to numbers on a device, which only {@link Device#upload} and {@link Device#download}
 * copy from and to the host. A slice shares its array's memory; closing a slice does nothing, and
 * closing the array frees the memory of all; closing it again does nothing.
 */
public interface Array extends AutoCloseable {
  /** The type of the elements. */
  ElementType type();

  /** How many there are. */
  long count();

  /**
   * The elements {@code from .. from + count - 1} of this array.
   *
   * @throws IndexOutOfBoundsException if there are not as many
   */
  Array slice(long from, long count);

  /** Whether the two share an element, as slices of one array may. */
  boolean overlaps(Array other);

  @Override
  void close();
}
