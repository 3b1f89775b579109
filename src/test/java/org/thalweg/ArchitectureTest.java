package org.thalweg;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which package may depend on which: the table of CONTRIBUTING.md. */
@AnalyzeClasses(packages = "org.thalweg", importOptions = ArchitectureTest.WithoutTests.class)
class ArchitectureTest {
  /** In whatever folder the build stands: ArchUnit's own option knows target/ only. */
  static final class WithoutTests implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("/test-classes/");
    }
  }

  private static final Path SOURCES = Path.of("src/main/java/org/thalweg");

  private static final String ROOT = "org.thalweg.";

  /** Each package, lowest first, and the packages that it may know. */
  private static final Map<String, List<String>> KNOWS = new TreeMap<>();

  static {
    List<String> rules = List.of("numeric", "optim", "loss");
    List<String> devices = with(rules, "device");
    List<String> models = with(devices, "data", "model");
    List<String> training = with(models, "train");
    KNOWS.put("numeric", List.of());
    KNOWS.put("optim", List.of("numeric"));
    KNOWS.put("loss", List.of("numeric"));
    KNOWS.put("device", rules);
    KNOWS.put("device.java", devices);
    KNOWS.put("device.cuda", devices);
    KNOWS.put("data", List.of("numeric"));
    KNOWS.put("model", with(devices, "data"));
    KNOWS.put("train", models);
    KNOWS.put("minimize", models);
    KNOWS.put("check", with(models, "minimize"));
    KNOWS.put("plot", List.of("data"));
    KNOWS.put("compare", with(training, "plot", "minimize"));
    KNOWS.put("lecture", with(training, "plot", "minimize", "check", "compare"));
    KNOWS.put("selftest", with(training, "device.java"));
    KNOWS.put("bench", training);
    KNOWS.put("cli", List.copyOf(KNOWS.keySet()));
  }

  private static List<String> with(List<String> known, String... more) {
    return Stream.concat(known.stream(), Stream.of(more)).toList();
  }

  @ArchTest
  static final ArchRule NO_CYCLES = slices().matching("org.thalweg.(**)").should().beFreeOfCycles();

  @ArchTest
  static void packagesDependOnWhatTheyMay(JavaClasses classes) {
    KNOWS.forEach(
        (name, known) -> {
          TreeSet<String> others = new TreeSet<>(KNOWS.keySet());
          others.removeAll(known);
          others.remove(name);
          if (!others.isEmpty()) {
            String[] packages = others.stream().map(ROOT::concat).toArray(String[]::new);
            noClasses()
                .that()
                .resideInAPackage(ROOT + name)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(packages)
                .check(classes);
          }
        });
  }

  @ArchTest
  static void everyPackageIsInTheTable(JavaClasses classes) {
    TreeSet<String> packages = new TreeSet<>();
    for (JavaClass one : classes) {
      packages.add(one.getPackageName().substring(ROOT.length()));
    }
    assertEquals(KNOWS.keySet(), packages);
  }

  /** An import that only a comment needs is not in the classes: so in the sources, too. */
  @Test
  void importsNameWhatTheyMay() throws IOException {
    List<String> wrong = new ArrayList<>();
    Pattern imported = Pattern.compile("import (?:static )?org\\.thalweg\\.([a-z.]*[a-z])\\.[A-Z]");
    for (String name : KNOWS.keySet()) {
      try (Stream<Path> files = Files.list(SOURCES.resolve(name.replace('.', '/')))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Matcher matcher = imported.matcher(Files.readString(file));
          while (matcher.find()) {
            String other = matcher.group(1);
            if (!other.equals(name) && !KNOWS.get(name).contains(other)) {
              wrong.add(file + " imports from " + other);
            }
          }
        }
      }
    }
    assertEquals(List.of(), wrong);
  }

  /** What is optional in the POM. */
  @ArchTest
  static final ArchRule ONLY_THE_COMMAND_USES_PICOCLI =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.thalweg.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("picocli..");

  @ArchTest
  static final ArchRule ONLY_THE_CUDA_DEVICE_USES_JCUDA =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.thalweg.device.cuda..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jcuda..");

  @ArchTest
  static final ArchRule ONLY_THE_COMMAND_LINE_PRINTS =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.thalweg.cli..")
          .should()
          .accessField(System.class, "out")
          .orShould()
          .accessField(System.class, "err");
}
