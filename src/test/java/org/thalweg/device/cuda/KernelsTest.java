package org.thalweg.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.DeviceException;
import org.thalweg.device.TestDevices;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/** A kernel is compiled alone, when it is first needed. */
class KernelsTest {
  private static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)\\(");

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("kernels/ptx"))) {
      return files.filter(file -> file.toString().endsWith(".ptx")).sorted().toList();
    }
  }

  private static List<String> kernels(String ptx) {
    return ENTRY.matcher(ptx).results().map((MatchResult m) -> m.group(1)).toList();
  }

  /** Each with what is declared for all, and with its own braces closed. */
  @Test
  void eachIsWholeAndAlone() throws IOException {
    int found = 0;
    for (Path source : sources()) {
      String ptx = Files.readString(source);
      for (String kernel : kernels(ptx)) {
        String alone = Kernels.alone(ptx, source.toString(), kernel);
        assertEquals(List.of(kernel), kernels(alone));
        assertTrue(alone.contains(".target sm_75"), kernel);
        assertEquals(ptx.contains(".extern .shared"), alone.contains(".extern .shared"), kernel);
        assertEquals(
            alone.chars().filter(c -> c == '{').count(),
            alone.chars().filter(c -> c == '}').count(),
            kernel);
        found++;
      }
    }
    assertTrue(found > 100, found + " kernels");
    String data = Files.readString(Path.of("kernels/ptx/data.ptx"));
    assertThrows(DeviceException.class, () -> Kernels.alone(data, "data", "tally")); // tally_f32
  }

  @Test
  @Tag("driver")
  void aTrainingCompilesWhatItNeeds() throws IOException {
    Dataset rows = Digits.load().train();
    Set<String> loaded = new TreeSet<>();
    try (CudaDevice device = TestDevices.openDriver();
        Trainer trainer = new Trainer(device, rows, Settings.DEFAULT.withEpochs(1))) {
      trainer.train(epoch -> {});
      List<String> all = new ArrayList<>();
      for (Path source : sources()) {
        all.addAll(kernels(Files.readString(source)));
      }
      all.stream()
          .filter(kernel -> device.context().kernels().find(kernel) != null)
          .forEach(loaded::add);
    }
    assertEquals(Set.of("forward_softmax_u8_f32", "backward_adam_f32"), loaded);
  }
}
