package org.thalweg;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.CompositeArchRule;

/**
 * Who may know whom. From the bottom: device (with optim and loss, the values it computes with),
 * then data and model, then train and check, then cli.
 */
@AnalyzeClasses(packages = "org.thalweg", importOptions = RoomsTest.WithoutTests.class)
class RoomsTest {
  /** In whatever folder the build stands: ArchUnit's own option knows target/ only. */
  static final class WithoutTests implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("/test-classes/");
    }
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
  static final ArchRule DEVICES_KNOW_NOTHING_ABOVE_THEM =
      below("org.thalweg.device..", "data", "model", "train", "check", "cli");

  @ArchTest
  static final ArchRule FORMULAS_KNOW_NO_PARTICULAR_DEVICE =
      CompositeArchRule.of(
              below("org.thalweg.optim..", "data", "model", "train", "check", "cli", "device.cuda"))
          .and(
              below("org.thalweg.loss..", "data", "model", "train", "check", "cli", "device.cuda"));

  @ArchTest
  static final ArchRule DATA_KNOWS_NO_MODEL =
      below("org.thalweg.data..", "model", "train", "check", "cli", "device.cuda");

  @ArchTest
  static final ArchRule MODELS_KNOW_NO_TRAINER =
      below("org.thalweg.model..", "train", "check", "cli", "device.cuda");

  @ArchTest
  static final ArchRule TRAINING_KNOWS_NO_COMMAND_LINE =
      below("org.thalweg.train..", "check", "cli", "device.cuda");

  @ArchTest
  static final ArchRule CHECKS_KNOW_NO_TRAINER =
      below("org.thalweg.check..", "train", "optim", "cli", "device.cuda");

  @ArchTest
  static final ArchRule NOTHING_KNOWS_THE_COMMAND_LINE =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.thalweg.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.thalweg.cli..");

  @ArchTest
  static final ArchRule ONLY_THE_COMMAND_LINE_PRINTS =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.thalweg.cli..")
          .should()
          .accessField(System.class, "out")
          .orShould()
          .accessField(System.class, "err");

  private static ArchRule below(String room, String... above) {
    String[] packages = new String[above.length];
    for (int i = 0; i < above.length; i++) packages[i] = "org.thalweg." + above[i] + "..";
    return noClasses()
        .that()
        .resideInAPackage(room)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(packages);
  }
}
