package io.evaljob.operator.report;

import io.evaljob.api.v1alpha1.Stage;
import java.util.Set;

/**
 * Who a reporting pod is, as its labels and its EvalJob say.
 *
 * @param namespace namespace of the pod and of its EvalJob
 * @param job name of the EvalJob
 * @param jobUid UID of the EvalJob
 * @param model name of the model in the EvalJob's spec
 * @param podName name of the pod
 * @param podUid UID of the pod
 * @param stage the stage the pod runs
 * @param attempt the attempt the pod runs, from 1
 * @param datasets names of the data sets it may report on: those of the plan it runs
 */
public record PodIdentity(
    String namespace,
    String job,
    String jobUid,
    String model,
    String podName,
    String podUid,
    Stage stage,
    int attempt,
    Set<String> datasets) {

  public PodIdentity {
    datasets = Set.copyOf(datasets);
  }
}
