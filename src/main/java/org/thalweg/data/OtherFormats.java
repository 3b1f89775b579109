package org.thalweg.data;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.Nearest;

/** Why something that was named as data is not read, and what to do. */
final class OtherFormats {
  private static final String CSV = "; write it as CSV";

  /** What a file is by the end of its name, in lower case, and what to do with it. */
  private static final Map<String, String> ENDINGS = new LinkedHashMap<>();

  static {
    ENDINGS.put(".dat", "if it is a table of texts and numbers, name it .csv");
    ENDINGS.put(".parquet", "a Parquet table; write it as CSV, as pandas.DataFrame.to_csv does");
    ENDINGS.put(".feather", "an Arrow table; write it as CSV, as pandas.DataFrame.to_csv does");
    ENDINGS.put(".arrow", "an Arrow table; write it as CSV, as pandas.DataFrame.to_csv does");
    ENDINGS.put(".pkl", "a Python object; write it as CSV, as pandas.DataFrame.to_csv does");
    ENDINGS.put(".h5", "an HDF5 file" + CSV);
    ENDINGS.put(".hdf5", "an HDF5 file" + CSV);
    ENDINGS.put(".mat", "a file of MATLAB" + CSV);
    ENDINGS.put(".arff", "a file of Weka" + CSV);
    ENDINGS.put(".json", "a JSON file" + CSV);
    ENDINGS.put(".jsonl", "a JSON file" + CSV);
    ENDINGS.put(".xlsx", "a spreadsheet; save it as CSV in UTF-8");
    ENDINGS.put(".xls", "a spreadsheet; save it as CSV in UTF-8");
    ENDINGS.put(".ods", "a spreadsheet; save it as CSV in UTF-8");
    ENDINGS.put(".zip", "an archive; unpack it");
    ENDINGS.put(".tar", "an archive; unpack it");
    ENDINGS.put(".tar.gz", "an archive; unpack it");
    ENDINGS.put(".tgz", "an archive; unpack it");
    ENDINGS.put(".bz2", "a compressed file; unpack it, or compress it by gzip");
    ENDINGS.put(".xz", "a compressed file; unpack it, or compress it by gzip");
    ENDINGS.put(".zst", "a compressed file; unpack it, or compress it by gzip");
    ENDINGS.put(".cvs", "the end of its name may be meant to be .csv");
    ENDINGS.put(".png", "a picture; thalweg predict takes pictures");
    ENDINGS.put(".jpg", "a picture; thalweg predict takes pictures");
    ENDINGS.put(".jpeg", "a picture; thalweg predict takes pictures");
    ENDINGS.put(".bin", "if it is of CIFAR-10: cifar10 --data-dir with its folder");
  }

  private OtherFormats() {}

  /** A sentence about a name that is neither a data set's nor a CSV file's. */
  static String refusal(String name, List<String> names) {
    String allowed =
        "there are %s, paths that end in .csv, .tsv, .tab, .txt, .data, .svm, .libsvm or .svmlight"
                .formatted(String.join(", ", names))
            + " (with .gz or without) or in .npy, .npz or .safetensors, and - for standard input";
    if (name.isBlank()) {
      return "the name of the data is empty; " + allowed;
    }
    String known = known(name);
    if (known != null) {
      return "%s: not read: %s; %s".formatted(name, known, allowed);
    }
    return Nearest.to(name, names)
        .map(
            near ->
                "no data set is called %s; did you mean %s? T%s"
                    .formatted(name, near, allowed.substring(1)))
        .orElse("no data set is called %s; %s".formatted(name, allowed));
  }

  /** What a name stands for as far as we know; null if we do not. */
  private static @Nullable String known(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.matches(".*idx[13]-ubyte([.]gz)?")) {
      return "one of the four files of mnist or fashion-mnist; name that, and the folder by"
          + " --data-dir";
    }
    for (Map.Entry<String, String> ending : ENDINGS.entrySet()) {
      if (lower.endsWith(ending.getKey())) {
        return ending.getValue();
      }
    }
    try {
      Path path = Path.of(name);
      if (Files.isDirectory(path)) {
        return "a folder; name a file in it, or one of the data sets and the folder by --data-dir";
      }
      return Files.exists(path) ? "the end of the name does not say what it is" : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }
}
