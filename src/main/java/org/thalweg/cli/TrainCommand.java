package org.thalweg.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.cuda.Matmul;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.train.Score;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code thalweg train}. */
@Command(
    name = "train",
    description = "Trains softmax regression and saves the model.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    abbreviateSynopsis = true)
final class TrainCommand implements Callable<Integer> {
  private static final List<String> DATA = List.of("digits");

  /** What the help lists: the registry. */
  static final class OptimizerNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Optimizers.names().iterator();
    }
  }

  @Parameters(
      paramLabel = "DATA",
      description = "The data set: digits (1,437 training and 360 test images, 8x8, in the jar).")
  private String data = "";

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "${COMPLETION-CANDIDATES}; auto is cuda where there is a GPU, else java. Default: ${DEFAULT-VALUE}.")
  private DeviceChoice device = DeviceChoice.auto;

  @Option(
      names = "--matmul",
      paramLabel = "NAME",
      defaultValue = "own",
      description =
          "What computes products on a GPU: ${COMPLETION-CANDIDATES}; cuBLAS 12 must be installed, and sums in an"
              + " order of its own, so that weights are the same only with own. Default: ${DEFAULT-VALUE}.")
  private Matmul matmul = Matmul.OWN;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      defaultValue = "adam",
      completionCandidates = OptimizerNames.class,
      description = "${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private String optimizer = "";

  @Option(
      names = "--lr",
      paramLabel = "X",
      defaultValue = "0.01",
      description = "Learning rate. Default: ${DEFAULT-VALUE}.")
  private double lr;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "32",
      description = "Rows of a minibatch. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "30",
      description = "Passes through the training rows. Default: ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(
      names = "--l2",
      paramLabel = "X",
      defaultValue = "0",
      description =
          "Adds X times the sum of the squared weights to the loss. Default: ${DEFAULT-VALUE}.")
  private double l2;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of the first weights and of the order of the rows. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--json",
      description = "Prints one JSON object for each epoch and one at the end, and nothing else.")
  private boolean json;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "A new folder for the model. Default: the first of runs/DATA-1, -2, ... that is free.")
  private @Nullable Path out;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Settings settings = settings();
    Path folder = createFolder();
    try (DeviceChoice.Opened opened = device.open(matmul)) {
      train(opened, settings, folder);
    } catch (RuntimeException | IOException e) {
      try {
        Files.delete(folder); // empty, for the model is written last; unless it is there
      } catch (IOException notEmpty) {
        e.addSuppressed(notEmpty);
      }
      throw e;
    }
    return 0;
  }

  /** Everything that can be wrong with the options, as wrong usage. */
  private Settings settings() {
    if (!DATA.contains(data)) {
      throw wrong(
          "no data set is called %s; there are %s".formatted(data, String.join(", ", DATA)));
    }
    try {
      Optimizer rule = Optimizers.named(optimizer).withLr(lr);
      return Settings.DEFAULT
          .withOptimizer(rule)
          .withBatch(batch)
          .withEpochs(epochs)
          .withL2(l2)
          .withSeed(seed);
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private Path createFolder() throws IOException {
    for (int n = 1; ; n++) {
      Path folder = out == null ? Path.of("runs", data + "-" + n) : out;
      try {
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        return Files.createDirectory(folder);
      } catch (FileAlreadyExistsException e) {
        if (out != null) {
          throw wrong("--out %s exists already; name a new folder".formatted(out));
        }
      } catch (IOException e) {
        throw new IOException("cannot create the folder %s: %s".formatted(folder, e), e);
      }
    }
  }

  private void train(DeviceChoice.Opened opened, Settings settings, Path folder)
      throws IOException {
    PrintWriter print = spec.commandLine().getOut();
    Dataset.Split split = Digits.load();
    long start = System.nanoTime();
    if (!json) {
      print.printf("device      %s%n", opened);
      print.printf(
          "data        %s: %d training rows, %d test rows%n",
          data, split.train().rows(), split.test().rows());
      print.printf("optimizer   %s%n%n", settings.optimizer());
      print.printf("epoch      loss  accuracy%n");
      print.flush();
    }
    try (Trainer trainer = new Trainer(opened.device(), split.train(), settings)) {
      trainer.train(
          epoch -> {
            print.printf(
                Locale.ROOT,
                json
                    ? "{\"event\":\"epoch\",\"epoch\":%d,\"loss\":%s,\"accuracy\":%s}%n"
                    : "%5d  %8.6f  %8.4f%n",
                epoch.number(),
                epoch.loss(),
                epoch.accuracy());
            print.flush();
          });
      Score train = trainer.score(split.train());
      Score test = trainer.score(split.test());
      double seconds = (System.nanoTime() - start) * 1e-9;
      String crc = "%08x".formatted(trainer.model().crc32());
      Path model = folder.resolve("model.safetensors");
      trainer.model().save(model);
      if (json) {
        print.printf(
            Locale.ROOT,
            "{\"event\":\"done\",\"device\":\"%s\",\"model\":\"%s\",\"epochs\":%d,\"train_loss\":%s,\"train_accuracy\":%s,"
                + "\"test_loss\":%s,\"test_accuracy\":%s,\"seconds\":%.3f,\"weights_crc32\":\"%s\"}%n",
            escape(opened.toString()),
            escape(model.toString()),
            settings.epochs(),
            train.loss(),
            train.accuracy(),
            test.loss(),
            test.accuracy(),
            seconds,
            crc);
      } else {
        print.printf(
            Locale.ROOT,
            "%ntraining    loss %.6f, accuracy %.4f%n",
            train.loss(),
            train.accuracy());
        print.printf(
            Locale.ROOT, "test        loss %.6f, accuracy %.4f%n", test.loss(), test.accuracy());
        print.printf("weights     crc32 %s, saved as %s%n", crc, model);
        print.printf(Locale.ROOT, "time        %.2f s%n", seconds);
      }
      print.flush();
    }
  }

  /** As the inside of a JSON string. */
  static String escape(String text) {
    StringBuilder json = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ') {
        json.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        json.append(c == '"' || c == '\\' ? "\\" : "").append(c);
      }
    }
    return json.toString();
  }
}
