package io.evaljob.operator.sandbox.controller;

import com.fasterxml.jackson.databind.JsonNode;
import io.evaljob.operator.sandbox.apiserver.ObjectChange;
import io.evaljob.operator.sandbox.apiserver.ObjectPath;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The objects of the API server as last told. Written by the control loop alone, read by any
 * thread; what it returns is never changed by its readers.
 */
public final class ClusterView implements PodInputs {

  private static final KubernetesSerialization JSON = new KubernetesSerialization();
  private static final Map<String, Class<? extends HasMetadata>> TYPES =
      Map.of(
          "pods", Pod.class,
          "configmaps", ConfigMap.class,
          "secrets", Secret.class,
          "persistentvolumeclaims", PersistentVolumeClaim.class);

  private final Map<ObjectPath, HasMetadata> objects = new ConcurrentHashMap<>();

  void apply(ObjectChange change) {
    if (change.after().isPresent()) {
      objects.put(change.path(), typed(change.path(), change.after().get()));
    } else {
      objects.remove(change.path());
    }
  }

  private static HasMetadata typed(ObjectPath path, JsonNode object) {
    Class<? extends HasMetadata> type = GenericKubernetesResource.class;
    if (path.group().isEmpty()) {
      type = TYPES.getOrDefault(path.plural(), GenericKubernetesResource.class);
    } else if (path.is("batch", "jobs")) {
      type = Job.class;
    }
    return JSON.convertValue(object, type);
  }

  /** Every object with its address. */
  public Map<ObjectPath, HasMetadata> all() {
    return objects;
  }

  /** All pods, the oldest first. */
  public List<Pod> pods() {
    return list("", "pods", Pod.class);
  }

  /** All Jobs, the oldest first. */
  public List<Job> jobs() {
    return list("batch", "jobs", Job.class);
  }

  /** All claims, the oldest first. */
  public List<PersistentVolumeClaim> claims() {
    return list("", "persistentvolumeclaims", PersistentVolumeClaim.class);
  }

  @Override
  public Optional<PersistentVolumeClaim> claim(String namespace, String name) {
    return core("persistentvolumeclaims", namespace, name).map(PersistentVolumeClaim.class::cast);
  }

  @Override
  public Optional<ConfigMap> configMap(String namespace, String name) {
    return core("configmaps", namespace, name).map(ConfigMap.class::cast);
  }

  @Override
  public Optional<Secret> secret(String namespace, String name) {
    return core("secrets", namespace, name).map(Secret.class::cast);
  }

  /** The pod of this name. */
  public Optional<Pod> pod(String namespace, String name) {
    return core("pods", namespace, name).map(Pod.class::cast);
  }

  @Override
  public Optional<GenericKubernetesResource> runtime(String name) {
    return Optional.ofNullable(
            objects.get(new ObjectPath("evaljob.io", "v1alpha1", "evalruntimes", "", name)))
        .map(GenericKubernetesResource.class::cast);
  }

  private Optional<HasMetadata> core(String plural, String namespace, String name) {
    return Optional.ofNullable(objects.get(new ObjectPath("", "v1", plural, namespace, name)));
  }

  private <T extends HasMetadata> List<T> list(String group, String plural, Class<T> type) {
    return objects.entrySet().stream()
        .filter(entry -> entry.getKey().is(group, plural))
        .map(entry -> type.cast(entry.getValue()))
        .sorted(ClusterView::byAge)
        .toList();
  }

  private static int byAge(HasMetadata a, HasMetadata b) {
    int age =
        a.getMetadata().getCreationTimestamp().compareTo(b.getMetadata().getCreationTimestamp());
    return age != 0 ? age : a.getMetadata().getName().compareTo(b.getMetadata().getName());
  }
}
