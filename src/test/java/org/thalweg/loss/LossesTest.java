package org.thalweg.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.thalweg.numeric.Registry;

/** Losses as text. */
class LossesTest {
  @Test
  void aLossIsWhatItsTextSays() {
    for (Loss loss : Losses.examples()) {
      assertEquals(loss, Losses.parse(Losses.text(loss)));
    }
    for (Loss loss : Losses.all()) {
      assertEquals(loss.name(), Losses.text(loss), "defaults are not said");
      assertEquals(loss, Losses.parse(loss.name()));
    }
    assertEquals("softmax:smoothing=0.1", Losses.text(new SoftmaxCrossEntropy(0.1)));
  }

  /** Every hyperparameter of each loss is moved in one of the examples. */
  @Test
  void examplesMoveEveryHyperparameter() {
    assertTrue(Losses.examples().containsAll(Losses.all()));
    for (Loss loss : Losses.all()) {
      Registry.hyperparameters(loss)
          .forEach(
              (name, number) ->
                  assertTrue(
                      Losses.examples().stream()
                          .filter(other -> other.name().equals(loss.name()))
                          .anyMatch(o -> !number.equals(Registry.hyperparameters(o).get(name))),
                      loss + " " + name));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "softmax:smoothing=1, smoothing, '[0, 1)'",
    "softmax:smoothing=-0.1, smoothing, '[0, 1)'",
    "softmax:smoothing=NaN, smoothing, '[0, 1)'",
    "smooth-hinge:width=0, width, above 0",
    "smooth-hinge:width=-1, width, above 0",
    "smooth-hinge:width=Infinity, width, finite",
    "hinge:width=1, hinge has no hyperparameter, width",
    "smooth_hinge, did you mean smooth-hinge, squared-hinge"
  })
  void whatIsRefused(String text, String what, String allowed) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Losses.parse(text)).getMessage();
    assertTrue(message.contains(what) && message.contains(allowed), message);
  }
}
