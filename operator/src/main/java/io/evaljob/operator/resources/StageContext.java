package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.CacheAccess;
import io.evaljob.api.v1alpha1.CacheSpec;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.EvalRuntimeSpec;
import io.evaljob.api.v1alpha1.RuntimePodSpec;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.VolumeSpec;
import java.util.List;
import java.util.Optional;

/**
 * One attempt at one stage, with the questions that several parts of its pod ask.
 *
 * @param settings what no spec says
 * @param job the job
 * @param planName name of the plan ConfigMap
 * @param planDigest digest of what it holds
 * @param hasCertificates whether the plan ConfigMap carries the report endpoint's CA
 * @param plan the plan
 * @param runtime the runtime as it was planned with
 * @param stage the stage
 * @param attempt from 1
 */
record StageContext(
    ResourceSettings settings,
    EvalJob job,
    String planName,
    String planDigest,
    boolean hasCertificates,
    PlanDocument plan,
    RuntimeSnapshot runtime,
    Stage stage,
    int attempt) {

  EvalJobSpec spec() {
    return job.getSpec();
  }

  EvalRuntimeSpec runtimeSpec() {
    return runtime.spec();
  }

  RuntimePodSpec pod() {
    return runtimeSpec().podOrDefault();
  }

  /** Devices that the container requests. */
  int devices() {
    return stage == Stage.Infer ? plan.devices().total() : 0;
  }

  /**
   * The Kueue queue that admits the Job: devices are what is scarce, so only the stage that holds
   * them is queued. One machine has no Kueue.
   */
  Optional<String> queue() {
    return stage == Stage.Infer && plan.devices().context().equals(PlanDocument.POD)
        ? spec().queueNameIfSet()
        : Optional.empty();
  }

  Optional<CacheSpec> cache() {
    return spec().storageIfSet().flatMap(storage -> storage.cacheIfSet());
  }

  List<VolumeSpec> volumes() {
    return spec().storageIfSet().map(storage -> storage.volumes()).orElse(List.of());
  }

  /** Prefetch fills the cache; every other stage only reads it. */
  boolean writesCache() {
    return stage == Stage.Prefetch
        && cache().map(used -> used.accessOrDefault() == CacheAccess.Prefetch).orElse(false);
  }

  /**
   * Whether the workspace is mounted. Prefetch leaves it alone where it has a cache to write to: a
   * zonal volume is bound where its first pod runs, and that has to be where the devices are.
   */
  boolean mountsWorkspace() {
    return !writesCache();
  }

  /** Whether the pod has to run where the devices are. */
  boolean runsBesideDevices() {
    return stage == Stage.Infer || (stage == Stage.Prefetch && mountsWorkspace());
  }

  int graceSeconds() {
    return pod().terminationGracePeriodSecondsOrDefault();
  }
}
