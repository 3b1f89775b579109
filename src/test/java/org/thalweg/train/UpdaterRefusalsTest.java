package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.TestDevices;
import org.thalweg.model.Checksums;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Adam;
import org.thalweg.optim.Group;
import org.thalweg.optim.Sgd;

/** What an updater refuses, and that nothing has been changed by it. */
class UpdaterRefusalsTest {
  private static final Adam ADAM = UpdaterTest.ADAM;

  @TempDir Path folder;

  /** Each file that does not fit, what its error names, and that nothing has been changed by it. */
  @Test
  void whatDoesNotFitIsRefused() throws Exception {
    Path good = folder.resolve("good");
    try (Device device = TestDevices.JAVA_1.open();
        Array w = device.of(ElementType.F32, 1, 2, 3);
        Array g = device.of(ElementType.F32, 1, 2, 3);
        Array w64 = device.of(ElementType.F64, 1, 2, 3);
        Array g64 = device.of(ElementType.F64, 1, 2, 3);
        Array w2 = device.of(ElementType.F32, 1, 2, 3);
        Updater updater = UpdaterTest.updater(device, ADAM, w, g, UpdateOptions.PLAIN)) {
      updater.step();
      updater.save(good);
      assertThrows(FileAlreadyExistsException.class, () -> updater.save(good));
      try (Updater rule = UpdaterTest.updater(device, new Sgd(0.01), w, g, UpdateOptions.PLAIN);
          Updater beta =
              UpdaterTest.updater(
                  device, new Adam(0.01, 0.8, 0.999, 1e-8), w, g, UpdateOptions.PLAIN);
          Updater type = UpdaterTest.updater(device, ADAM, w64, g64, UpdateOptions.PLAIN);
          Updater shape =
              UpdaterTest.updater(device, ADAM, w.slice(0, 2), g.slice(0, 2), UpdateOptions.PLAIN);
          Updater list =
              new Updater(
                  device,
                  ADAM,
                  List.of(new Parameter(w, g, 0), new Parameter(w2, g, 0)),
                  List.of(Group.PLAIN))) {
        assertRefused(rule, good, "rule");
        assertRefused(beta, good, "beta1");
        assertRefused(type, good, "F64 is needed, not F32");
        assertRefused(shape, good, "[2] is needed, not [3]");
        assertRefused(list, good, "state.1.1");
      }
      String text = Files.readString(good, StandardCharsets.ISO_8859_1);
      String[][] changes = {
        {"thalweg.optimizer\":\"2", "thalweg.optimizer\":\"3", "needed, not 3"},
        {"thalweg.crc32", "thalweg.crc64", "checksum"},
        {"\"updates\":\"1", "\"updates\":\"-", "updates"},
        {"\\\"beta1", "\\\"beta3", "hyperparameters"},
        {"\"{\\\"", "\"[\\\"", "hyperparameters"},
        {"state.0.0", "state.\\n0", "state.0.0"},
        {"[3]", "[4]", "state.0.0"},
        {"F32", "U32", "needed, not U32"},
        {"{\"__", "[\"__", "header"},
      };
      for (String[] change : changes) {
        assertTrue(text.contains(change[0]), change[0]);
        String changed =
            text.substring(0, text.indexOf(change[0]))
                + change[1]
                + text.substring(text.indexOf(change[0]) + change[0].length());
        Path file = folder.resolve("changed");
        Files.write(file, Checksums.renewed(changed.getBytes(StandardCharsets.ISO_8859_1)));
        assertRefused(updater, file, change[2]);
      }
      for (int length = 0; length < text.length(); length++) {
        Path file = folder.resolve("short");
        Files.writeString(file, text.substring(0, length), StandardCharsets.ISO_8859_1);
        assertRefused(updater, file, "");
      }
      updater.load(good);
    }
    try (var files = Files.list(folder)) {
      assertEquals(3, files.count(), "no part of a file is left behind");
    }
  }

  /** What an update would change twice, or while it is read, and what the message names. */
  @ParameterizedTest
  @EnumSource
  void parametersThatShareElementsAreRefused(TestDevices which) {
    try (Device device = which.open();
        Array all = device.allocate(ElementType.F32, 100);
        Array more = device.allocate(ElementType.F32, 100)) {
      Parameter first = new Parameter(all.slice(0, 10), more.slice(0, 10), 0);
      Map<String, List<Parameter>> wrong = new LinkedHashMap<>();
      wrong.put(
          "parameter 1 (from 0): its value shares elements with the value of parameter 0",
          List.of(first, new Parameter(all.slice(9, 10), more.slice(10, 10), 0)));
      wrong.put(
          "parameter 1 (from 0): its value shares elements with the gradient of parameter 1",
          List.of(
              new Parameter(all.slice(20, 10), all.slice(20, 10), 0),
              new Parameter(all.slice(20, 10), all.slice(29, 10), 0)));
      wrong.put(
          "parameter 1 (from 0): its value shares elements with the gradient of parameter 0",
          List.of(new Parameter(more.slice(5, 10), all.slice(50, 10), 0)));
      wrong.put(
          "parameter 0 (from 0): its value shares elements with the gradient of parameter 1",
          List.of(new Parameter(more.slice(50, 10), all.slice(5, 10), 0)));
      wrong.forEach(
          (message, seconds) ->
              seconds.forEach(second -> assertRefused(device, List.of(first, second), message)));
      assertRefused(device, List.of(), "there must be at least one parameter");
      Parameter beside = new Parameter(all.slice(10, 90), more.slice(5, 90), 0);
      new Updater(device, ADAM, List.of(first, beside), List.of(Group.PLAIN)).close();
    }
  }

  private static void assertRefused(Device device, List<Parameter> parameters, String message) {
    String found =
        assertThrows(
                IllegalArgumentException.class,
                () -> new Updater(device, ADAM, parameters, List.of(Group.PLAIN)).close())
            .getMessage();
    assertTrue(found.startsWith(message), found + ", not " + message);
  }

  private void assertRefused(Updater updater, Path file, String part) throws IOException {
    Path before = folder.resolve("before");
    updater.save(before, true);
    IOException e = assertThrows(IOException.class, () -> updater.load(file), part);
    String message = e.getMessage();
    assertTrue(message.startsWith(file + ": ") && message.contains(part), message);
    assertFalse(message.contains("\n"), message);
    byte[] bytes = Files.readAllBytes(before);
    updater.save(before, true);
    assertArrayEquals(bytes, Files.readAllBytes(before), "changed by " + message);
    Files.delete(before);
  }
}
