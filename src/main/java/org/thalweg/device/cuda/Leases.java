package org.thalweg.device.cuda;

import java.lang.System.Logger.Level;
import java.lang.ref.Cleaner;
import java.util.LinkedHashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.thalweg.device.Owned;

/**
 * What the driver has lent to a device: memory, executable graphs. It goes back when it is closed,
 * or with the device; what nobody can reach any more goes back too, and is logged.
 */
final class Leases implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  private final Set<Loan> loans = new LinkedHashSet<>();

  /**
   * Found unreachable by the cleaner's thread, which calls no driver: it might disturb a capture.
   */
  private final Queue<Loan> lost = new ConcurrentLinkedQueue<>();

  /**
   * A thing of the driver's. Knows nothing about those who use it, so that they can become
   * unreachable.
   */
  private final class Loan implements AutoCloseable {
    final String what;
    final Runnable free;
    volatile boolean asked; // to give it back
    volatile boolean returned;

    Loan(String what, Runnable free) {
      this.what = what;
      this.free = free;
    }

    /** Where the driver fails, it stays lent, until the device is closed at the latest. */
    @Override
    public void close() {
      asked = true;
      if (!returned) {
        free.run();
        returned = true;
        loans.remove(this);
      }
    }

    void lose() {
      if (!asked) {
        System.getLogger(Leases.class.getName()).log(Level.WARNING, "{0} was never closed", what);
      }
      if (!returned) {
        lost.add(this);
      }
    }
  }

  /** Held by all who use the thing. */
  static final class Lease implements AutoCloseable {
    private final Loan loan;

    private Lease(Loan loan) {
      this.loan = loan;
    }

    boolean isOpen() {
      return !loan.returned;
    }

    /** Gives it back, once. */
    @Override
    public void close() {
      loan.close();
    }
  }

  /**
   * Takes charge of a thing.
   *
   * @param what for people: {@code "an array of 3 F32"}
   * @param free gives it back; must not reach what holds the lease
   */
  Lease add(String what, Runnable free) {
    return lend(new Loan(what, free));
  }

  private Lease lend(Loan loan) {
    loans.add(loan);
    Lease lease = new Lease(loan);
    CLEANER.register(lease, loan::lose);
    return lease;
  }

  /**
   * For a thing that is somebody else's: closing it, or the device, ends its use here and frees
   * nothing.
   */
  Lease borrow() {
    Loan loan = new Loan("", () -> {});
    loan.asked = true; // nothing is lost where it is forgotten
    return lend(loan);
  }

  /** Gives back what has become unreachable. */
  void reclaim() {
    for (Loan loan = lost.poll(); loan != null; loan = lost.poll()) {
      loan.close();
    }
  }

  /** Gives back everything. What the driver does not take goes with the context. */
  @Override
  public void close() {
    try (Owned all = new Owned()) {
      loans.forEach(all::add);
    } finally {
      loans.forEach(loan -> loan.returned = true);
      loans.clear();
    }
  }
}
