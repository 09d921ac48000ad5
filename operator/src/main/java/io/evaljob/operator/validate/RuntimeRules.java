package io.evaljob.operator.validate;

import static io.evaljob.operator.plan.RefusalReason.InvalidValue;
import static io.evaljob.operator.plan.RefusalReason.LimitExceeded;
import static io.evaljob.operator.plan.RefusalReason.NamespaceNotAllowed;
import static io.evaljob.operator.plan.RefusalReason.NotAllowedByRuntime;
import static io.evaljob.operator.plan.RefusalReason.ScoringNeedsDevice;

import io.evaljob.api.v1alpha1.AllowSpec;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.Harness;
import io.evaljob.api.v1alpha1.InferResources;
import io.evaljob.api.v1alpha1.JudgeSpec;
import io.evaljob.api.v1alpha1.PlacementSpec;
import io.evaljob.api.v1alpha1.ResourcesByStage;
import io.evaljob.api.v1alpha1.StageResources;
import io.evaljob.api.v1alpha1.StorageSpec;
import io.evaljob.api.v1alpha1.TolerationSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the runtime of a job does not allow, or cannot do.
 *
 * <p>Longer than most: a list of rules that have nothing in common but the runtime.
 */
final class RuntimeRules {
  private final EvalJobSpec spec;
  private final EvalRuntime runtime;
  private final AllowSpec allow;
  private final RefusalList refusals;

  RuntimeRules(EvalJobSpec spec, EvalRuntime runtime, RefusalList refusals) {
    this.spec = spec;
    this.runtime = runtime;
    this.allow = runtime.getSpec().allowOrDefault();
    this.refusals = refusals;
  }

  void check(String namespace, Map<String, String> namespaceLabels) {
    if (!allow.namespaceSelectorIfSet().map(all -> all.selects(namespaceLabels)).orElse(false)) {
      refusals.add(
          NamespaceNotAllowed,
          "spec.runtimeRef.name",
          name(),
          "does not serve namespace " + namespace,
          "name another EvalRuntime, or ask its administrator to select the namespace"
              + " (allow.namespaceSelector)");
    }
    models();
    datasets();
    spec.storageIfSet().ifPresent(this::storage);
    spec.hubTokenSecretRefIfSet()
        .ifPresent(
            secret ->
                require(
                    "secretNames",
                    allow.secretNames(),
                    "spec.hubTokenSecretRef.name",
                    secret.name()));
    spec.env().stream()
        .filter(entry -> ReservedEnvironment.find(entry.name()).isEmpty())
        .forEach(
            entry ->
                require(
                    "envNames", allow.envNames(), "spec.env[" + entry.name() + "]", entry.name()));
    hubEndpoint();
    spec.judgeIfSet().ifPresent(this::judge);
    amounts();
    spec.placementIfSet().ifPresent(this::placement);
    activeSeconds();
    spec.priorityClassNameIfSet()
        .ifPresent(
            given ->
                require(
                    "priorityClassNames",
                    allow.priorityClassNames(),
                    "spec.priorityClassName",
                    given));
  }

  private void activeSeconds() {
    Optional<Integer> most =
        runtime.getSpec().limitsIfSet().flatMap(limits -> limits.maxActiveSecondsIfSet());
    spec.activeDeadlineSecondsIfSet()
        .filter(asked -> most.filter(limit -> asked > limit).isPresent())
        .ifPresent(
            asked ->
                refusals.add(
                    LimitExceeded,
                    "spec.activeDeadlineSeconds",
                    asked.toString(),
                    "is more than EvalRuntime "
                        + name()
                        + " allows (limits.maxActiveSeconds: "
                        + most.orElseThrow()
                        + ")",
                    "set at most " + most.orElseThrow() + ", or leave it out for that"));
  }

  /** The Score stage sends questions, answers and the key there. */
  private void judge(JudgeSpec judge) {
    if (runtime.getSpec().harness() == Harness.Command) {
      refusals.add(
          InvalidValue,
          "spec.scoring.mode",
          "Judge",
          "is for VLMEvalKit, and EvalRuntime " + name() + " runs a program that scores by itself",
          "remove spec.scoring");
    }
    require(
        "endpointHosts",
        allow.endpointHosts(),
        "spec.scoring.judge.url",
        JudgeHost.of(judge.url()));
    judge
        .apiKeySecretRefIfSet()
        .ifPresent(
            secret ->
                require(
                    "secretNames",
                    allow.secretNames(),
                    "spec.scoring.judge.apiKeySecretRef.name",
                    secret.name()));
  }

  /** Prefetch shows the token to the endpoint, and an author could name one that keeps it. */
  private void hubEndpoint() {
    if (spec.hubTokenSecretRefIfSet().isEmpty()) {
      return;
    }
    spec.env().stream()
        .filter(entry -> entry.name().equals("HF_ENDPOINT"))
        .forEach(
            entry ->
                refusals.add(
                    NotAllowedByRuntime,
                    "spec.env[HF_ENDPOINT]",
                    entry.valueOrDefault(),
                    "would be sent the token of hubTokenSecretRef, which no EvalJob may read",
                    "remove one of the two, or ask the administrator of EvalRuntime "
                        + name()
                        + " to set HF_ENDPOINT in spec.pod.env"));
  }

  /** Devices at the same time, over the models that may run together. */
  void devices(List<ResolvedModel> models) {
    runtime
        .getSpec()
        .limitsIfSet()
        .flatMap(limits -> limits.maxDevicesPerEvalJobIfSet())
        .ifPresent(
            limit -> {
              int concurrent = concurrency(spec);
              List<Integer> descending =
                  models.stream()
                      .map(model -> model.plan().totalDevices())
                      .sorted((left, right) -> Integer.compare(right, left))
                      .toList();
              int most = descending.stream().limit(concurrent).mapToInt(Integer::intValue).sum();
              if (most > limit) {
                refusals.add(
                    LimitExceeded,
                    "spec.maxConcurrentModels",
                    spec.maxConcurrentModelsIfSet().map(Object::toString).orElse(""),
                    "lets models take "
                        + most
                        + " devices at the same time, and EvalRuntime "
                        + name()
                        + " allows "
                        + limit
                        + " (limits.maxDevicesPerEvalJob)",
                    "set " + fitting(descending, limit) + ", or use fewer devices for each model");
              }
            });
  }

  /** How many models of a job may run at the same time. */
  static int concurrency(EvalJobSpec spec) {
    return Math.min(
        spec.models().size(), spec.maxConcurrentModelsIfSet().orElse(spec.models().size()));
  }

  private static int fitting(List<Integer> descending, int limit) {
    int sum = 0;
    int models = 0;
    for (int devices : descending) {
      sum += devices;
      if (sum > limit) {
        break;
      }
      models++;
    }
    return Math.max(1, models);
  }

  private void models() {
    spec.models()
        .forEach(
            model -> {
              String path = "spec.models[" + model.name() + "]";
              model
                  .hubIfSet()
                  .ifPresent(hub -> require("hubIDs", allow.hubIDs(), path + ".hub.id", hub.id()));
              model.parameters().keySet().stream()
                  .sorted()
                  .forEach(
                      parameter ->
                          require(
                              "parameterNames",
                              allow.parameterNames(),
                              path + ".parameters[" + parameter + "]",
                              parameter));
            });
  }

  private void datasets() {
    if (runtime.getSpec().harness() != Harness.VLMEvalKit) {
      return;
    }
    spec.datasets().stream()
        .filter(dataset -> dataset.volumeIfSet().isEmpty())
        .forEach(
            dataset ->
                DeviceScoring.judgeOf(dataset.name())
                    .ifPresent(
                        judge ->
                            refusals.add(
                                ScoringNeedsDevice,
                                "spec.datasets[" + dataset.name() + "]",
                                dataset.name(),
                                "is scored by "
                                    + judge
                                    + ", which needs a device, and the Score stage has none",
                                "leave it out of this job")));
  }

  private void storage(StorageSpec storage) {
    storage
        .workspaceIfSet()
        .flatMap(workspace -> workspace.claimNameIfSet())
        .ifPresent(claim -> claim("spec.storage.workspace.claimName", claim));
    storage
        .cacheIfSet()
        .ifPresent(cache -> claim("spec.storage.cache.claimName", cache.claimName()));
    storage
        .volumes()
        .forEach(
            volume ->
                claim("spec.storage.volumes[" + volume.name() + "].claimName", volume.claimName()));
  }

  private void claim(String field, String claim) {
    require("claimNames", allow.claimNames(), field, claim);
  }

  private void placement(PlacementSpec placement) {
    placement.nodeSelector().keySet().stream()
        .sorted()
        .forEach(
            key ->
                require(
                    "nodeSelectorKeys",
                    allow.nodeSelectorKeys(),
                    "spec.placement.nodeSelector[" + key + "]",
                    key));
    List<TolerationSpec> tolerations = placement.tolerations();
    for (int i = 0; i < tolerations.size(); i++) {
      // Without a key it tolerates every taint: only a runtime that allows every key allows that.
      require(
          "tolerationKeys",
          allow.tolerationKeys(),
          "spec.placement.tolerations[" + i + "].key",
          tolerations.get(i).keyIfSet().orElse(""));
    }
  }

  private void amounts() {
    spec.resourcesIfSet()
        .ifPresent(
            resources -> refusals.addAll(StageAmountRules.check("spec.resources", resources)));
    Optional<Quantity> shared = amount(InferResources::sharedMemoryIfSet);
    Optional<Quantity> memory =
        amount(infer -> Optional.of(infer.common()).flatMap(StageResources::memoryIfSet));
    Optional<Long> sharedBytes = shared.flatMap(Quantities::bytes);
    Optional<Long> memoryBytes = memory.flatMap(Quantities::bytes);
    if (sharedBytes.isPresent()
        && memoryBytes.isPresent()
        && sharedBytes.get() >= memoryBytes.get()) {
      refusals.add(
          InvalidValue,
          "spec.resources.infer.sharedMemory",
          shared.get().toString(),
          "is not less than infer.memory (" + memory.get() + "), which has to hold it too",
          "set more memory or less sharedMemory");
    }
  }

  private Optional<Quantity> amount(Function<InferResources, Optional<Quantity>> amount) {
    Function<ResourcesByStage, Optional<Quantity>> get =
        resources -> resources.inferIfSet().flatMap(amount);
    return spec.resourcesIfSet()
        .flatMap(get)
        .or(() -> runtime.getSpec().resourcesIfSet().flatMap(get));
  }

  private void require(String list, List<String> patterns, String field, String value) {
    if (value == null || NamePatterns.allow(patterns, value)) {
      return; // what is missing is refused elsewhere
    }
    refusals.add(
        NotAllowedByRuntime,
        field,
        value,
        "is not allowed by EvalRuntime "
            + name()
            + (patterns.isEmpty()
                ? ", which allows no " + list
                : ", whose allow." + list + " has " + shown(patterns)),
        (patterns.isEmpty() ? "remove it" : "name one that it allows")
            + ", or ask its administrator to add it to allow."
            + list);
  }

  private String name() {
    return runtime.getMetadata().getName();
  }

  private static String shown(List<String> patterns) {
    int most = 5;
    return String.join(", ", patterns.subList(0, Math.min(most, patterns.size())))
        + (patterns.size() > most ? " and more" : "");
  }
}
