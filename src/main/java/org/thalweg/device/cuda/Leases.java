package org.thalweg.device.cuda;

import java.lang.System.Logger.Level;
import java.lang.ref.Cleaner;
import java.util.LinkedHashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.thalweg.device.Owned;

/**
 * The resources of the driver that a device holds: memory and executable graphs. They are freed
 * when they are closed, or with the device; one that has become unreachable is freed too, and
 * logged.
 */
final class Leases implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  private final Set<Loan> loans = new LinkedHashSet<>();

  /**
   * Loans that the cleaner found unreachable. Its thread does not call the driver, as that might
   * disturb a capture.
   */
  private final Queue<Loan> lost = new ConcurrentLinkedQueue<>();

  /**
   * A resource of the driver. It has no reference to its users, so that they can become
   * unreachable.
   */
  private final class Loan implements AutoCloseable {
    final String what;
    final Runnable free;
    volatile boolean asked; // whether close was called
    volatile boolean returned;

    Loan(String what, Runnable free) {
      this.what = what;
      this.free = free;
    }

    /** If the driver fails, the resource stays open until the device is closed. */
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

  /** The handle that all users of a resource hold. */
  static final class Lease implements AutoCloseable {
    private final Loan loan;

    private Lease(Loan loan) {
      this.loan = loan;
    }

    boolean isOpen() {
      return !loan.returned;
    }

    /** Frees the resource, unless that has been done. */
    @Override
    public void close() {
      loan.close();
    }
  }

  /**
   * Registers a resource.
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
   * A lease of a resource that belongs to somebody else: closing it, or the device, ends its use
   * here and frees nothing.
   */
  Lease borrow() {
    Loan loan = new Loan("", () -> {});
    loan.asked = true; // no leak if it is never closed
    return lend(loan);
  }

  /** Frees what has become unreachable. */
  void reclaim() {
    for (Loan loan = lost.poll(); loan != null; loan = lost.poll()) {
      loan.close();
    }
  }

  /** Frees everything. What the driver fails to free is freed with the context. */
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
