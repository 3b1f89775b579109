package org.thalweg.model;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.thalweg.data.Dataset;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Rows;
import org.thalweg.device.Steps;
import org.thalweg.numeric.ElementType;

/** Rows with all their features, in the data set's own type; they are scaled when gathered. */
final class DenseStoredRows extends StoredRows {
  private final Device device;
  private final Dataset.Values values;
  private final int features;
  private final Scaling scaling;
  private final boolean usable;
  private final Array stored;

  DenseStoredRows(
      Device device,
      Dataset.Values values,
      int features,
      Room room,
      ElementType type,
      Scaling scaling) {
    this.device = device;
    this.values = values;
    this.features = features;
    this.scaling = scaling;
    usable = values.type() == type && scaling.means() == null && scaling.scale() == 1;
    stored = device.allocate(values.type(), (long) room.held() * features);
  }

  @Override
  public void send(int[] rows, int at, BiConsumer<Array, ByteBuffer> upload) {
    int most = Math.max(1, UPLOAD / Math.max(1, features));
    for (int from = 0; from < rows.length; from += most) {
      int[] some = Arrays.copyOfRange(rows, from, Math.min(from + most, rows.length));
      Array to = at(at + from, some.length).gathered();
      upload.accept(to, RowGather.bytes(values.select(some, features)));
    }
  }

  @Override
  public boolean usable() {
    return usable;
  }

  @Override
  public Features at(int place, int n) {
    return new Features.Dense(stored.slice((long) place * features, (long) n * features));
  }

  @Override
  public LinearClassifier.Minibatch minibatch(LinearClassifier model, int size, boolean weighted) {
    return model.minibatch(size, weighted);
  }

  @Override
  public void gather(
      Array labels,
      Array order,
      Steps steps,
      int firstColumn,
      @Nullable Array affine,
      LinearClassifier.Minibatch to) {
    Rows rows = new Rows(stored, labels, features, scaling.scale(), affine);
    device.gather(rows, order, steps, firstColumn, to.x(), to.labels());
  }

  @Override
  public void close() {
    stored.close();
  }
}
