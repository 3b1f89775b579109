package org.thalweg.train;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.SafetensorsHeader;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.model.Safetensors;

/**
 * A file with the state of a training that is being read, all of whose bytes its checksum has
 * confirmed. Anything unexpected is an {@link IOException}, whose message names the file and the
 * place.
 */
final class StateFile implements Closeable {
  private static final String VERSION = "2";

  private final Path file;
  private final Safetensors saved;

  /**
   * Opens a file of a format.
   *
   * @param format the metadata key that identifies it
   */
  StateFile(Path file, String format) throws IOException {
    this.file = file;
    saved = new Safetensors(file);
    try {
      expect("metadata " + format, VERSION, saved.metadata().get(format));
      expect("checksum", true, saved.checked());
    } catch (IOException e) {
      saved.close();
      throw e;
    }
  }

  /** The metadata that a file of a format begins with. */
  static Map<String, String> metadata(String format) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(format, VERSION);
    return metadata;
  }

  /** The arrays as tensors of one dimension. */
  static Map<String, Safetensors.Tensor> tensors(Device device, Map<String, Array> arrays) {
    Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
    arrays.forEach(
        (name, array) -> tensors.put(name, Safetensors.Tensor.of(device, array, array.count())));
    return tensors;
  }

  Safetensors saved() {
    return saved;
  }

  void expect(String what, Object expected, @Nullable Object found) throws IOException {
    if (!expected.equals(found)) {
      throw wrong(what, expected, found);
    }
  }

  IOException wrong(String what, Object expected, @Nullable Object found) {
    String message = "%s: %s: %s is needed, not %s".formatted(file, what, expected, found);
    return new IOException(message.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?"));
  }

  /** Checks the type and count of each array. */
  void expectShapes(Map<String, Array> arrays) throws IOException {
    for (Map.Entry<String, Array> array : arrays.entrySet()) {
      SafetensorsHeader.Entry entry = saved.tensors().get(array.getKey());
      String what = "tensor " + array.getKey();
      expect(what, array.getValue().type().name(), entry == null ? null : entry.dtype());
      expect(what, List.of(array.getValue().count()), entry == null ? null : entry.shape());
    }
  }

  /** Reads the arrays. */
  void read(Device device, Map<String, Array> arrays) throws IOException {
    for (Map.Entry<String, Array> array : arrays.entrySet()) {
      saved.read(array.getKey(), device, array.getValue());
    }
  }

  @Override
  public void close() throws IOException {
    saved.close();
  }
}
