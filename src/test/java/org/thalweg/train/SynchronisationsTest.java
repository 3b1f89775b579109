package org.thalweg.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import jcuda.driver.CUmodule;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.thalweg.data.Dataset;
import org.thalweg.device.DeviceException;
import org.thalweg.device.TestDevices;
import org.thalweg.device.cuda.CudaDevice;
import org.thalweg.device.cuda.DriverAccess;
import org.thalweg.loss.SoftmaxCrossEntropy;
import org.thalweg.model.LinearClassifier;
import org.thalweg.model.Scaling;
import org.thalweg.numeric.ElementType;
import org.thalweg.numeric.Philox;
import org.thalweg.sim.SimCounters;
import org.thalweg.train.DataPass.Piece;

/** How often the host waits for the device: each wait leaves the GPU without work. */
@Tag("driver")
class SynchronisationsTest {
  private static final int MINIBATCHES = 469; // 60,000 rows in minibatches of 128
  private static final int BATCH = 4;

  /** Every call of the driver that waits, or may: copies that are not of page-locked memory do. */
  private static final List<String> OTHERS =
      List.of("cuStreamSynchronize", "cuCtxSynchronize", "cuMemcpyHtoD", "cuMemcpyDtoH");

  private static final int ROWS = MINIBATCHES * BATCH;
  private static final DataPass.Fill NOTHING = (steps, row, minibatch) -> {};

  private static Dataset data() {
    float[] x = new float[3 * ROWS];
    Random random = new Random(1);
    IntStream.range(0, x.length).forEach(i -> x[i] = random.nextFloat());
    int[] labels = IntStream.range(0, ROWS).map(i -> i % 2).toArray();
    return new Dataset(new Dataset.Floats(x), labels, 3, 2);
  }

  private static DataPass pass(CudaDevice device, LinearClassifier model, int piece, int held) {
    MemoryPlan plan = new MemoryPlan(BATCH, DataPass.FIRST_ROW + 1, piece, held, 0);
    DataPass.Step step =
        (minibatch, steps) -> {
          minibatch.forward(new SoftmaxCrossEntropy());
          device.tally(minibatch.rowLoss(), minibatch.rowCorrect(), steps);
        };
    return new DataPass(device, data(), Scaling.of(1), model, plan, null, step);
  }

  /** For the state, and for the results. */
  @Test
  void anEpochWaitsTwice() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver fails when asked to");
    try (CudaDevice device = TestDevices.openDriver();
        LinearClassifier model = new LinearClassifier(device, ElementType.F32, 3, 2);
        DataPass pass = pass(device, model, MINIBATCHES, ROWS)) {
      Piece all = new Piece(0, MINIBATCHES);
      Runnable next =
          () -> {
            pass.order(IntStream.range(0, ROWS).toArray());
            pass.prepare(all, NOTHING);
          };
      Runnable epoch = () -> assertEquals(MINIBATCHES, pass.run(all, NOTHING, next).batches());
      epoch.run(); // the first one allocates and makes graphs
      CUmodule module = DriverAccess.module(device);
      for (String name : OTHERS) {
        SimCounters.fail(module, name + ":1:2");
        epoch.run();
      }
      SimCounters.fail(module, "cuEventSynchronize:3:2");
      epoch.run();
      SimCounters.fail(module, "cuEventSynchronize:2:2");
      assertThrows(DeviceException.class, epoch::run);
      SimCounters.fail(module, "");
    }
  }

  /** Of the first epoch on Fashion-MNIST by a GPU, which takes 12 µs for a step. */
  @Test
  void piecesGrow() {
    List<Integer> pieces = new ArrayList<>();
    int piece = 3;
    for (int left = MINIBATCHES; left > 0; left -= pieces.get(pieces.size() - 1)) {
      pieces.add(Math.min(piece, left));
      int n = pieces.get(pieces.size() - 1);
      piece = DataPass.adapted(piece, n, n * 12_000L, MINIBATCHES);
    }
    assertEquals(List.of(3, 48, 418), pieces);
    assertEquals(10, DataPass.adapted(100, 100, 1_000_000_000, 1024)); // a slow device
    assertEquals(100, DataPass.adapted(100, 100, 200_000_000, 1024));
    assertEquals(1, DataPass.adapted(1, 1, Long.MAX_VALUE, 1024));
  }

  /** The same of a whole training's second epoch: a third wait would fail. */
  @Test
  void anEpochOfATrainingWaitsTwice() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver fails when asked to");
    Settings settings = Settings.DEFAULT.withEpochs(3).withBatch(BATCH);
    for (String fault : List.of("cuEventSynchronize:3:2", "cuEventSynchronize:2:2")) {
      try (CudaDevice device = TestDevices.openDriver();
          Trainer trainer = new Trainer(device, data(), settings)) {
        CUmodule module = DriverAccess.module(device);
        Runnable train =
            () ->
                trainer.train(epoch -> SimCounters.fail(module, epoch.number() == 1 ? fault : ""));
        if (fault.equals("cuEventSynchronize:3:2")) {
          train.run();
        } else {
          assertThrows(DeviceException.class, train::run);
        }
        SimCounters.fail(module, "");
      }
    }
  }

  /** The steps that were computed are not lost, and the next piece is prepared anew. */
  @Test
  void whatFailsMeanwhileIsTriedAgain() {
    int n = 100;
    try (CudaDevice device = TestDevices.openDriver();
        LinearClassifier model = new LinearClassifier(device, ElementType.F32, 3, 2);
        DataPass pass = pass(device, model, n, 2 * n * BATCH)) {
      Runnable fails =
          () -> {
            pass.prepare(new Piece(n, n), NOTHING);
            throw new DeviceException("no page-locked memory");
          };
      assertEquals(n, pass.run(new Piece(0, n), NOTHING, fails).batches());
      assertEquals(new Piece(n, 7), pass.next(n, 7));
      assertEquals(n, pass.run(new Piece(n, n), NOTHING, () -> {}).batches());
    }
  }

  /**
   * A training sends what the next epoch needs ahead: there a failure is no harm, because it is
   * sent again. The second copy after an epoch is that of the order of the epoch after the next; of
   * a training that did not look ahead it would be one that the next epoch needs.
   */
  @Test
  void aTrainingPreparesTheNextEpoch() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver fails when asked to");
    Settings settings = Settings.DEFAULT.withEpochs(3).withBatch(512);
    List<Integer> weights = new ArrayList<>();
    for (String fault : List.of("", "cuMemcpyHtoDAsync:2:2")) {
      try (CudaDevice device = TestDevices.openDriver();
          Trainer trainer = new Trainer(device, data(), settings)) {
        CUmodule module = DriverAccess.module(device);
        trainer.train(
            epoch -> {
              if (epoch.number() == 1) {
                SimCounters.fail(module, fault);
              }
            });
        weights.add(trainer.model().crc32());
        SimCounters.fail(module, "");
      }
    }
    assertEquals(weights.get(0), weights.get(1));
  }

  /** The same of a scorer: the first piece takes four copies, and then the second is prepared. */
  @Test
  void aScorerPreparesTheNextPiece() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver fails when asked to");
    Dataset data = data();
    Settings settings = Settings.DEFAULT;
    List<Score> scores = new ArrayList<>();
    try (CudaDevice device = TestDevices.openDriver();
        LinearClassifier model = new LinearClassifier(device, ElementType.F32, 3, 2)) {
      long room = MemoryPlan.leastScoring(data, ElementType.F32);
      while (MemoryPlan.scoring(device, data, ElementType.F32, room).held() < 1024) {
        room += 512;
      }
      MemoryPlan plan = MemoryPlan.scoring(device, data, ElementType.F32, room);
      assertEquals(List.of(1, 1024), List.of(plan.piece(), plan.held()));
      CUmodule module = DriverAccess.module(device);
      for (String fault : List.of("", "cuMemcpyHtoDAsync:5:2")) {
        try (Scorer scorer =
            new Scorer(device, model, settings.loss(), Scaling.of(1), null, data, room)) {
          SimCounters.fail(module, fault);
          scores.add(scorer.score(() -> false));
          SimCounters.fail(module, "");
        }
      }
    }
    assertEquals(scores.get(0), scores.get(1));
  }

  /**
   * By a driver that computes as late as it may: whoever waits for a kernel makes it run. The order
   * of the next epoch, its steps, and rows that do not lie on the device are sent without that.
   */
  @Test
  void theNextPieceIsSentWhileTheDeviceComputes() {
    Assumptions.assumeFalse(TestDevices.GPU, "only the software driver is late when asked to");
    int n = 100;
    List<double[]> losses = new ArrayList<>();
    for (int held : new int[] {ROWS, 2 * n * BATCH, n * BATCH}) {
      try (CudaDevice device = TestDevices.openDriver()) {
        CUmodule module = DriverAccess.module(device);
        SimCounters.set(module, "thalweg_sim_late", 1);
        try (LinearClassifier model = new LinearClassifier(device, ElementType.F32, 3, 2);
            DataPass pass = pass(device, model, n, held)) {
          device.upload(
              model.parameters().get(LinearClassifier.WEIGHTS).value(),
              new double[] {1, 2, 3, -1, -2, -3});
          DoubleStream.Builder found = DoubleStream.builder();
          for (int i = 0; i < 9; i++) {
            Piece next = new Piece((i + 1) % 4 * n, n);
            // In the first piece the arrays have just been allocated: it waits.
            boolean beside = i > 0 && held != n * BATCH;
            int epoch = (i + 1) / 4;
            Runnable prepare =
                () -> {
                  long before = SimCounters.get(module, "thalweg_sim_instructions");
                  if (next.from() == 0) {
                    pass.order(new Philox(1, epoch).permutation(ROWS));
                  }
                  pass.prepare(next, NOTHING);
                  long after = SimCounters.get(module, "thalweg_sim_instructions");
                  assertTrue(after == before || !beside, "it has waited for kernels");
                };
            Arrays.stream(pass.run(new Piece(i % 4 * n, n), NOTHING, prepare).losses())
                .forEach(found);
          }
          losses.add(found.build().toArray());
        }
        SimCounters.set(module, "thalweg_sim_late", 0);
      }
    }
    assertEquals(9 * n, losses.get(0).length);
    assertArrayEquals(losses.get(0), losses.get(1));
    assertArrayEquals(losses.get(0), losses.get(2));
  }
}
