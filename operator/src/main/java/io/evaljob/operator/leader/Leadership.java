package io.evaljob.operator.leader;

/** Whether this replica is the one that writes. */
@FunctionalInterface
public interface Leadership {

  /** Whether it may write now. It may be over at the next look. */
  boolean held();

  /** That of an operator without a second replica, as in the one-machine mode. */
  static Leadership alone() {
    return () -> true;
  }
}
