package org.thalweg.data;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.thalweg.numeric.Nearest;

/** Files of arrays: .npy holds one; .npz and .safetensors may hold several, each with a name. */
final class ArrayFiles {
  private static final List<String> ENDINGS = List.of(".npy", ".npz", ".safetensors");

  /** Stands between the name of a file and that of an array in it. */
  private static final char IN = '#';

  private ArrayFiles() {}

  /** Whether a name is that of such a file, or of an array in one. */
  static boolean is(String name) {
    String file = file(name).toLowerCase(Locale.ROOT);
    return ENDINGS.stream().anyMatch(file::endsWith);
  }

  /** The file of a name that may have an array behind it. */
  static String file(String name) {
    int at = name.lastIndexOf(IN);
    String before = at < 0 ? name : name.substring(0, at);
    String lower = before.toLowerCase(Locale.ROOT);
    return ENDINGS.stream().anyMatch(lower::endsWith) ? before : name;
  }

  /**
   * Finds an array. Where the name has none, it is the only one of the file, or else the only one
   * with so many dimensions.
   *
   * @param check throws if it is not one that is wanted, before anything is unpacked
   * @throws DataException if there is none, or which is not clear
   */
  static Elements find(Path path, int dimensions, Consumer<Elements> check) {
    String text = path.toString();
    String file = file(text);
    String array = file.length() == text.length() ? null : text.substring(file.length() + 1);
    Path own = Path.of(file);
    String lower = file.toLowerCase(Locale.ROOT);
    if (lower.endsWith(".npz")) {
      return Npz.read(
          own,
          npz -> {
            String name = choose(own, npz.names(), npz::header, array, dimensions);
            check.accept(npz.header(name));
            return npz.open(name);
          });
    }
    if (array != null && lower.endsWith(".npy")) {
      throw new DataException(
          "%s: an .npy file has one array: leave #%s out".formatted(file, array));
    }
    Elements found =
        lower.endsWith(".safetensors") ? safetensors(own, array, dimensions) : Npy.read(own);
    check.accept(found);
    return found;
  }

  private interface Header {
    Elements of(String name) throws IOException;
  }

  private static String choose(
      Path file, Iterable<String> names, Header header, @Nullable String asked, int dimensions)
      throws IOException {
    List<String> all = new ArrayList<>();
    names.forEach(all::add);
    if (asked != null && !all.contains(asked)) {
      throw new DataException(
          "%s: no array is called %s%s; it has %s"
              .formatted(
                  file,
                  Csv.quote(asked),
                  Nearest.to(asked, all).map(near -> ", did you mean " + near + "?").orElse(""),
                  Csv.listed(all)));
    }
    if (asked != null || all.size() == 1) {
      return asked == null ? all.get(0) : asked;
    }
    List<String> fitting = new ArrayList<>();
    for (String name : all) {
      try {
        if (header.of(name).shape().length == dimensions) {
          fitting.add(name);
        }
      } catch (DataException e) {
        // An array that is not read is not meant.
      }
    }
    if (fitting.size() != 1) {
      throw new DataException(
          "%s: which of its arrays is not clear: name one, as %s#%s; it has %s"
              .formatted(
                  file, file.getFileName(), all.isEmpty() ? "x" : all.get(0), Csv.listed(all)));
    }
    return fitting.get(0);
  }

  private static Elements safetensors(Path file, @Nullable String asked, int dimensions) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      SafetensorsHeader header =
          SafetensorsHeader.parse(file, SafetensorsHeader.read(file, channel), channel.size());
      if (header.tensors().isEmpty()) {
        throw new DataException(file + ": it has no tensor");
      }
      Header of = name -> elements(file, name, header);
      return of.of(choose(file, header.tensors().keySet(), of, asked, dimensions));
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      throw message.startsWith(file + ": ")
          ? new DataException(message)
          : DataException.reading(file, e);
    }
  }

  private static Elements elements(Path file, String name, SafetensorsHeader header) {
    SafetensorsHeader.Entry entry = header.tensors().get(name);
    if (entry == null) {
      throw new IllegalArgumentException(name);
    }
    String dtype = entry.dtype();
    char kind =
        switch (dtype) {
          case "BOOL" -> 'b';
          case "U8", "U16", "U32", "U64" -> 'u';
          case "I8", "I16", "I32", "I64" -> 'i';
          case "F16", "F32", "F64" -> 'f';
          case "BF16" -> 'B';
          default ->
              throw new DataException(
                  "%s#%s: elements of type %s are not read: save them as F16, BF16 or F32"
                      .formatted(file, name, dtype));
        };
    int bytes = dtype.equals("BOOL") ? 1 : Integer.parseInt(dtype.replaceAll("[^0-9]", "")) / 8;
    long[] shape = entry.shape().stream().mapToLong(n -> n).toArray();
    return new Elements(
        file, file + "#" + name, kind, bytes, false, shape, header.data() + entry.begin(), false);
  }
}
