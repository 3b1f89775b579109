package org.thalweg;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.thalweg.loss.Losses;
import org.thalweg.optim.Optimizers;

/**
 * Whatever a page or a source names is there: documents, files, classes, sections. Paths are from
 * the root of the project; those of links from the page.
 */
class DocumentsTest {
  private static final Path CONTRACT = Path.of("src/docs/numerics.md");

  /** Where texts stand. What is in CHANGELOG.md was there when it was written. */
  private static final List<Path> PLACES =
      Stream.of("README.md", "CONTRIBUTING.md", ".ci", "kernels", "native", "src")
          .map(Path::of)
          .toList();

  private static final Pattern TEXT =
      Pattern.compile(".*\\.(md|java|cu|cuh|cpp|h|c|py)|run|compile|Makefile");

  private static final Pattern DOCUMENT = Pattern.compile("(?:[\\w.-]+/)*[\\w-]+\\.md\\b");

  /** May have {@code *}, or {@code <name>} for it. */
  private static final Pattern FILE =
      Pattern.compile("(?<![\\w./$*-])(?:kernels|native|src|\\.ci)/[\\w./*<>-]*");

  private static final Pattern KERNEL_OR_DRIVER =
      Pattern.compile("(?<![\\w./*>-])\\w+\\.(?:cu|cuh|cpp|py)\\b");

  private static final Pattern CLASS =
      Pattern.compile(
          "(?<![\\w.])(?:org\\.thalweg\\.|(?=(?:tools|optim|device|numeric)\\.))"
              + "((?:[a-z]+\\.)*)([A-Z]\\w*)");

  private static final Pattern TEST = Pattern.compile("`([A-Z]\\w*(?:Test|Oracle|Bench))`");

  private static final Pattern SECTION =
      Pattern.compile("((?:[\\w.-]+/)*[\\w-]+\\.md)}?,\\s*(?:\\*|//|#)?\\s*\"([^\"\n]+)\"");

  private static final Pattern LINK = Pattern.compile("\\]\\(([^()\\s]+)\\)");

  private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+?) *$");

  private static List<Path> below(List<Path> places) throws IOException {
    List<Path> all = new ArrayList<>();
    for (Path place : places) {
      try (Stream<Path> found = Files.walk(place)) {
        found.forEach(all::add);
      }
    }
    return all;
  }

  static List<Path> texts() throws IOException {
    List<Path> texts =
        below(PLACES).stream()
            .filter(path -> TEXT.matcher(path.getFileName().toString()).matches())
            .filter(Files::isRegularFile)
            .filter(path -> !path.endsWith("DocumentsTest.java")) // names what is not there
            .toList();
    assertTrue(texts.size() > 300, "the sources were not found: " + texts.size());
    return texts;
  }

  @Test
  void whatTheSourcesAndPagesNameIsThere() throws IOException {
    List<Path> tree = below(PLACES);
    List<String> missing = new ArrayList<>();
    for (Path text : texts()) {
      for (String name : missing(text, Files.readString(text), tree)) {
        missing.add(text + ": " + name);
      }
    }
    assertEquals("", String.join("\n", missing));
  }

  static List<Path> pages() throws IOException {
    return texts().stream().filter(path -> path.toString().endsWith(".md")).toList();
  }

  @ParameterizedTest
  @MethodSource("pages")
  void linksLeadSomewhere(Path page) throws IOException {
    assertEquals(List.of(), brokenLinks(page, Files.readString(page)));
  }

  @Test
  void theContractHasEveryRuleLossAndCoefficient() throws IOException {
    String contract = Files.readString(CONTRACT);
    Set<String> wanted = new LinkedHashSet<>();
    Optimizers.names().forEach(name -> wanted.add("| `" + name + "` |"));
    Losses.names().forEach(name -> wanted.add("`" + name + "`"));
    for (String source :
        List.of("kernels/exact.cuh", "src/main/java/org/thalweg/numeric/Exact.java")) {
      all("0x[\\da-f]\\.[\\da-f]+p-?\\d+", Files.readString(Path.of(source)))
          .forEach(match -> wanted.add(match.group()));
    }
    assertTrue(wanted.size() > 40, wanted::toString);
    // As a whole: 0x1.8p2 is not found in 0x1.8p23.
    wanted.removeIf(
        text -> Pattern.compile(Pattern.quote(text) + "(?!\\d)").matcher(contract).find());
    assertEquals(Set.of(), wanted, "missing in " + CONTRACT);
  }

  @Test
  void whatIsMissingIsFound() throws IOException {
    List<Path> tree = below(PLACES);
    String text =
        """
        // See CONTRIBUTING.md, "Kernels", and numerics.md, "Sums"; src/docs/numerics.md, "Sums".
        // src/docs/numerics.md, "Chess". {@code src/docs/numerics.md},
        // "Poker". kernels/*.cu and kernels/<name>.ptx, native/nothing/.
        // exact.cuh, inexact.cuh, tools.UlpScan, org.thalweg.device.Exact, (optim.Adam#lr).
        // `ExactTest`, `InexactTest`.
        """;
    assertEquals(
        List.of(
            "numerics.md",
            "kernels/<name>.ptx",
            "native/nothing/",
            "inexact.cuh",
            "org.thalweg.device.Exact",
            "InexactTest",
            "src/docs/numerics.md, \"Chess\"",
            "src/docs/numerics.md}, \"Poker\""),
        missing(Path.of("kernels", "x.cu"), text, tree));
    assertEquals(
        List.of("#no", "README.md", "numerics.md#chess"),
        brokenLinks(
            CONTRACT,
            """
            ## A *b* `c`, d-e
            [a](#a-b-c-d-e) [b](#no) [c](../../README.md) [d](README.md) [e](https://thalweg.org)
            [f](numerics.md#sums) [g](numerics.md#chess)
            ```
            [h](nothing.md)
            ```
            """));
  }

  // ---- Names in a text.

  private static List<String> missing(Path file, String whole, List<Path> tree) throws IOException {
    boolean page = file.toString().endsWith(".md");
    String text = page ? LINK.matcher(whole).replaceAll("]") : whole; // links: see brokenLinks
    List<String> missing = new ArrayList<>();
    for (MatchResult match : all(DOCUMENT.pattern(), text)) {
      String name = match.group();
      boolean beside = page && Files.exists(file.resolveSibling(name));
      if (!beside && !Files.exists(Path.of(name))) {
        missing.add(name);
      }
    }
    for (MatchResult match : all(FILE.pattern(), text)) {
      String name = match.group().replaceFirst("[.>]+$", "");
      if (!matchesOne(name, tree)) {
        missing.add(name);
      }
    }
    for (MatchResult match : all(KERNEL_OR_DRIVER.pattern(), text)) {
      if (tree.stream().noneMatch(path -> path.endsWith(match.group()))) {
        missing.add(match.group());
      }
    }
    for (MatchResult match : all(CLASS.pattern(), text)) {
      String path = "org/thalweg/" + match.group(1).replace('.', '/') + match.group(2) + ".java";
      if (tree.stream().noneMatch(source -> source.endsWith(path))) {
        missing.add(match.group());
      }
    }
    for (MatchResult match : all(TEST.pattern(), text)) {
      String test = match.group(1) + ".java";
      if (tree.stream().noneMatch(source -> source.endsWith(test))) {
        missing.add(match.group(1));
      }
    }
    for (MatchResult match : all(SECTION.pattern(), text)) {
      Path named = Path.of(match.group(1));
      if (Files.exists(named)
          && !headings(Files.readString(named)).contains(slug(match.group(2)))) {
        missing.add(match.group().replaceAll(",\\s*(\\*|//|#)?\\s*\"", ", \""));
      }
    }
    return missing;
  }

  private static boolean matchesOne(String name, List<Path> tree) {
    String glob = name.replaceAll("<[^>]*>", "*").replaceFirst("/$", "");
    if (!glob.contains("*")) {
      return Files.exists(Path.of(glob));
    }
    PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
    return tree.stream().anyMatch(matcher::matches);
  }

  private static List<MatchResult> all(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().toList();
  }

  // ---- Links.

  private static List<String> brokenLinks(Path page, String text) throws IOException {
    List<String> broken = new ArrayList<>();
    for (MatchResult match : all(LINK.pattern(), withoutListings(text))) {
      String target = match.group(1);
      if (target.matches("[a-z]+:.*")) {
        continue;
      }
      String[] halves = target.split("#", 2);
      Path to = halves[0].isEmpty() ? page : page.resolveSibling(halves[0]).normalize();
      if (!Files.exists(to)) {
        broken.add(target);
      } else if (halves.length > 1) {
        String there = halves[0].isEmpty() ? text : Files.readString(to);
        if (!headings(there).contains(halves[1])) {
          broken.add(target);
        }
      }
    }
    return broken;
  }

  private static String withoutListings(String text) {
    return text.replaceAll("(?ms)^```.*?^```$", "");
  }

  /** The anchors of a page's headings. */
  private static Set<String> headings(String text) {
    Set<String> anchors = new LinkedHashSet<>();
    all(HEADING.pattern(), withoutListings(text))
        .forEach(heading -> anchors.add(slug(heading.group(1))));
    return anchors;
  }

  /** As GitHub makes an anchor of a heading. */
  private static String slug(String heading) {
    return heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
  }
}
