package io.evaljob.operator.report;

/** What became of a report. */
public enum Stored {
  /** Results and status are written. */
  STORED,

  /** Taken; what it says reaches the status later, or is replaced by a newer report. */
  ACCEPTED,

  /** This replica does not write; another one does, so the pod tries again. */
  NOT_LEADER
}
