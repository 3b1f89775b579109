package org.thalweg.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.CsvOptions.DecimalMark;
import org.thalweg.data.DataException;
import org.thalweg.data.Datasets;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Options for how a CSV file is written. */
final class CsvFormat {
  private static final Map<String, Character> SEPARATORS =
      Map.of(
          ",",
          ',',
          ";",
          ';',
          "|",
          '|',
          "\t",
          '\t',
          "\\t",
          '\t',
          "tab",
          '\t',
          "comma",
          ',',
          "semicolon",
          ';');

  @Option(
      names = "--separator",
      converter = SeparatorConverter.class,
      paramLabel = "SEPARATOR",
      description =
          "What separates the fields of a CSV file: , or ; or | (in quotes) or tab. Default: found"
              + " from its first lines.")
  private @Nullable Character separator;

  @Option(
      names = "--decimal",
      paramLabel = "point|comma|auto",
      description =
          "What numbers of a CSV file have before their fraction. Default: auto, which is a point"
              + " if the first lines do not show a comma.")
  private DecimalMark decimal = DecimalMark.AUTO;

  /** Reads the value of --separator. */
  static final class SeparatorConverter implements ITypeConverter<Character> {
    @Override
    public Character convert(String value) {
      Character found = SEPARATORS.get(value.toLowerCase(Locale.ROOT));
      if (found == null) {
        throw new TypeConversionException(
            "must be , or ; or | or tab, not \"%s\"".formatted(value));
      }
      return found;
    }
  }

  @Nullable Character separator() {
    return separator;
  }

  DecimalMark decimal() {
    return decimal;
  }

  /** The columns that an option lists, as a line of a CSV file: in quotes if they have a comma. */
  static List<String> columns(CommandSpec spec, String option, @Nullable String listed) {
    if (listed == null) {
      return List.of();
    }
    try {
      List<String> columns = Datasets.fields(option, listed);
      if (columns.stream().noneMatch(String::isEmpty)) {
        return columns;
      }
    } catch (DataException e) {
      throw Usage.wrong(spec, "%s %s: %s", option, listed, String.valueOf(e.getMessage()));
    }
    throw Usage.wrong(spec, "%s %s: expected columns, separated by commas", option, listed);
  }
}
