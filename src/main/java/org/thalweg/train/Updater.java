package org.thalweg.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.thalweg.device.Device;
import org.thalweg.device.Owned;
import org.thalweg.device.Parameter;
import org.thalweg.device.Program;
import org.thalweg.device.Steps;
import org.thalweg.numeric.Require;
import org.thalweg.optim.Group;
import org.thalweg.optim.Optimizer;

/**
 * An optimizer at work on parameters and gradients that the caller owns and fills: one call is one
 * update of them all.
 *
 * <pre>{@code
 * try (Updater adam = new Updater(device, Adam.of(1e-3),
 *     List.of(new Parameter(w, g, 0)), List.of(Group.PLAIN))) {
 *   // .. fill g ..
 *   adam.step();
 * }
 * }</pre>
 *
 * <p>A step enqueues one recorded program and allocates nothing on the device. The numbers of up to
 * 256 updates are sent ahead; the host sends new ones when they are used up, and when the learning
 * rate differs from that of the step before (after which it sends 1, 2, 4, .. updates ahead). It
 * then waits for the device only if updates may be skipped, to find out how many were: a skipped
 * update is not counted, so the next one takes its number.
 */
public final class Updater implements AutoCloseable {
  private static final int MOST_ROWS = 256;

  private final Optimizer rule;
  private final UpdateOptions options;
  private final OptimizerStep update;
  private final Steps steps;
  private final Program program;
  private final Owned owned;

  // The step table: filled for this many updates after those before, with this learning rate.
  private long before;
  private double lr;
  private int rows;
  private int taken;

  /** The learning rate with which the parameters were moved ahead, NaN where they were not. */
  private double ahead = Double.NaN;

  /** With {@link UpdateOptions#PLAIN}. */
  public Updater(Device device, Optimizer rule, List<Parameter> parameters, List<Group> groups) {
    this(device, rule, parameters, groups, UpdateOptions.PLAIN);
  }

  /**
   * Allocates the state, as it is before the first update.
   *
   * @param parameters at least one, all of one type: F32, F64 or BF16. They and their gradients
   *     must stay open. A value shares no element with another value or with any gradient
   * @param groups those that the parameters name by their index
   * @throws IllegalArgumentException if a parameter is not as said; the message names it
   */
  public Updater(
      Device device,
      Optimizer rule,
      List<Parameter> parameters,
      List<Group> groups,
      UpdateOptions options) {
    Require.that(!parameters.isEmpty(), "there must be at least one parameter");
    this.rule = rule;
    this.options = options;
    try (Owned opening = new Owned()) {
      update = opening.add(new OptimizerStep(device, rule, parameters, groups, options));
      steps = opening.add(new Steps(device, update.type(), update.columns(), MOST_ROWS, 1));
      start(0, rule.lr(), MOST_ROWS);
      program = opening.add(device.record(steps, () -> update.apply(steps, 0)));
      owned = opening.keep();
    }
  }

  private void start(long updates, double lr, int rows) {
    for (int row = 0; row < rows; row++) {
      update.fill(steps, row, 0, lr, updates + row + 1);
    }
    steps.start();
    this.before = updates;
    this.lr = lr;
    this.rows = rows;
    this.taken = 0;
  }

  private void makeReady(double lr) {
    if (lr != this.lr) {
      update.check(rule.withLr(lr));
      start(updates(), lr, 1);
    } else if (taken == rows) {
      start(updates(), lr, Math.min(2 * rows, MOST_ROWS));
    }
  }

  /** One update by the rule's own learning rate. */
  public void step() {
    step(rule.lr());
  }

  /**
   * One update of all parameters by their gradients. Does not wait for it.
   *
   * @param lr the learning rate, before a group's factor
   * @throws IllegalStateException if the rule looks ahead and {@link #lookAhead} has not been
   *     called with this learning rate, or if this or an array it works on has been closed
   */
  public void step(double lr) {
    if (update.looksAhead() && lr != ahead) {
      throw new IllegalStateException(
          "%s takes its gradients ahead: lookAhead(%s) must come before step(%s)"
              .formatted(rule.name(), lr, lr));
    }
    makeReady(lr);
    program.run(1);
    taken++;
    ahead = Double.NaN;
  }

  /** Looks ahead for a {@link #step()}. */
  public void lookAhead() {
    lookAhead(rule.lr());
  }

  /**
   * Moves the parameters to where the rule takes their gradients: to be called before these are
   * computed. Does nothing for a rule that takes them where the parameters are. {@link #step} moves
   * them back.
   *
   * @param lr the same as that of the step
   */
  public void lookAhead(double lr) {
    if (!update.looksAhead()) {
      return;
    }
    checkNotAhead();
    makeReady(lr);
    update.lookAhead(steps, 0);
    ahead = lr;
  }

  private void checkNotAhead() {
    if (!Double.isNaN(ahead)) {
      throw new IllegalStateException(
          "the parameters have been moved ahead; step(%s) must come first".formatted(ahead));
    }
  }

  /**
   * How many updates have been applied, skipped ones not counted. Waits only where some may have
   * been skipped.
   */
  public long updates() {
    return before + (options.skipNotFinite() ? steps.account().updates() : taken);
  }

  /**
   * The norm of the last step's gradients as they were, unscaled; 0 where it was not measured.
   * Waits.
   */
  public double gradientNorm() {
    return steps.account().gradientNorm();
  }

  /**
   * Saves state and F32 masters of BF16 parameters as safetensors, {@code state.k.i} and {@code
   * master.i} for the i-th parameter, with the rule and the number of updates, for {@link #load}.
   * The parameters themselves are the caller's to save.
   *
   * @throws java.nio.file.FileAlreadyExistsException if there is such a file
   * @throws IllegalStateException between {@link #lookAhead} and {@link #step}
   */
  public void save(Path file) throws IOException {
    save(file, false);
  }

  /**
   * The same.
   *
   * @param replace whether an existing file is replaced, atomically
   */
  public void save(Path file, boolean replace) throws IOException {
    checkNotAhead();
    OptimizerFile.save(update, file, updates(), replace);
  }

  /**
   * Continues from the saved state, on any device; with the same bits if the parameters are the
   * same. Groups and options are not in the file, and the learning rate may be another.
   *
   * @throws IOException if the file is no such file, or of another rule or other parameters, which
   *     the message names; nothing has been changed then
   */
  public void load(Path file) throws IOException {
    checkNotAhead();
    start(OptimizerFile.load(update, file), lr, MOST_ROWS);
  }

  @Override
  public void close() {
    owned.close();
  }
}
