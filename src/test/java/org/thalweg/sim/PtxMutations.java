package org.thalweg.sim;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * PTX as nobody would write it: that of the tree with characters and tokens lost, doubled, swapped
 * or replaced.
 */
final class PtxMutations {
  private PtxMutations() {}

  /**
   * The source of a try's choices. Its seed is also left in the file {@code fuzz-seed} beside the
   * test classes: after a crash of the JVM that is the only trace.
   */
  static Random begin(long seed) throws IOException {
    String classes =
        PtxMutations.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    Files.writeString(Path.of(classes).resolveSibling("fuzz-seed"), seed + "\n");
    return new Random(seed);
  }

  /**
   * The texts in the tree, cut into single kernels: small, so that a mutation is likely to matter.
   */
  static List<String> texts() throws IOException {
    List<String> texts = new ArrayList<>();
    for (Path file : PtxFiles.all()) {
      String[] parts = Files.readString(file, ISO_8859_1).split("(?=\\.visible)");
      for (int k = 1; k < parts.length; k++) texts.add(parts[0] + parts[k]);
    }
    return texts;
  }

  private static final Pattern TOKEN = Pattern.compile("[\\w.$%]+|\"[^\"]*\"|[^\\s\\w]");

  /** What stands for a token where one is replaced: limits, and words with a meaning. */
  private static final String[] WORDS =
      ("0 -1 1 8 31 32 64 255 65536 2147483648 4294967295 9223372036854775808"
              + " 18446744073709551616 99999999999999999999999 0f 0f7FC00000 0d7FF8000000000000"
              + " { } ( ) [ ] ; , : | @ ! \" /* // \0 \u00e9 %r1 %rd1 %p1 %f1 %tid.x $L__BB0_1"
              + " .reg .param .shared .local .global .align .visible .entry .func .extern .b8 .b32"
              + " .pred .f64 .v4 ret bra bar.sync call.uni ld.global.f32 st.global.v4.f32 mov.b64")
          .split(" ");

  static String mutate(String text, Random random) {
    if (text.isEmpty()) return text;
    if (random.nextInt(8) == 0) return text.substring(0, random.nextInt(text.length()));
    if (random.nextInt(4) == 0) {
      int at = random.nextInt(text.length());
      char c = (char) random.nextInt(256);
      return text.substring(0, at) + c + text.substring(at + random.nextInt(2));
    }
    int[] one = token(text, random);
    int[] other = token(text, random);
    String replaced = text.substring(one[0], one[1]);
    String with = text.substring(other[0], other[1]);
    return switch (random.nextInt(5)) {
      case 0 -> replace(text, one, "");
      case 1 -> replace(text, one, replaced + " " + replaced);
      case 2 -> replace(text, one, with);
      case 3 -> {
        int[] first = one[0] < other[0] ? one : other;
        int[] second = one[0] < other[0] ? other : one;
        if (first[0] == second[0]) yield text;
        String swapped = replace(text, second, text.substring(first[0], first[1]));
        yield replace(swapped, first, text.substring(second[0], second[1]));
      }
      default -> replace(text, one, WORDS[random.nextInt(WORDS.length)]);
    };
  }

  private static String replace(String text, int[] range, String by) {
    return text.substring(0, range[0]) + by + text.substring(range[1]);
  }

  /** Where some token of the text begins and ends. */
  private static int[] token(String text, Random random) {
    Matcher matcher = TOKEN.matcher(text);
    int from = random.nextInt(text.length());
    return matcher.find(from) || matcher.find(0)
        ? new int[] {matcher.start(), matcher.end()}
        : new int[] {0, 0};
  }
}
