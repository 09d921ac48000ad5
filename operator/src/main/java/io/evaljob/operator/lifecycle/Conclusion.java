package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.EvalJobStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a pass ends.
 *
 * @param status the status to write
 * @param events the story so far, to be recorded once the status is written
 * @param settledReports UIDs of pods whose final report is stored once the status is written
 * @param requeueAfter when to look again although nothing may have happened
 * @param justFinished whether this status is the first to say that the run has ended
 */
public record Conclusion(
    EvalJobStatus status,
    List<EventNote> events,
    Set<String> settledReports,
    Optional<Duration> requeueAfter,
    boolean justFinished) {

  /** Copies its collections. */
  public Conclusion {
    events = List.copyOf(events);
    settledReports = Set.copyOf(settledReports);
  }
}
