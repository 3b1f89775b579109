package org.thalweg;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** Who may know whom: the table of CONTRIBUTING.md. */
@AnalyzeClasses(packages = "org.thalweg", importOptions = RoomsTest.WithoutTests.class)
class RoomsTest {
  /** In whatever folder the build stands: ArchUnit's own option knows target/ only. */
  static final class WithoutTests implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("/test-classes/");
    }
  }

  private static final String HOUSE = "org.thalweg.";

  /** Each room, and the rooms that it may know. */
  private static final Map<String, List<String>> KNOWS = new TreeMap<>();

  static {
    KNOWS.put("optim", List.of("device"));
    KNOWS.put("loss", List.of("device"));
    KNOWS.put("device", List.of("optim", "loss"));
    KNOWS.put("device.cuda", List.of("device", "optim", "loss"));
    KNOWS.put("data", List.of("device"));
    KNOWS.put("model", List.of("device", "loss", "data"));
    KNOWS.put("train", List.of("device", "optim", "loss", "data", "model"));
    KNOWS.put("minimize", List.of("device", "model"));
    KNOWS.put("check", List.of("device", "loss", "data", "model"));
    KNOWS.put("plot", List.of("data"));
    KNOWS.put("compare", List.of("device", "optim", "loss", "data", "model", "train", "plot"));
    KNOWS.put(
        "lecture",
        List.of(
            "device",
            "optim",
            "loss",
            "data",
            "model",
            "train",
            "minimize",
            "check",
            "plot",
            "compare"));
    KNOWS.put("selftest", List.of("device", "optim", "loss", "data", "model", "train"));
    KNOWS.put("bench", List.of("device", "optim", "loss", "data", "model", "train"));
    KNOWS.put("cli", List.copyOf(KNOWS.keySet()));
  }

  @ArchTest
  static void roomsKnowWhomTheyMay(JavaClasses classes) {
    KNOWS.forEach(
        (room, known) -> {
          TreeSet<String> others = new TreeSet<>(KNOWS.keySet());
          others.removeAll(known);
          others.remove(room);
          if (!others.isEmpty()) {
            String[] packages = others.stream().map(HOUSE::concat).toArray(String[]::new);
            noClasses()
                .that()
                .resideInAPackage(HOUSE + room)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(packages)
                .check(classes);
          }
        });
  }

  @ArchTest
  static void everyRoomIsInTheTable(JavaClasses classes) {
    TreeSet<String> rooms = new TreeSet<>();
    for (JavaClass one : classes) {
      rooms.add(one.getPackageName().substring(HOUSE.length()));
    }
    assertEquals(KNOWS.keySet(), rooms);
  }

  @ArchTest
  static final ArchRule ONLY_THE_CUDA_ROOM_SEES_JCUDA =
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
