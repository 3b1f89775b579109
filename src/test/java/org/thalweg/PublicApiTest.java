package org.thalweg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.device.TestDevices;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;

/** What is public can be used from another package: its signatures name nothing that is hidden. */
class PublicApiTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ArchitectureTest.WithoutTests())
          .importPackages("org.thalweg");

  private static boolean visible(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC)
        && type.getEnclosingClass().map(PublicApiTest::visible).orElse(true);
  }

  /** The types that a member's signature names, those of generics too. */
  private static Set<JavaClass> named(JavaMember member) {
    List<JavaType> types = new ArrayList<>();
    if (member instanceof JavaField field) {
      types.add(field.getType());
    } else if (member instanceof JavaCodeUnit code) {
      types.add(code.getReturnType());
      types.addAll(code.getParameterTypes());
      types.addAll(code.getExceptionTypes());
    }
    Set<JavaClass> named = new LinkedHashSet<>();
    types.forEach(type -> named.addAll(type.getAllInvolvedRawTypes()));
    return named;
  }

  @Test
  void publicSignaturesNamePublicTypes() {
    List<String> hidden = new ArrayList<>();
    int members = 0;
    for (JavaClass type : CLASSES) {
      for (JavaMember member : visible(type) ? type.getMembers() : Set.<JavaMember>of()) {
        boolean open =
            member.getModifiers().contains(JavaModifier.PUBLIC)
                || member.getModifiers().contains(JavaModifier.PROTECTED);
        for (JavaClass name : open ? named(member) : Set.<JavaClass>of()) {
          members++;
          if (name.getPackageName().startsWith("org.thalweg")
              && !visible(name.getBaseComponentType())) {
            hidden.add(member.getFullName() + " names " + name.getName());
          }
        }
      }
    }
    assertTrue(members > 1000, members + " were found");
    assertEquals("", String.join("\n", hidden));
  }

  /** As the compiler sees it from here: every value's type must be accessible. */
  @Test
  void varOnTheJavaDevice() {
    try (var device = new JavaDevice(1);
        var array = device.allocate(ElementType.F32, 4);
        var slice = array.slice(1, 2);
        var wrapped = device.wrap(new float[] {1, 2})) {
      device.copy(wrapped, slice);
      assertArrayEquals(new double[] {0, 1, 2, 0}, device.download(array));
    }
  }

  @Test
  @Tag("driver")
  void varOnTheCudaDevice() {
    try (var device = TestDevices.openDriver();
        var array = device.allocate(ElementType.F32, 4);
        var slice = array.slice(1, 2);
        var wrapped = device.wrap(device.address(slice), ElementType.F32, 2)) {
      device.upload(wrapped, 1.0, 2.0);
      assertArrayEquals(new double[] {0, 1, 2, 0}, device.download(array));
      assertEquals(device.address(array) + 4, device.address(slice));
      assertTrue(device.stream() != 0);
    }
  }
}
