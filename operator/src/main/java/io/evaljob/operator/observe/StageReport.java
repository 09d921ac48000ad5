package io.evaljob.operator.observe;

import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import java.util.List;
import java.util.Optional;

/**
 * One authenticated report of a pod: who it is was established from its token, not from its body.
 *
 * @param namespace namespace of the pod and of its EvalJob
 * @param job name of the EvalJob
 * @param jobUid UID of the EvalJob
 * @param model name of the model in the EvalJob's spec
 * @param podName name of the reporting pod
 * @param podUid UID of the reporting pod
 * @param stage the stage the pod runs
 * @param attempt the attempt the pod runs, from 1
 * @param sequence grows with every report of one pod, from 1
 * @param last whether this is the pod's final report
 * @param progress counts so far
 * @param preflight what the pod found on its devices, when the report carries it
 * @param results rows of data sets that ended; all of them in the final report of a score stage
 * @param failure why the stage failed, only in the final report of a failed stage
 */
public record StageReport(
    String namespace,
    String job,
    String jobUid,
    String model,
    String podName,
    String podUid,
    Stage stage,
    int attempt,
    long sequence,
    boolean last,
    Progress progress,
    Optional<Preflight> preflight,
    List<ResultRow> results,
    Optional<StageFailure> failure) {

  /** Copies its rows. */
  public StageReport {
    results = List.copyOf(results);
  }
}
