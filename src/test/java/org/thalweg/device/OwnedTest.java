package org.thalweg.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OwnedTest {
  private final List<Integer> closed = new ArrayList<>();

  private AutoCloseable resource(int number) {
    return () -> closed.add(number);
  }

  @Test
  void closesTheLastFirstAndOnce() {
    Owned owned = new Owned();
    for (int i = 0; i < 3; i++) {
      owned.add(resource(i));
    }
    owned.close();
    owned.close();
    assertEquals(List.of(2, 1, 0), closed);
  }

  @Test
  void whatIsKeptIsNotClosed() {
    Owned kept;
    try (Owned opening = new Owned()) {
      opening.add(resource(0));
      opening.add(resource(1));
      kept = opening.keep();
    }
    assertEquals(List.of(), closed);
    kept.close();
    assertEquals(List.of(1, 0), closed);
  }

  @Test
  void closesAllWhateverFails() {
    IllegalStateException first = new IllegalStateException("first");
    IOException second = new IOException("second");
    Owned owned = new Owned();
    owned.add(resource(0));
    owned.add(
        () -> {
          throw second;
        });
    owned.add(resource(2));
    owned.add(
        () -> {
          throw first;
        });
    assertSame(first, assertThrows(IllegalStateException.class, owned::close));
    assertEquals(List.of(second), List.of(first.getSuppressed()));
    assertEquals(List.of(2, 0), closed);
  }
}
