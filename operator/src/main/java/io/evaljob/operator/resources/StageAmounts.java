package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.EvalRuntimeSpec;
import io.evaljob.api.v1alpha1.InferResources;
import io.evaljob.api.v1alpha1.ResourcesByStage;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.StageResources;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * CPU, memory and disk of a stage: amount by amount what the job says, else what the runtime says.
 *
 * <p>Memory and disk are requested and limited alike, so that a pod that grows is killed and not
 * its neighbours. CPU has no limit: a throttled data loader leaves devices idle.
 */
final class StageAmounts {
  private StageAmounts() {}

  static ResourceRequirements of(
      EvalJobSpec job, EvalRuntimeSpec runtime, Stage stage, Map<String, Quantity> devices) {
    Map<String, Quantity> requests = new TreeMap<>(devices);
    Map<String, Quantity> limits = new TreeMap<>(devices);
    pick(job, runtime, stage, StageResources::cpuIfSet)
        .ifPresent(cpu -> requests.put("cpu", CanonicalQuantity.of(cpu)));
    pick(job, runtime, stage, StageResources::memoryIfSet)
        .map(CanonicalQuantity::of)
        .ifPresent(
            memory -> {
              requests.put("memory", memory);
              limits.put("memory", memory);
            });
    pick(job, runtime, stage, StageResources::ephemeralStorageIfSet)
        .map(CanonicalQuantity::of)
        .ifPresent(
            disk -> {
              requests.put("ephemeral-storage", disk);
              limits.put("ephemeral-storage", disk);
            });
    return new ResourceRequirementsBuilder().withRequests(requests).withLimits(limits).build();
  }

  /** Size of {@code /dev/shm} of the Infer stage; empty bounds it by the memory limit alone. */
  static Optional<Quantity> sharedMemory(EvalJobSpec job, EvalRuntimeSpec runtime) {
    Function<ResourcesByStage, Optional<Quantity>> get =
        resources -> resources.inferIfSet().flatMap(InferResources::sharedMemoryIfSet);
    return job.resourcesIfSet().flatMap(get).or(() -> runtime.resourcesIfSet().flatMap(get));
  }

  private static Optional<Quantity> pick(
      EvalJobSpec job,
      EvalRuntimeSpec runtime,
      Stage stage,
      Function<StageResources, Optional<Quantity>> amount) {
    return job.resourcesIfSet()
        .flatMap(resources -> of(resources, stage).flatMap(amount))
        .or(
            () ->
                runtime
                    .resourcesIfSet()
                    .flatMap(resources -> of(resources, stage).flatMap(amount)));
  }

  private static Optional<StageResources> of(ResourcesByStage resources, Stage stage) {
    return switch (stage) {
      case Prefetch -> resources.prefetchIfSet();
      case Infer -> resources.inferIfSet().map(InferResources::common);
      case Score -> resources.scoreIfSet();
      case Unknown -> Optional.empty();
    };
  }
}
