package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.CacheSpec;
import io.evaljob.api.v1alpha1.DatasetSpec;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.EvalRuntimeSpec;
import io.evaljob.api.v1alpha1.ModelSpec;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.ModelPlan;
import io.evaljob.operator.plan.PlannedStrategy;
import io.evaljob.operator.plan.SplitPlan;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes what was validated and planned down as a {@link PlanDocument}. */
final class PlanDocuments {
  private PlanDocuments() {}

  static PlanDocument of(ResolvedJob resolved, ResolvedModel model, Run run) {
    EvalJob job = resolved.job();
    EvalJobSpec spec = job.getSpec();
    EvalRuntime runtime = resolved.runtime();
    ModelPlan plan = model.plan();
    return new PlanDocument(
        PlanDocument.SCHEMA_VERSION,
        new PlanDocument.Job(
            ChildMetadata.namespace(job), job.getMetadata().getName(), job.getMetadata().getUid()),
        run,
        model(model.spec()),
        spec.datasets().stream().map(PlanDocuments::dataset).toList(),
        harness(runtime.getSpec()),
        new PlanDocument.Scoring(
            spec.scoringModeOrDefault().name(),
            spec.judgeIfSet()
                .map(judge -> new PlanDocument.Judge(judge.url(), judge.model()))
                .orElse(null)),
        spec.smokeTestIfSet()
            .map(
                smoke ->
                    new PlanDocument.SmokeTest(
                        smoke.samplesOrDefault(), smoke.onDifferenceOrDefault().name()))
            .orElse(null),
        devices(spec, plan, resolved.devices()),
        plan.ranks().stream()
            .map(rank -> new PlanDocument.Rank(rank.rank(), rank.visibleDevices()))
            .toList(),
        split(plan),
        new PlanDocument.Resources(
            StageAmounts.sharedMemory(spec, runtime.getSpec())
                .map(CanonicalQuantity::bytes)
                .orElse(0L)),
        cache(spec, runtime.getSpec()).orElse(null),
        new PlanDocument.RuntimeIdentity(
            runtime.getMetadata().getName(),
            Optional.ofNullable(runtime.getMetadata().getGeneration()).orElse(0L),
            runtime.getSpec().image()),
        model
            .profile()
            .map(profile -> new PlanDocument.Profile(profile.name(), profile.origin().name()))
            .orElse(new PlanDocument.Profile("", "None")),
        plan.notes());
  }

  private static PlanDocument.Model model(ModelSpec spec) {
    return new PlanDocument.Model(
        spec.name(), spec.catalogEntryOrName(), source(spec), spec.parameters());
  }

  private static PlanDocument.Source source(ModelSpec spec) {
    if (spec.hubIfSet().isPresent()) {
      return new PlanDocument.Source(
          PlanDocument.SourceKind.Hub,
          spec.hub().id(),
          spec.hub().revisionIfSet().orElse(""),
          "",
          "");
    }
    return spec.volumeIfSet()
        .map(
            volume ->
                new PlanDocument.Source(
                    PlanDocument.SourceKind.Volume, "", "", volume.name(), volume.path()))
        .orElse(new PlanDocument.Source(PlanDocument.SourceKind.Entry, "", "", "", ""));
  }

  private static PlanDocument.Dataset dataset(DatasetSpec spec) {
    return spec.volumeIfSet()
        .map(volume -> new PlanDocument.Dataset(spec.name(), volume.name(), volume.path()))
        .orElse(new PlanDocument.Dataset(spec.name(), "", ""));
  }

  private static PlanDocument.Harness harness(EvalRuntimeSpec runtime) {
    return new PlanDocument.Harness(
        runtime.harness().name(),
        runtime.vlmevalkitIfSet().map(settings -> settings.dialect().name()).orElse(""),
        runtime.commandIfSet().map(command -> command.args()).orElse(List.of()),
        runtime.prepareIfSet().map(prepare -> prepare.script()).orElse(""));
  }

  private static PlanDocument.Devices devices(
      EvalJobSpec spec, ModelPlan plan, DeviceContext context) {
    long minMemory =
        spec.acceleratorOrDefault().minMemoryIfSet().map(CanonicalQuantity::bytes).orElse(0L);
    return new PlanDocument.Devices(
        context instanceof DeviceContext.BareProcess ? "BareProcess" : PlanDocument.POD,
        plan.accelerator().vendor().name(),
        plan.resourceName(),
        plan.accelerator().kind().name(),
        plan.accelerator().processVariable(),
        plan.accelerator().namedByPlugin(),
        plan.accelerator().rivalVariables(),
        plan.containerEnvironment(),
        plan.helperEnvironment(),
        plan.devicesPerProcess(),
        plan.processes(),
        plan.totalDevices(),
        plan.totalDevices() == 0 ? 0 : minMemory);
  }

  private static PlanDocument.Split split(ModelPlan plan) {
    SplitPlan split = plan.split().orElse(new SplitPlan(List.of(), List.of(), Map.of(), 1));
    return new PlanDocument.Split(
        plan.strategy().name(),
        plan.loader().name(),
        plan.strategy() == PlannedStrategy.TensorParallel ? split.tensorParallelSize() : null,
        split.assignments().stream()
            .map(
                part ->
                    new PlanDocument.Assignment(
                        part.role().name(),
                        part.moduleNames(),
                        part.first(),
                        part.count(),
                        part.device(),
                        part.bytes()))
            .toList(),
        split.devices().stream()
            .map(
                load ->
                    new PlanDocument.DeviceLoad(
                        load.index(), load.weightsBytes(), load.loadBytes(), load.capacityBytes()))
            .toList(),
        split.deviceMap(),
        plan.reservePercent());
  }

  private static Optional<PlanDocument.Cache> cache(EvalJobSpec spec, EvalRuntimeSpec runtime) {
    Optional<CacheSpec> cache = spec.storageIfSet().flatMap(storage -> storage.cacheIfSet());
    return cache.map(
        used ->
            new PlanDocument.Cache(
                used.accessOrDefault().name(),
                runtime.cacheOrDefault().datasetPathOrDefault(),
                runtime.cacheOrDefault().hubPathOrDefault()));
  }
}
