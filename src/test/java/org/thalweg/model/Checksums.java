package org.thalweg.model;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * The checksum of a safetensors file of ours, from its description in {@code src/docs/numerics.md}.
 */
public final class Checksums {
  private static final String KEY = "\"thalweg.crc32\":\"";

  private Checksums() {}

  /** The file with the checksum that it ought to have, where it has one. */
  public static byte[] renewed(byte[] file) {
    String text = new String(file, StandardCharsets.ISO_8859_1);
    int at = text.indexOf(KEY) + KEY.length();
    if (at < KEY.length()) {
      return file;
    }
    CRC32 crc = new CRC32();
    crc.update(file, 0, at);
    crc.update(file, at + 8, file.length - at - 8);
    byte[] digits = "%08x".formatted((int) crc.getValue()).getBytes(StandardCharsets.US_ASCII);
    byte[] renewed = file.clone();
    System.arraycopy(digits, 0, renewed, at, 8);
    return renewed;
  }
}
