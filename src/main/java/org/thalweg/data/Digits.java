package org.thalweg.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/**
 * The data set in the jar: 1,797 handwritten digits, 8×8 grey values 0 to 16. The test part of
 * "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998, UCI Machine Learning
 * Repository, CC BY 4.0). The order is by writer, so the last 360 rows, the test set, are nearly
 * all by writers not seen in training.
 */
public final class Digits {
  private static final String FILE = "/org/thalweg/data/digits.csv.gz";
  private static final int ROWS = 1797;
  private static final int TRAIN = 1437;
  private static final int FEATURES = 64;
  private static final int CLASSES = 10;

  private Digits() {}

  /** Training and test rows, scaled to [0, 1]. */
  public static Dataset.Split load() {
    byte[] pixels = new byte[ROWS * FEATURES];
    int[] labels = new int[ROWS];
    try (InputStream file = Objects.requireNonNull(Digits.class.getResourceAsStream(FILE), FILE);
        BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(new GZIPInputStream(file), StandardCharsets.US_ASCII))) {
      for (int row = 0; row < ROWS; row++) {
        String[] fields = Objects.requireNonNull(lines.readLine(), FILE).split(",", -1);
        for (int i = 0; i < FEATURES; i++) {
          pixels[row * FEATURES + i] = Byte.parseByte(fields[i]);
        }
        labels[row] = Integer.parseInt(fields[FEATURES]);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + FILE, e);
    }
    return new Dataset(pixels, labels, FEATURES, CLASSES, 1.0 / 16).splitAt(TRAIN);
  }
}
