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
        for (String time : new String[] {"0:00 left", "0:59 left", "99:59 left", "10000:00 left"}) {
          for (long done : new long[] {0, of / 2, of}) {
            String line = ProgressBar.line(columns, done, of, time);
            assertTrue(line.length() < columns, columns + ": " + line);
            assertTrue(line.contains(" " + 100 * done / of + " %"), line);
            assertTrue(line.matches("#*[.]* .* left"), line);
            assertEquals(done == of, !line.contains("."), line);
          }
        }
      }
    }
    assertEquals(
        "##########..........  50 %, 1:05 left", ProgressBar.line(38, 28_125, 56_250, "1:05 left"));
    assertEquals(
        "####################....................  50 % of 56,250 steps, 1:05 left",
        ProgressBar.line(120, 28_125, 56_250, "1:05 left"));
  }

  @Test
  void aNarrowTerminalHasNone() throws InterruptedException {
    for (int columns : new int[] {0, 20, 29, 30, 60, 120}) {
      StringWriter drawn = new StringWriter();
      try (ProgressBar bar = new ProgressBar(new PrintWriter(drawn), columns)) {
        bar.step(0, 2);
        Thread.sleep(110); // the pause between two drawings
        bar.step(1, 2);
      }
      assertEquals(columns < 30, drawn.toString().isEmpty(), columns + ": " + drawn);
    }
  }

  /**
   * In the middle of a long step, the first one too, the time moves on; at the end nothing stays.
   */
  @Test
  void aLongStep() throws InterruptedException {
    for (String said : new String[] {null, "iteration 3"}) {
      StringWriter drawn = new StringWriter();
      try (ProgressBar bar = new ProgressBar(new PrintWriter(drawn), 60)) {
        bar.step(0, 1);
        if (said != null) {
          bar.say(said);
        }
        for (int i = 0; i < 600 && !drawn.toString().contains("0:02 elapsed"); i++) {
          Thread.sleep(10);
        }
        bar.clear();
      }
      String line =
          said == null ? ".*[.]{5}   0 % of 1 step, 0:02 elapsed" : ".*" + said + ", 0:02 elapsed";
      assertTrue(drawn.toString().matches("(?s)" + line + "(\r\u001B\\[K)+"), drawn.toString());
      int length = drawn.toString().length();
      Thread.sleep(1200);
      assertEquals(length, drawn.toString().length());
    }
  }
}
