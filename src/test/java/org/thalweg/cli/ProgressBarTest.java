package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
  @Test
  void theLineFitsIntoTheTerminal() {
    for (int columns = 30; columns <= 120; columns++) {
      for (long of : new long[] {1, 45, 56_250, 9_999_999_999L}) {
        for (long seconds : new long[] {0, 59, 5_999, 600_000}) {
          for (long done : new long[] {0, of / 2, of}) {
            String line = ProgressBar.line(columns, done, of, seconds);
            assertTrue(line.length() < columns, columns + ": " + line);
            assertTrue(line.contains(" " + 100 * done / of + " %"), line);
            assertTrue(line.matches("#*[.]* .* left"), line);
            assertEquals(done == of, !line.contains("."), line);
          }
        }
      }
    }
    assertEquals("##########..........  50 %, 1:05 left", ProgressBar.line(38, 28_125, 56_250, 65));
    assertEquals(
        "####################....................  50 % of 56,250 steps, 1:05 left",
        ProgressBar.line(120, 28_125, 56_250, 65));
  }

  @Test
  void aNarrowTerminalHasNone() throws InterruptedException {
    for (int columns : new int[] {0, 20, 29, 30, 60, 120}) {
      StringWriter drawn = new StringWriter();
      ProgressBar bar = new ProgressBar(new PrintWriter(drawn), columns);
      Thread.sleep(110); // the pause between two drawings
      bar.step(1, 2);
      assertEquals(columns < 30, drawn.toString().isEmpty(), columns + ": " + drawn);
    }
  }
}
