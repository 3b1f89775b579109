package org.thalweg.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.Registry;

/** Numbers that cannot be computed with are refused before anything is read or written. */
class RefusedNumbersTest {
  /** What is typed behind the verb and the data, and what the message must have. */
  private static final List<List<String>> OF_BOTH =
      List.of(
          List.of("--model=softmax:smoothing=1e-50", "smoothing=1e-50: smoothing is 0 in binary32"),
          List.of("--model=softmax:smoothing=1e-45", "smoothing 1e-45 times the least share"),
          List.of("--model=softmax:smoothing=0.99999999", "smoothing is 1 in binary32", "[0, 1)"),
          List.of("--model=smooth-hinge:width=1e-50", "width=1e-50: width is 0 in binary32"),
          List.of("--model=smooth-hinge:width=1e39", "width is Infinity in binary32", "3.4028234e"),
          List.of("--schedule=step:factor=1e-50", "--schedule step:factor=1e-50: factor", "1e-7"),
          List.of("--schedule=step:factor=1e-8", "--schedule step:factor=1e-8: factor", "1e-7"),
          List.of("--schedule=step:every=1,factor=0.01", "lr 0.01 times the last epoch's factor"),
          List.of("--schedule=inverse:decay=1e30", "decay must be at most 1e7 in binary32"),
          List.of("--schedule=inverse:decay=1e39", "decay is Infinity in binary32"),
          List.of("--schedule=inverse:decay=1e-50", "decay is 0 in binary32"),
          List.of("--lr=1e-44 --schedule=linear", "--schedule linear: lr 1e-44 times the last"),
          List.of("--lr=1e-44 --warmup=1000000", "--warmup 1000000: lr 1e-44 times the first"),
          List.of("--l1=1e-50", "--l1 1e-50: l1 is 0 in binary32", "1.4e-45 to"),
          List.of("--l2=1e39", "--l2 1e39: l2 is Infinity in binary32", "to 3.4028234e38"),
          List.of("--l2=2e38", "--l2 2e38: 2 * l2 is Infinity in binary32"),
          List.of("--clip-norm=1e39", "--clip-norm 1e39: clip norm is Infinity in binary32"),
          List.of("--init-scale=1e-50", "--init-scale 1e-50: init scale is 0 in binary32"),
          List.of("--init-scale=3e38", "--init-scale 3e38: init scale 3e38 times the largest draw"),
          List.of("--weight-decay=1e39", "--weight-decay 1e39: weight decay is Infinity"),
          List.of("--lr=1e30 --weight-decay=1e30", "--weight-decay 1e30: lr 1e30 times weight d"),
          List.of("--lr=1e-30 --weight-decay=1e-30", "lr 1e-30 times weight decay 1e-30 is 0"),
          List.of("--lr=1e-30 --l1=1e-30 --proximal", "lr 1e-30 times l1 1e-30 is 0 in binary32"));

  static Stream<List<String>> refused() {
    return Stream.of(
            OF_BOTH.stream().map(words -> before("train digits --batch=full", words)),
            OF_BOTH.stream()
                .filter(words -> words.get(0).contains("--lr"))
                .map(words -> before("compare digits --optimizers=sgd", words)),
            OF_BOTH.stream()
                .filter(words -> !words.get(0).contains("--lr"))
                .map(words -> before("compare digits --optimizers=sgd --lr=0.01", words)),
            OF_BOTH.stream()
                .filter(words -> words.get(0).matches("--(model|l2|init-scale)[^ ]*"))
                .map(words -> before("train digits --method=lbfgs --type=f32", words)),
            Stream.of(
                List.of("compare digits --weight-decay=1e30 --rates=1,1e9", "sgd: lr 1e9 times"),
                List.of(
                    "compare digits --weight-decay=1e30 --optimizers=sgd:lr=1,lion:lr=1e9",
                    "lion:lr=1e9: lr 1e9 times weightDecay 1e30 is Infinity"),
                List.of("train digits --method=fista --type=f32 --l1=1e-50", "l1 is 0 in binary32"),
                List.of("train digits --method=gradient-descent:lr=1e-50 --type=f32", "lr is 0"),
                List.of("train digits --method=newton:damping=1e39 --type=f32", "damping is Inf"),
                List.of("train digits --method=random-search:deviation=1e39 --type=f32", "Infin"),
                List.of("train digits --method=random-search:deviation=1e38 --type=f32", "draw"),
                List.of("train digits --method=random-search:deviation=1e308", "largest draw"),
                List.of("train digits --method=lbfgs --tolerance=1e-50 --type=f32", "tolerance"),
                List.of("train digits --method=lbfgs --lr=3e38", "--lr 3e38: --method lbfgs"),
                List.of("train digits --model=smooth-hinge:width=-3e38", "width must be", "-3e38"),
                List.of("train digits --model=softmax:smoothing=3e38", "[0, 1)", "3e38"),
                List.of("train digits --validation=3e38", "--validation 3e38: fraction must be"),
                List.of("train digits --lr=-3e38", "--lr -3e38: "),
                List.of("train digits --optimizer=sgd:lr=1 --lr=3e38", "--lr 3e38: "),
                List.of("train digits --method=random-search:deviation=-3e38", "deviation", "-3e"),
                List.of("train digits --method=newton:damping=-3e38", "damping", ":damping=-3e38"),
                List.of("train digits --batch=1e3", "--batch 1e3: must be a whole number"),
                List.of("train digits --checkpoint-every=1e3", "every 1e3: an", "a whole number"),
                List.of("compare bowl --condition=-3e38", "--condition -3e38: ", "at least 1"),
                List.of("compare saddle --condition=3e38", "--condition 3e38: only bowl"),
                List.of("bench --device=java --seconds=-3e38", "seconds must be", ": -3e38")))
        .flatMap(lists -> lists);
  }

  private static List<String> before(String words, List<String> refused) {
    return Stream.concat(
            Stream.of(words + " " + refused.get(0)), refused.subList(1, refused.size()).stream())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("refused")
  void isRefusedByNameAndAsTyped(List<String> words) {
    String[] arguments = words.get(0).split(" ");
    MainTest.Outcome outcome = MainTest.run(arguments);
    assertEquals(2, outcome.code(), outcome.err() + outcome.out());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
    for (String word : words.subList(1, words.size())) {
      assertTrue(outcome.err().contains(word), outcome.err() + " names " + word);
    }
    assertFalse(outcome.err().matches("(?s).*[0-9]E[0-9-].*"), outcome.err() + " as typed");
  }

  /** Each hyperparameter of each loss, in each place where a loss is named. */
  @Test
  void everyLossIsAskedForItsHyperparameters() {
    for (Loss loss : Losses.all()) {
      for (String name : Registry.hyperparameters(loss).keySet()) {
        String model = "--model=%s:%s=1e-50".formatted(loss.name(), name);
        for (String verb : List.of("train", "compare")) {
          MainTest.Outcome outcome = MainTest.run(verb, "digits", model);
          assertEquals(2, outcome.code(), model);
          assertTrue(outcome.err().contains(name + " is 0 in binary32"), outcome.err());
        }
      }
    }
  }
}
