package io.evaljob.operator.sandbox.kubelet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evaljob.operator.sandbox.controller.PodInputs;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Takes a pod's requirements from {@code local.requirements} of its runtime: from the copy that its
 * plan ConfigMap carries under {@value #SNAPSHOT}, because what runs is what was planned, else from
 * the EvalRuntime that annotation {@value #ANNOTATION} names. A pod without any runs with the
 * machine's own python3.
 */
public final class RuntimeImages implements LocalImages {

  static final String SNAPSHOT = "runtime.json";
  static final String ANNOTATION = "evaljob.io/runtime";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final VirtualEnvironments environments;
  private final LocalImage machine;
  private final Optional<LocalImage> override;

  /**
   * Chooses among three.
   *
   * @param environments makes what runtimes ask for
   * @param python the machine's own interpreter; absolute
   * @param override stands for every image when given
   */
  public RuntimeImages(
      VirtualEnvironments environments, Path python, Optional<LocalImage> override) {
    this.environments = environments;
    this.machine = new LocalImage(python, List.of(), Map.of());
    this.override = override;
  }

  @Override
  public Optional<LocalImage> ready(Pod pod, PodInputs inputs) throws EnvironmentException {
    if (override.isPresent()) {
      return override;
    }
    List<String> requirements = requirements(pod, inputs);
    return requirements.isEmpty() ? Optional.of(machine) : environments.find(requirements);
  }

  @Override
  public LocalImage prepare(Pod pod, PodInputs inputs)
      throws EnvironmentException, InterruptedException {
    if (override.isPresent()) {
      return override.get();
    }
    List<String> requirements = requirements(pod, inputs);
    return requirements.isEmpty() ? machine : environments.install(requirements);
  }

  private static List<String> requirements(Pod pod, PodInputs inputs) throws EnvironmentException {
    for (Volume volume : pod.getSpec().getVolumes()) {
      if (volume.getConfigMap() == null) {
        continue;
      }
      Optional<ConfigMap> map =
          inputs.configMap(pod.getMetadata().getNamespace(), volume.getConfigMap().getName());
      if (map.isPresent()
          && map.get().getData() != null
          && map.get().getData().containsKey(SNAPSHOT)) {
        try {
          return lines(JSON.readTree(map.get().getData().get(SNAPSHOT)));
        } catch (JsonProcessingException e) {
          throw new EnvironmentException(
              SNAPSHOT + " of ConfigMap " + map.get().getMetadata().getName() + " is not JSON", e);
        }
      }
    }
    Map<String, String> annotations = pod.getMetadata().getAnnotations();
    String name = annotations == null ? null : annotations.get(ANNOTATION);
    if (name == null) {
      return List.of();
    }
    return inputs
        .runtime(name)
        .map(runtime -> lines(JSON.valueToTree(runtime.getAdditionalProperties().get("spec"))))
        .orElse(List.of());
  }

  private static List<String> lines(JsonNode runtimeSpec) {
    List<String> lines = new ArrayList<>();
    JsonNode spec = runtimeSpec.has("spec") ? runtimeSpec.get("spec") : runtimeSpec;
    spec.path("local").path("requirements").forEach(line -> lines.add(line.asText()));
    return lines;
  }
}
