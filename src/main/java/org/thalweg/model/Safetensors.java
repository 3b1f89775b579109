package org.thalweg.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.thalweg.device.ElementType;

/**
 * The safetensors format: the length of a JSON header as 8 little-endian bytes, the header, the tensors' bytes
 * one behind the other. (Hugging Face, "safetensors", format specification.)
 */
final class Safetensors {
  private Safetensors() {}

  /**
   * A named tensor's contents.
   *
   * @param shape row-major
   * @param data its little-endian bytes
   */
  record Tensor(ElementType type, List<Integer> shape, ByteBuffer data) {}

  static void write(Path file, Map<String, Tensor> tensors) throws IOException {
    List<String> entries = new ArrayList<>();
    int at = 0;
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      Tensor tensor = entry.getValue();
      int end = at + tensor.data.remaining();
      entries.add(
          String.format(
              Locale.ROOT, // digits are digits in every country
              "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
              entry.getKey(),
              tensor.type,
              tensor.shape.toString().replace(" ", ""),
              at,
              end));
      at = end;
    }
    String header = "{" + String.join(",", entries) + "}";
    // Padded with blanks, so that the data begins at a multiple of 8.
    byte[] json = (header + " ".repeat(-header.length() & 7)).getBytes(StandardCharsets.US_ASCII);
    ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + at).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(json.length).put(json);
    tensors.values().forEach(tensor -> bytes.put(tensor.data.duplicate()));
    bytes.flip();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException e) {
      Files.deleteIfExists(file); // half a model is none
      throw new IOException("writing %s: %s".formatted(file, e.getMessage()), e);
    }
  }
}
