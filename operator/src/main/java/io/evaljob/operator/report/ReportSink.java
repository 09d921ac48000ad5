package io.evaljob.operator.report;

import io.evaljob.operator.observe.StageReport;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Where authenticated reports go; the reconciling side implements it. */
public interface ReportSink {

  /** Whether this replica stores reports; where it does not, pods are told to try again. */
  boolean leads();

  /**
   * The pod with this UID, if it is one of ours and not gone. Answers from a cache, without I/O.
   *
   * @param podUid UID as the API server vouched for it
   */
  Optional<PodIdentity> find(String podUid);

  /**
   * Takes a report. The stage completes with {@link Stored#ACCEPTED} at once for a report that is
   * not the last, and for the last one with {@link Stored#STORED} only when results and status are
   * written. It may never complete; the caller stops waiting.
   */
  CompletionStage<Stored> submit(StageReport report);
}
