package io.evaljob.operator.bench;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.client.utils.Serialization;

/** EvalJobs of three stages, one model and one data set. */
final class Jobs {

  private static final String YAML =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalJob
      metadata: {name: NAME, namespace: NAMESPACE}
      spec:
        runtimeRef: {name: bench}
        models: [{name: base, processes: 1, devicesPerProcess: 1}]
        datasets: [{name: one}]
        storage: {workspace: {claimName: workspace}}
      """;

  private Jobs() {}

  /** Number {@code i} of a namespace; every name is of one length. */
  static EvalJob of(String namespace, String prefix, int i) {
    return Serialization.unmarshal(
        YAML.replace("NAMESPACE", namespace).replace("NAME", name(prefix, i)), EvalJob.class);
  }

  static String name(String prefix, int i) {
    return "%s-%05d".formatted(prefix, i);
  }
}
