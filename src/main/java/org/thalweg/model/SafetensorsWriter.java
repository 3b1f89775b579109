package org.thalweg.model;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32;
import org.thalweg.numeric.Reason;

/** Writes safetensors files with a checksum; {@link Safetensors} reads them. */
final class SafetensorsWriter {
  private SafetensorsWriter() {}

  /** See {@link Safetensors#write}. */
  static void write(
      Path file,
      Map<String, String> metadata,
      Map<String, Safetensors.Tensor> tensors,
      boolean replace)
      throws IOException {
    if (!replace && Files.exists(file)) {
      throw new FileAlreadyExistsException(file.toString()); // before the work is done
    }
    Path part = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".part");
    try (FileChannel channel =
        FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      byte[] header = header(metadata, tensors);
      ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
      drain(start.putLong(header.length).put(header).flip(), channel);
      CRC32 crc = new CRC32();
      crc.update(start.rewind().limit(Safetensors.DIGITS));
      crc.update(start.limit(8 + header.length).position(Safetensors.DIGITS + 8));
      for (Safetensors.Tensor tensor : tensors.values()) {
        long end = tensor.bytes();
        ByteBuffer bytes = Safetensors.buffer(end);
        for (long at = 0; at < end; at += Safetensors.PIECE) {
          int n = (int) Math.min(Safetensors.PIECE, end - at);
          tensor.data().move(at, bytes.clear().limit(n));
          drain(bytes.clear().limit(n), channel);
          crc.update(bytes.flip());
        }
      }
      drain(
          StandardCharsets.US_ASCII.encode(Safetensors.digits(crc)),
          channel.position(Safetensors.DIGITS));
      channel.force(true); // before the name leads to it
      if (replace) {
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      } else {
        Files.move(part, file);
      }
      forceFolder(file);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException e) {
      throw new IOException("writing %s: %s".formatted(file, Reason.of(e)), e);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /**
   * Makes the new name survive a loss of power, where the system can open a folder: not on Windows.
   */
  private static void forceFolder(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      } catch (IOException e) {
        // The file is written, and nothing more can be done for its name.
      }
    }
  }

  private static byte[] header(
      Map<String, String> metadata, Map<String, Safetensors.Tensor> tensors) {
    JsonObject header = new JsonObject();
    JsonObject text = new JsonObject();
    text.addProperty(Safetensors.CRC, "00000000"); // first, and so at Safetensors.DIGITS
    metadata.forEach(text::addProperty);
    header.add(Safetensors.METADATA, text);
    long at = 0;
    for (Map.Entry<String, Safetensors.Tensor> entry : tensors.entrySet()) {
      Safetensors.Tensor tensor = entry.getValue();
      long end = at + tensor.bytes();
      JsonObject object = new JsonObject();
      object.addProperty("dtype", tensor.type().name());
      object.add("shape", array(tensor.shape()));
      object.add("data_offsets", array(List.of(at, end)));
      header.add(entry.getKey(), object);
      at = end;
    }
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    // Padded with blanks, so that the data begins at a multiple of 8.
    return (header + " ".repeat(-json.length & 7)).getBytes(StandardCharsets.UTF_8);
  }

  private static JsonArray array(List<Long> numbers) {
    JsonArray array = new JsonArray();
    numbers.forEach(array::add);
    return array;
  }

  private static void drain(ByteBuffer bytes, FileChannel channel) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
