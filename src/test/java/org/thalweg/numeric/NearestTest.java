package org.thalweg.numeric;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {
  private static final List<String> WORDS =
      List.of("train", "eval", "predict", "--label", "digits", "adam", "nadam", "kind");

  @ParameterizedTest
  @CsvSource({
    "trian, train",
    "tarin, train",
    "--lable, --label",
    "digit, digits",
    "digitss, digits",
    "Kind, kind",
    "KIDN, kind",
    "evl, eval",
    "adma, adam",
    "predcit, predict",
    "adam, adam",
  })
  void aMisspeltWordFindsTheOneThatWasMeant(String word, String meant) {
    assertEquals(Optional.of(meant), Nearest.to(word, WORDS));
  }

  @ParameterizedTest
  @CsvSource({"xyz", "''", "kd", "taxes", "evolve it", "--lr", "diverse"})
  void anotherWordFindsNone(String word) {
    assertEquals(Optional.empty(), Nearest.to(word, WORDS));
  }
}
