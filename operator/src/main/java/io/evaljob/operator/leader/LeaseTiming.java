package io.evaljob.operator.leader;

import java.time.Duration;

/**
 * How the time of a lease is divided, for 12 s in brackets.
 *
 * @param lease others take over when the lease was not renewed for so long (12 s)
 */
record LeaseTiming(Duration lease) {

  /** The holder renews, and others look, so often (2 s). */
  Duration period() {
    return lease.dividedBy(6);
  }

  /**
   * The holder writes for so long after it asked for the renewal that it got last (8 s). What is
   * left is for a write that was just sent to arrive.
   */
  Duration writes() {
    return lease.multipliedBy(2).dividedBy(3);
  }

  /** One request waits for its answer so long (4 s). */
  Duration patience() {
    return lease.dividedBy(3);
  }

  /** The holder tries again so soon after a renewal that failed (0.5 s). */
  Duration afterFailure() {
    return lease.dividedBy(24);
  }

  /** As the Lease says it: whole seconds, at least one. */
  int seconds() {
    return Math.toIntExact(Math.max(1, lease.plusMillis(999).toSeconds()));
  }
}
