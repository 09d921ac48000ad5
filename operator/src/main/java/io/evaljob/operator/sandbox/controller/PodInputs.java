package io.evaljob.operator.sandbox.controller;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import java.util.Optional;

/** The objects that pods name: those of their namespaces, and runtimes. */
public interface PodInputs {

  /** The ConfigMap of this name. */
  Optional<ConfigMap> configMap(String namespace, String name);

  /** The Secret of this name. */
  Optional<Secret> secret(String namespace, String name);

  /** The claim of this name. */
  Optional<PersistentVolumeClaim> claim(String namespace, String name);

  /** The EvalRuntime of this name. */
  Optional<GenericKubernetesResource> runtime(String name);
}
