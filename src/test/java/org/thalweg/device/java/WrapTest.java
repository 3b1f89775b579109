package org.thalweg.device.java;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.thalweg.device.Array;
import org.thalweg.device.Device;
import org.thalweg.device.Parameter;
import org.thalweg.device.Product;
import org.thalweg.device.Values;
import org.thalweg.numeric.ElementType;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;
import org.thalweg.optim.Optimizers;
import org.thalweg.train.Updater;

/** The caller's own Java arrays as arrays of the Java device. */
class WrapTest {
  private static final int ROOM = 70;
  private static final int COUNT = 65;

  /**
   * What is updated, off alignment or not, is the caller's array: the same bits as in one of the
   * device's.
   */
  @Test
  void theCallersArrayIsTheOneThatIsUpdated() {
    double[] values = new Random(1).doubles(ROOM, -1, 1).toArray();
    float[] rounded = new float[ROOM];
    for (int i = 0; i < ROOM; i++) {
      rounded[i] = (float) values[i];
    }
    try (JavaDevice device = new JavaDevice(2)) {
      for (Optimizer rule : Optimizers.all()) {
        for (int offset = 0; offset < 4; offset++) {
          float[] floats = rounded.clone();
          update(device, rule, offset, device.wrap(floats), device.wrap(rounded.clone()));
          double[] doubles = values.clone();
          update(device, rule, offset, device.wrap(doubles), device.wrap(values.clone()));
          for (ElementType type : Values.TYPES) {
            Array own = device.of(type, values);
            update(device, rule, offset, own, device.of(type, values));
            double[] expected = device.download(own);
            for (int i = 0; i < ROOM; i++) {
              double actual = type == ElementType.F32 ? floats[i] : doubles[i];
              assertEquals(expected[i], actual, rule + " " + type);
            }
          }
          assertFalse(values[offset] == doubles[offset], rule + " has moved it");
        }
      }
    }
  }

  private static void update(Device device, Optimizer rule, int offset, Array w, Array g) {
    Parameter parameter = new Parameter(w.slice(offset, COUNT), g.slice(offset, COUNT), 0);
    try (Updater updater = new Updater(device, rule, List.of(parameter), List.of(Group.PLAIN))) {
      updater.lookAhead();
      updater.step();
    }
  }

  @Test
  void productsWriteIntoTheCallersArray() {
    float[] out = new float[4];
    try (JavaDevice device = new JavaDevice(1)) {
      Array x = device.wrap(new float[] {1, 2, 3, 4});
      device.multiply(Product.of(2, 2, 2), x, x, null, device.wrap(out));
      assertArrayEquals(new float[] {7, 10, 15, 22}, out);
    }
  }

  @Test
  void twoWrappersOfOneArrayOverlap() {
    double[] values = new double[4];
    try (JavaDevice device = new JavaDevice(1)) {
      Array one = device.wrap(values);
      Array other = device.wrap(values);
      assertTrue(one.overlaps(other));
      assertFalse(one.slice(0, 2).overlaps(other.slice(2, 2)));
      assertFalse(one.overlaps(device.wrap(values.clone())));
      assertThrows(IllegalArgumentException.class, () -> device.copy(one, other));
    }
  }

  @Test
  void closingLeavesTheCallersArray() {
    float[] values = {1, 2};
    JavaDevice device = new JavaDevice(1);
    Array wrapped = device.wrap(values);
    Array open = device.wrap(values);
    wrapped.close();
    wrapped.close();
    assertThrows(IllegalStateException.class, () -> device.download(wrapped));
    assertThrows(IllegalStateException.class, () -> device.scale(2, wrapped));
    device.scale(2, open);
    device.close();
    assertThrows(IllegalStateException.class, () -> device.download(open));
    assertThrows(IllegalStateException.class, () -> device.wrap(values));
    assertArrayEquals(new float[] {2, 4}, values);
  }

  @Test
  void floatsGoUpAndDown() {
    try (JavaDevice device = new JavaDevice(1);
        Array array = device.allocate(ElementType.F32, 3)) {
      float[] values = {1, -0.0f, Float.MIN_VALUE};
      float[] back = new float[3];
      device.upload(array, values);
      device.download(array, back);
      assertArrayEquals(values, back);
      assertThrows(IllegalArgumentException.class, () -> device.upload(array, new float[2]));
      assertThrows(IllegalArgumentException.class, () -> device.download(array, new float[4]));
      try (Array doubles = device.allocate(ElementType.F64, 3)) {
        assertThrows(IllegalArgumentException.class, () -> device.upload(doubles, values));
        assertThrows(IllegalArgumentException.class, () -> device.download(doubles, back));
      }
    }
  }
}
