package org.thalweg.train;

import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Device;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.Driver;
import org.thalweg.device.java.JavaDevice;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;

/**
 * A program for a process of its own, whose environment says how the device works: trains with
 * every optimizer and every loss, in both types, and prints a line with the checksum of the weights
 * for each.
 */
final class TrainEverything {
  private TrainEverything() {}

  public static void main(String[] args) {
    try (Device device =
        args[0].equals("java") ? new JavaDevice() : new CudaDevice(Driver.SOFTWARE, 0)) {
      System.out.print(checksums(device));
    }
  }

  static String checksums(Device device) {
    StringBuilder lines = new StringBuilder();
    Dataset data = Digits.load().train();
    for (Optimizer optimizer : Optimizers.all()) {
      train(device, data, optimizer, new SoftmaxCrossEntropy(), lines);
    }
    for (Loss loss : Losses.examples()) {
      train(device, data, Optimizers.named("adam"), loss, lines);
    }
    return lines.toString();
  }

  private static void train(
      Device device, Dataset data, Optimizer optimizer, Loss loss, StringBuilder lines) {
    for (ElementType type : new ElementType[] {ElementType.F32, ElementType.F64}) {
      // 45 minibatches, the last one of 29 rows.
      double lr = 10 * optimizer.lr();
      Settings settings =
          Settings.DEFAULT
              .withOptimizer(optimizer.withLr(lr))
              .withLoss(loss)
              .withType(type)
              .withEpochs(1)
              .withL2(1e-4)
              .withSeed(7);
      try (Trainer trainer = new Trainer(device, data, settings)) {
        trainer.train(epoch -> {});
        int crc = trainer.model().crc32();
        lines.append("%s %s %s %08x%n".formatted(optimizer.name(), Losses.text(loss), type, crc));
      }
    }
  }
}
