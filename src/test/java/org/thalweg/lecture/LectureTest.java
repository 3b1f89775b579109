package org.thalweg.lecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.device.Device;
import org.thalweg.device.TestDevices;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.optim.Optimizers;
import org.thalweg.plot.Picture;
import org.thalweg.plot.Plot;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The lecture's claims, and the page that shows them. */
class LectureTest {
  /** Claims whose experiments the software driver makes in a second or so. */
  private static final Set<String> SHORT =
      Set.of("learning-rate", "two-forms", "bias-correction", "newton");

  @TempDir Path folder;

  @Test
  void everyClaimHoldsAndItsPicturesAreOnThePage() throws Exception {
    Gallery gallery = new Gallery(this::draw);
    try (Device device = new JavaDevice()) {
      for (Lesson lesson : Lecture.lessons()) {
        Evidence evidence = Lecture.examine(lesson, device);
        assertTrue(evidence.holds(), lesson.name() + ": " + evidence.measured());
        gallery.add(lesson, evidence);
      }
      for (Demonstration demonstration : Lecture.demonstrations()) {
        gallery.add(demonstration, Lecture.figures(demonstration, device));
      }
    }
    gallery.write(folder.resolve(Gallery.INDEX), "java");
    Document page = page();
    Set<String> shown = new TreeSet<>(Set.of(Gallery.INDEX));
    for (Element picture : elements(page, "img")) {
      String file = picture.getAttribute("src");
      assertTrue(shown.add(file), file + " is on the page twice");
      assertTrue(ImageIO.read(folder.resolve(file).toFile()).getWidth() >= 600, file);
    }
    try (Stream<Path> files = Files.list(folder)) {
      Set<String> there =
          files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
      assertEquals(there, shown);
    }
    assertEquals(1 + Optimizers.all().size(), elements(page, "tr").size());
    int sections = Lecture.lessons().size() + Lecture.demonstrations().size() + 1;
    assertEquals(sections, elements(page, "section").size());
  }

  @Test
  void whatDoesNotHoldIsReportedAsSuch() throws Exception {
    Lesson lesson =
        new Lesson("odd-one", "1 < 0 & \"so\"", laboratory -> new Evidence(true, "", List.of()));
    Gallery gallery = new Gallery(this::draw);
    gallery.add(lesson, new Evidence(false, "1 > 0.", List.of()));
    gallery.write(folder.resolve(Gallery.INDEX), "none");
    String text = page().getDocumentElement().getTextContent();
    assertTrue(text.contains("with\npictures and figures. The thresholds"), text);
    assertTrue(text.contains("Odd one\n1 < 0 & \"so\"\nDoes not hold. 1 > 0."), text);
  }

  @Test
  @Tag("driver")
  void anotherDeviceFindsTheSame() {
    for (Lesson lesson : Lecture.lessons()) {
      if (SHORT.contains(lesson.name())) {
        try (Device java = new JavaDevice();
            Device driver = TestDevices.DRIVER.open()) {
          Evidence here = Lecture.examine(lesson, java);
          Evidence there = Lecture.examine(lesson, driver);
          assertEquals(here.measured(), there.measured());
        }
      }
    }
  }

  private boolean draw(String file, Picture picture) throws IOException {
    Plot.write(folder.resolve(file), picture);
    return true;
  }

  /** The page is XML, too. */
  private Document page() throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(Files.newInputStream(folder.resolve(Gallery.INDEX)));
  }

  private static List<Element> elements(Document page, String name) throws IOException {
    NodeList nodes = page.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }
}
