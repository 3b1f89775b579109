package org.thalweg.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.thalweg.device.Device;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;

class SafetensorsTest {
  @TempDir Path folder;

  @Test
  void digitsAreDigitsInEveryCountry() throws Exception {
    Locale here = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
    try {
      aModelIsWrittenAsTheFormatSays();
    } finally {
      Locale.setDefault(here);
    }
  }

  /** Read back by the format's definition: length, header, data at the offsets it names. */
  @Test
  void aModelIsWrittenAsTheFormatSays() throws Exception {
    Path file = folder.resolve("model.safetensors");
    try (Device device = new JavaDevice(1);
        LinearClassifier model = new LinearClassifier(device, ElementType.F32, 3, 2)) {
      model.initialise(new Philox(1, 0), 1);
      ModelFile.save(model, file);
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      byte[] header = new byte[(int) bytes.getLong()];
      bytes.get(header);
      assertEquals(0, header.length % 8);
      String sum = new String(header, 34, 8, StandardCharsets.US_ASCII);
      assertEquals(
          "{\"__metadata__\":{\"thalweg.crc32\":\""
              + sum
              + "\"},\"weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]},"
              + "\"bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}}",
          new String(header, StandardCharsets.US_ASCII).strip());
      assertEquals(32, bytes.remaining());
      assertArrayEquals(bytes.array(), Checksums.renewed(bytes.array()));
      CRC32 crc = new CRC32();
      crc.update(bytes.duplicate());
      assertEquals((int) crc.getValue(), model.crc32());
      for (double w : device.download(model.parameters().get(0).value())) {
        assertEquals((float) w, bytes.getFloat());
      }
      assertThrows(FileAlreadyExistsException.class, () -> ModelFile.save(model, file));
    }
  }
}
