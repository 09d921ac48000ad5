package io.evaljob.operator.resources;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.util.Map;

/**
 * The runner in a namespace, named by its content. It has no owner: ten thousand owner references
 * would be rewritten with every job.
 */
final class RunnerConfigMap {
  private RunnerConfigMap() {}

  static ConfigMap of(String namespace, RunnerArchive runner) {
    Map<String, String> labels = Labels.common();
    labels.put(Labels.CONTENT, Labels.RUNNER);
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(Names.runner(runner))
        .withLabels(labels)
        .endMetadata()
        .addToBinaryData(RunnerArchive.FILE_NAME, runner.base64())
        .withImmutable(true)
        .build();
  }
}
