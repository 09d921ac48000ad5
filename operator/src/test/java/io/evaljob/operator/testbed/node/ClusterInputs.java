package io.evaljob.operator.testbed.node;

import io.evaljob.operator.sandbox.controller.PodInputs;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.Optional;

/** What pods name, asked of the API server each time. */
record ClusterInputs(KubernetesClient client) implements PodInputs {

  private static final ResourceDefinitionContext RUNTIMES =
      new ResourceDefinitionContext.Builder()
          .withGroup("evaljob.io")
          .withVersion("v1alpha1")
          .withKind("EvalRuntime")
          .withPlural("evalruntimes")
          .withNamespaced(false)
          .build();

  @Override
  public Optional<ConfigMap> configMap(String namespace, String name) {
    return Optional.ofNullable(client.configMaps().inNamespace(namespace).withName(name).get());
  }

  @Override
  public Optional<Secret> secret(String namespace, String name) {
    return Optional.ofNullable(client.secrets().inNamespace(namespace).withName(name).get());
  }

  @Override
  public Optional<PersistentVolumeClaim> claim(String namespace, String name) {
    return Optional.ofNullable(
        client.persistentVolumeClaims().inNamespace(namespace).withName(name).get());
  }

  @Override
  public Optional<GenericKubernetesResource> runtime(String name) {
    return Optional.ofNullable(client.genericKubernetesResources(RUNTIMES).withName(name).get());
  }
}
