package org.thalweg.selftest;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.thalweg.data.Dataset;
import org.thalweg.data.Digits;
import org.thalweg.device.Parameter;
import org.thalweg.loss.Loss;
import org.thalweg.loss.Losses;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.train.Settings;
import org.thalweg.train.Trainer;

/** An epoch of eight minibatches, the last one smaller, with every rule and every loss. */
final class TrainingExperiments {
  private static final int BATCH = 32;
  private static final int ROWS = 8 * BATCH - 5;

  private TrainingExperiments() {}

  static Stream<Experiment> all() {
    Dataset data = Digits.load().train().splitAt(ROWS).train();
    List<Experiment> list = new ArrayList<>();
    for (ElementType type : Suite.TYPES) {
      Settings epoch = Settings.DEFAULT.withType(type).withBatch(BATCH).withEpochs(1);
      for (Optimizer rule : Optimizers.all()) {
        Settings by = epoch.withOptimizer(rule).withL2(1e-3);
        list.add(experiment(data, by));
        list.add(experiment(data, by.withL1(0.1).withProximal(true)));
      }
      for (Loss loss : Losses.all()) {
        Optimizer sgd = Optimizers.named("sgd");
        list.add(experiment(data, epoch.withOptimizer(sgd).withLoss(loss)));
      }
    }
    return list.stream();
  }

  private static Experiment experiment(Dataset data, Settings settings) {
    String rule = settings.optimizer().name() + (settings.proximal() ? ", proximal" : "");
    return new Experiment(
        "training, %s, %s, %s".formatted(rule, settings.loss().kernel(), settings.type().suffix()),
        fixture -> {
          try (Trainer trainer = new Trainer(fixture.device, data, settings)) {
            trainer.train(epoch -> fixture.note("epoch", epoch.loss(), epoch.accuracy()));
            for (Parameter one : trainer.model().parameters()) {
              fixture.note("parameter " + one.group(), fixture.device.download(one.value()));
            }
          }
        });
  }
}
