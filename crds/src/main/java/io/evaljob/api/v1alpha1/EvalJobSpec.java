package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.evaljob.api.schema.ListMap;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Optional;

/**
 * What to evaluate, and with what.
 *
 * <p>Longer than most: it has the fields of one object, with their bounds and descriptions.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "size(self.models) * size(self.datasets) <= 512",
    message = "models times datasets is more than 512: use several EvalJobs")
@ValidationRule(
    value = "self.models.map(m, has(m.deviceMap) ? size(m.deviceMap) : 0).sum() <= 2048",
    message =
        "the device maps of all models have more than 2048 entries: name parent modules, "
            + "or use several EvalJobs")
@ValidationRule(
    value = "self.models.map(m, has(m.parameters) ? size(m.parameters) : 0).sum() <= 256",
    message = "all models together have more than 256 parameters: use several EvalJobs")
@ValidationRule(
    value =
        "!has(self.split) || !(self.split.strategy in ['None','TensorParallel']) || "
            + "self.models.all(m, !has(m.deviceMap))",
    message = "deviceMap is a split by hand: remove it, or set split.strategy to Auto or Layers")
@ValidationRule(
    value =
        "!has(self.split) || self.split.onOutOfMemory != 'Replan' || "
            + "self.models.exists(m, !has(m.deviceMap))",
    message =
        "split.onOutOfMemory Replan can plan no model that has a deviceMap, and all have one: "
            + "remove a map, or set Fail")
@ValidationRule(
    value =
        "self.models.all(m, !has(m.volume) || (has(self.storage) && "
            + "has(self.storage.volumes) && self.storage.volumes.exists(v, v.name == "
            + "m.volume.name)))",
    message = "a model names a volume that is not in spec.storage.volumes: add it there")
@ValidationRule(
    value =
        "self.datasets.all(d, !has(d.volume) || (has(self.storage) && "
            + "has(self.storage.volumes) && self.storage.volumes.exists(v, v.name == "
            + "d.volume.name)))",
    message = "a dataset names a volume that is not in spec.storage.volumes: add it there")
public record EvalJobSpec(
    @JsonPropertyDescription(
            "Any change of it starts a new run, with all models and datasets from the "
                + "beginning. What defines a run cannot be edited after it started unless runID "
                + "changes too. Omitted: 1.")
        @Default("1")
        @Size(min = 1, max = 63)
        @Pattern("^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
        String runID,
    @JsonPropertyDescription("The EvalRuntime that evaluates: harness, image and what it allows.")
        @Required
        RuntimeRef runtimeRef,
    @JsonPropertyDescription(
            "Models to evaluate, each on every dataset; 1 to 64, and models times datasets at"
                + " most 512.")
        @Required
        @Size(min = 1, max = 64)
        @ListMap("name")
        List<ModelSpec> models,
    @JsonPropertyDescription("Datasets to evaluate on, 1 to 256.")
        @Required
        @Size(min = 1, max = 256)
        @ListMap("name")
        List<DatasetSpec> datasets,
    @JsonPropertyDescription(
            "Which devices the models get, and how many. Omitted: nvidia.com/gpu, the "
                + "smallest count that each model can use.")
        AcceleratorSpec accelerator,
    @JsonPropertyDescription(
            "How a model is spread over the devices of one process. Omitted: the planner "
                + "chooses.")
        SplitSpec split,
    @JsonPropertyDescription(
            "A short run before the real one, to find mistakes in a minute and not after "
                + "hours. Omitted: off.")
        SmokeTestSpec smokeTest,
    @JsonPropertyDescription("How predictions become scores. Omitted: as each dataset prefers.")
        ScoringSpec scoring,
    @JsonPropertyDescription(
            "Where work, caches, models and datasets are kept. Omitted: a claim of 20Gi for "
                + "each model.")
        StorageSpec storage,
    @JsonPropertyDescription(
            "Token for the model hub, given to the Prefetch stage only. Omitted: anonymous.")
        SecretKeyRef hubTokenSecretRef,
    @JsonPropertyDescription(
            "Environment variables of the evaluation, literals only; the runtime must allow "
                + "each name (allow.envNames).")
        @Size(max = 64)
        @ListMap("name")
        List<EnvEntry> env,
    @JsonPropertyDescription(
            "true: ends the pods, gives the devices back and keeps the work; false again: goes on "
                + "where it stopped, and no retry is charged. A run that has not begun does not "
                + "begin meanwhile, and can be edited freely. Omitted: false.")
        @Default("false")
        Boolean suspend,
    @JsonPropertyDescription(
            "PriorityClass of the pods; the runtime must allow it (allow.priorityClassNames). "
                + "Counts from the next attempt on. Omitted: the cluster's default.")
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String priorityClassName,
    @JsonPropertyDescription(
            "How often a stage of a model is tried again after a failure. Omitted: 3.")
        @Default("3")
        @Min(0)
        @Max(100)
        Integer retryLimit,
    @JsonPropertyDescription(
            "How often a stage of a model is started again after its pod was evicted, preempted or "
                + "lost with its node; such ends do not use retryLimit. Omitted: 20.")
        @Default("20")
        @Min(0)
        @Max(1000)
        Integer disruptionLimit,
    @JsonPropertyDescription(
            "The run fails where, so long after its start, no evaluation has begun on any device; "
                + "suspended time does not count. Omitted: no limit.")
        @Min(1)
        @Max(31536000)
        Integer startDeadlineSeconds,
    @JsonPropertyDescription(
            "A pod that is on a node for so long and does not run loses its devices; the attempt "
                + "failed, and a retry is charged. Omitted: 1800.")
        @Default("1800")
        @Min(1)
        @Max(604800)
        Integer podStartDeadlineSeconds,
    @JsonPropertyDescription(
            "The running time of all pods of the run, added up; when it is used up, what still "
                + "evaluates is ended, and datasets that are complete are scored. Omitted: "
                + "limits.maxActiveSeconds of the EvalRuntime, else no limit.")
        @Min(1)
        @Max(31536000)
        Integer activeDeadlineSeconds,
    @JsonPropertyDescription(
            "The EvalJob is deleted so long after its run ended, with its results. Not for objects "
                + "kept in git: they would be made again, and run again. Omitted: never.")
        @Min(0)
        @Max(31536000)
        Integer ttlSecondsAfterFinished,
    @JsonPropertyDescription("How many models may run at the same time. Omitted: all.")
        @Min(1)
        @Max(64)
        Integer maxConcurrentModels,
    @JsonPropertyDescription(
            "Seconds in which a process of the Infer stage must come further: finish a sample, or"
                + " its loading. After that the attempt is ended, with the stacks of all processes"
                + " in its log, and tried again. Processes that wait for others are not meant. A"
                + " program of harness Command comes further when its progress file changes, and"
                + " until it has one, when it prints. Omitted: 3600.")
        @Default("3600")
        @Min(60)
        @Max(604800)
        Integer stallSeconds,
    @JsonPropertyDescription(
            "The Kueue LocalQueue of the namespace that admits the Infer stage: its Jobs are made "
                + "suspended, and Kueue starts them. Devices are then charged to no EvalQuota. "
                + "A change moves a Job that has not been admitted, and otherwise counts from the "
                + "next attempt on. Not used on one machine. Omitted: no queue.")
        @Size(min = 1, max = 63)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
        String queueName,
    @JsonPropertyDescription("CPU, memory and disk of each stage. Omitted: what the runtime says.")
        ResourcesByStage resources,
    @JsonPropertyDescription("On which nodes the pods may run. Omitted: what the runtime says.")
        PlacementSpec placement) {
  /** Copies the collections; null becomes empty. */
  public EvalJobSpec {
    models = Copies.list(models);
    datasets = Copies.list(datasets);
    env = Copies.list(env);
  }

  /** {@link #runID()}, or the default {@code 1} when left out. */
  public String runIDOrDefault() {
    return runID == null ? "1" : runID;
  }

  /** {@link #accelerator()}, empty when left out. */
  public Optional<AcceleratorSpec> acceleratorIfSet() {
    return Optional.ofNullable(accelerator);
  }

  /** {@link #split()}, empty when left out. */
  public Optional<SplitSpec> splitIfSet() {
    return Optional.ofNullable(split);
  }

  /** {@link #smokeTest()}, empty when left out. */
  public Optional<SmokeTestSpec> smokeTestIfSet() {
    return Optional.ofNullable(smokeTest);
  }

  /** {@link #scoring()}, empty when left out. */
  public Optional<ScoringSpec> scoringIfSet() {
    return Optional.ofNullable(scoring);
  }

  /** {@link #storage()}, empty when left out. */
  public Optional<StorageSpec> storageIfSet() {
    return Optional.ofNullable(storage);
  }

  /** {@link #hubTokenSecretRef()}, empty when left out. */
  public Optional<SecretKeyRef> hubTokenSecretRefIfSet() {
    return Optional.ofNullable(hubTokenSecretRef);
  }

  /** {@link #suspend()}, or the default {@code false} when left out. */
  public boolean suspendOrDefault() {
    return Boolean.TRUE.equals(suspend);
  }

  /** {@link #priorityClassName()}, empty when left out. */
  public Optional<String> priorityClassNameIfSet() {
    return Optional.ofNullable(priorityClassName);
  }

  /** {@link #disruptionLimit()}, or the default {@code 20} when left out. */
  public int disruptionLimitOrDefault() {
    return disruptionLimit == null ? 20 : disruptionLimit;
  }

  /** {@link #retryLimit()}, or the default {@code 3} when left out. */
  public Integer retryLimitOrDefault() {
    return retryLimit == null ? 3 : retryLimit;
  }

  /** {@link #startDeadlineSeconds()}, empty when left out. */
  public Optional<Integer> startDeadlineSecondsIfSet() {
    return Optional.ofNullable(startDeadlineSeconds);
  }

  /** {@link #podStartDeadlineSeconds()}, or the default {@code 1800} when left out. */
  public int podStartDeadlineSecondsOrDefault() {
    return podStartDeadlineSeconds == null ? 1800 : podStartDeadlineSeconds;
  }

  /** {@link #activeDeadlineSeconds()}, empty when left out. */
  public Optional<Integer> activeDeadlineSecondsIfSet() {
    return Optional.ofNullable(activeDeadlineSeconds);
  }

  /** {@link #ttlSecondsAfterFinished()}, empty when left out. */
  public Optional<Integer> ttlSecondsAfterFinishedIfSet() {
    return Optional.ofNullable(ttlSecondsAfterFinished);
  }

  /** {@link #maxConcurrentModels()}, empty when left out. */
  public Optional<Integer> maxConcurrentModelsIfSet() {
    return Optional.ofNullable(maxConcurrentModels);
  }

  /** {@link #stallSeconds()}, or the default {@code 3600} when left out. */
  public Integer stallSecondsOrDefault() {
    return stallSeconds == null ? 3600 : stallSeconds;
  }

  /** {@link #queueName()}, empty when left out. */
  public Optional<String> queueNameIfSet() {
    return Optional.ofNullable(queueName);
  }

  /** {@link #resources()}, empty when left out. */
  public Optional<ResourcesByStage> resourcesIfSet() {
    return Optional.ofNullable(resources);
  }

  /** {@link #placement()}, empty when left out. */
  public Optional<PlacementSpec> placementIfSet() {
    return Optional.ofNullable(placement);
  }

  /** The split settings, all defaults when left out. */
  public SplitSpec splitOrDefault() {
    return split == null ? new SplitSpec(null, null, null, null) : split;
  }

  /** The accelerator settings, all defaults when left out. */
  public AcceleratorSpec acceleratorOrDefault() {
    return accelerator == null ? new AcceleratorSpec(null, null, null, null) : accelerator;
  }

  /** The judge, empty unless the mode is {@link ScoringMode#Judge}. */
  public Optional<JudgeSpec> judgeIfSet() {
    return Optional.ofNullable(scoring)
        .filter(how -> how.modeOrDefault() == ScoringMode.Judge)
        .flatMap(ScoringSpec::judgeIfSet);
  }

  /** The way of scoring, {@link ScoringMode#DatasetDefault} when left out. */
  public ScoringMode scoringModeOrDefault() {
    return scoring == null ? ScoringMode.DatasetDefault : scoring.modeOrDefault();
  }
}
