package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.PreviousRun;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.SummaryStatus;
import io.evaljob.operator.status.Bounds;
import io.evaljob.operator.status.Conditions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Keeps what came of the runs before, when the next one begins. */
final class PreviousRuns {

  private static final int RUNS = 5;
  private static final int ROWS = 16;
  private static final int MESSAGE = 128;
  private static final String STOPPED = "Stopped";

  private PreviousRuns() {}

  /**
   * The runs before the next one.
   *
   * @param status the status while the run that it speaks of was the present one
   * @param now when the next run begins
   * @return the five newest, the newest first
   */
  static List<PreviousRun> with(EvalJobStatus status, Instant now) {
    Stream<PreviousRun> last = status.runIfSet().stream().map(run -> of(run, status, now));
    return Stream.concat(last, status.previousRuns().stream()).limit(RUNS).toList();
  }

  private static PreviousRun of(RunStatus run, EvalJobStatus status, Instant now) {
    Optional<String> ended = status.completionTimeIfSet();
    return new PreviousRun(
        run.id(),
        run.number(),
        ended.map(time -> phase(status)).orElse(STOPPED),
        run.startTime(),
        ended.orElseGet(() -> Conditions.time(now)),
        status.summaryIfSet().flatMap(SummaryStatus::scoreIfSet).orElse(null),
        status.results().stream().limit(ROWS).map(PreviousRuns::shortened).toList(),
        status.resultsTotal(),
        status.models().stream().flatMap(model -> model.resultsNameIfSet().stream()).toList());
  }

  /** From the models: the phase of the job may be that of a later spec already. */
  private static String phase(EvalJobStatus status) {
    return Phases.ofJob(
            status.models().stream()
                .flatMap((ModelStatus model) -> model.phaseIfSet().stream())
                .map(Phase::of)
                .toList())
        .name();
  }

  private static ResultRow shortened(ResultRow row) {
    return new ResultRow(
        row.model(),
        row.dataset(),
        row.phase(),
        row.metric(),
        row.score(),
        row.judge(),
        row.samples(),
        row.failedSamples(),
        row.messageIfSet().map(text -> Bounds.cut(text, MESSAGE)).orElse(null));
  }
}
