package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.AcceleratorSpec;
import io.evaljob.api.v1alpha1.ActivationProfile;
import io.evaljob.api.v1alpha1.BlockProfile;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.EvalRuntimeSpec;
import io.evaljob.api.v1alpha1.LoaderProfile;
import io.evaljob.api.v1alpha1.ModelProfileSpec;
import io.evaljob.api.v1alpha1.ModelSpec;
import io.evaljob.api.v1alpha1.SplitSpec;
import io.evaljob.operator.plan.Activations;
import io.evaljob.operator.plan.Block;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.Dialect;
import io.evaljob.operator.plan.Harness;
import io.evaljob.operator.plan.Loader;
import io.evaljob.operator.plan.ModelFacts;
import io.evaljob.operator.plan.ModelPlan;
import io.evaljob.operator.plan.PlanRequest;
import io.evaljob.operator.plan.PlanResult;
import io.evaljob.operator.plan.Planner;
import io.evaljob.operator.plan.RequestedCount;
import io.evaljob.operator.plan.Role;
import io.evaljob.operator.plan.SplitRequest;
import io.evaljob.operator.plan.SplitStrategy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/** Puts a model of a spec to the planner. */
final class ModelPlanning {
  private final EvalJobSpec spec;
  private final EvalRuntimeSpec runtime;
  private final DeviceContext devices;

  ModelPlanning(EvalJobSpec spec, EvalRuntimeSpec runtime, DeviceContext devices) {
    this.spec = spec;
    this.runtime = runtime;
    this.devices = devices;
  }

  /** The plan of one model; empty when there is none, and then the refusals say why. */
  Optional<ModelPlan> plan(
      ModelSpec model, Optional<ResolvedProfile> profile, RefusalList refusals) {
    PlanResult result = Planner.plan(request(model, profile));
    if (result instanceof PlanResult.Infeasible infeasible) {
      refusals.addAll(infeasible.refusals());
      return Optional.empty();
    }
    return Optional.of(noted(((PlanResult.Planned) result).plan()));
  }

  /** What the planner is asked for a model. */
  PlanRequest request(ModelSpec model, Optional<ResolvedProfile> profile) {
    String path = "spec.models[" + model.name() + "]";
    AcceleratorSpec accelerator = spec.acceleratorOrDefault();
    return new PlanRequest(
        path,
        devices,
        accelerator.resourceNameOrDefault(),
        accelerator.minMemoryIfSet().flatMap(Quantities::bytes).orElse(0L),
        count(
            model.devicesPerProcessIfSet(),
            accelerator.devicesPerProcessIfSet(),
            path,
            "devicesPerProcess"),
        count(
            model.processesIfSet(),
            Optional.ofNullable(accelerator.processes()),
            path,
            "processes"),
        harness(profile),
        profile.map(ModelPlanning::facts),
        split(),
        deviceMap(model),
        runtime
            .limitsIfSet()
            .flatMap(limits -> limits.maxDevicesPerEvalJobIfSet())
            .map(OptionalInt::of)
            .orElse(OptionalInt.empty()));
  }

  /** The model's own count wins over the job's; messages name the field that decided. */
  private static RequestedCount count(
      Optional<Integer> ofModel, Optional<Integer> ofJob, String path, String field) {
    return ofModel
        .map(value -> RequestedCount.of(value, path + "." + field))
        .or(() -> ofJob.map(value -> RequestedCount.of(value, "spec.accelerator." + field)))
        .orElse(RequestedCount.unset(path + "." + field));
  }

  private Harness harness(Optional<ResolvedProfile> profile) {
    Dialect dialect =
        runtime
            .vlmevalkitIfSet()
            .map(settings -> Dialect.valueOf(settings.dialect().name()))
            .orElse(Dialect.Command);
    Optional<LoaderProfile> loader =
        profile.stream()
            .flatMap(found -> found.spec().loaders().stream())
            .filter(
                entry -> entry.dialect() != null && dialect.name().equals(entry.dialect().name()))
            .filter(entry -> named(Loader.values(), entry.loader()).isPresent())
            .findFirst();
    return loader
        .map(
            entry ->
                new Harness(
                    dialect, named(Loader.values(), entry.loader()), entry.canSplitOrDefault()))
        .orElse(Harness.unprofiled(dialect));
  }

  private static ModelFacts facts(ResolvedProfile profile) {
    ModelProfileSpec facts = profile.spec();
    ActivationProfile activations = facts.activationsOrDefault();
    return new ModelFacts(
        profile.name(),
        blocks(facts),
        optional(facts.attentionHeadsIfSet()),
        optional(facts.keyValueHeadsIfSet()),
        facts.allowedDeviceCounts(),
        facts.tiedHeadOrDefault(),
        new Activations(
            activations.visionBytesOrDefault(),
            activations.logitsBytesPerTokenOrDefault(),
            activations.workspaceBytesOrDefault()));
  }

  /**
   * A block of a role that this operator does not know leaves the model without sizes: better no
   * check of the fit, which is said, than a wrong one.
   */
  private static List<Block> blocks(ModelProfileSpec facts) {
    List<Block> blocks = new ArrayList<>();
    for (BlockProfile block : facts.blocks()) {
      Optional<Role> role = named(Role.values(), block.role());
      if (role.isEmpty()) {
        return List.of();
      }
      blocks.add(
          new Block(
              role.get(),
              block.countOrDefault(),
              block.bytes(),
              block.keyValueBytesPerTokenOrDefault(),
              block.moduleNames()));
    }
    return blocks;
  }

  private SplitRequest split() {
    SplitSpec split = spec.splitOrDefault();
    return new SplitRequest(
        named(SplitStrategy.values(), split.strategyOrDefault()).orElse(SplitStrategy.Auto),
        split.contextTokensOrDefault(),
        split.reservePercentOrDefault());
  }

  private static Optional<Map<String, String>> deviceMap(ModelSpec model) {
    if (model.deviceMap().isEmpty()) {
      return Optional.empty();
    }
    Map<String, String> devices = new TreeMap<>();
    model
        .deviceMap()
        .forEach((module, device) -> devices.put(module, device == null ? "" : device.toString()));
    return Optional.of(devices);
  }

  /** What the planner cannot know: how nodes are chosen. */
  ModelPlan noted(ModelPlan plan) {
    boolean asked = spec.acceleratorOrDefault().minMemoryIfSet().isPresent();
    boolean inPod = devices instanceof DeviceContext.RequestedInPod;
    if (!asked
        || !inPod
        || plan.totalDevices() == 0
        || DeviceMemoryLabel.of(plan.resourceName()).isPresent()) {
      return plan;
    }
    List<String> notes = new ArrayList<>(plan.notes());
    notes.add(
        "minMemory is planned with, but nodes with less are not left out: no node label tells the"
            + " memory of "
            + plan.resourceName()
            + " as a number; choose nodes with spec.placement.nodeSelector");
    return new ModelPlan(
        plan.strategy(),
        plan.loader(),
        plan.accelerator(),
        plan.resourceName(),
        plan.processes(),
        plan.devicesPerProcess(),
        plan.reservePercent(),
        plan.ranks(),
        plan.containerEnvironment(),
        plan.helperEnvironment(),
        plan.split(),
        notes);
  }

  /** API and planner use the same words; a value from a newer API has no counterpart. */
  private static <E extends Enum<E>> Optional<E> named(E[] values, Enum<?> word) {
    for (E value : values) {
      if (word != null && value.name().equals(word.name())) {
        return Optional.of(value);
      }
    }
    return Optional.empty();
  }

  private static OptionalInt optional(Optional<Integer> value) {
    return value.map(OptionalInt::of).orElse(OptionalInt.empty());
  }
}
