package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.HubSource;
import io.evaljob.api.v1alpha1.ModelSpec;
import io.evaljob.api.v1alpha1.ProfileRefusal;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.RefusalReason;
import io.evaljob.operator.schema.Nearest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One validation of one job. What is wrong for certain is said first, all of it; what is only
 * missing is waited for.
 */
final class JobValidation {
  private final JobInputs inputs;
  private final RefusalList refusals = new RefusalList();

  JobValidation(JobInputs inputs) {
    this.inputs = inputs;
  }

  Validation run() {
    if (!RequiredFields.present(inputs.job(), refusals)) {
      return invalid();
    }
    EvalJobSpec spec = inputs.job().getSpec();
    new SpecRules(spec, refusals).check(inputs.job().getMetadata().getName());
    ClaimRules claims = new ClaimRules(spec, inputs.namespace(), inputs.claims());
    claims.check(refusals);
    if (inputs.runtime().isEmpty()) {
      return refusals.isEmpty() ? runtimeMissing() : invalid();
    }
    EvalRuntime runtime = inputs.runtime().get();
    List<Refusal> broken = RuntimeValidator.validate(runtime);
    if (!broken.isEmpty()) {
      return refusals.isEmpty() ? runtimeBroken(runtime, broken.get(0)) : invalid();
    }
    return planned(spec, runtime, claims);
  }

  private Validation planned(EvalJobSpec spec, EvalRuntime runtime, ClaimRules claims) {
    RuntimeRules rules = new RuntimeRules(spec, runtime, refusals);
    rules.check(inputs.namespace(), inputs.namespaceLabels());
    ModelPlanning planning = new ModelPlanning(spec, runtime.getSpec(), inputs.devices());
    List<ResolvedModel> models = new ArrayList<>();
    Optional<Validation> noProfile = Optional.empty();
    for (ModelSpec model : spec.models()) {
      Optional<ResolvedProfile> profile = profile(model);
      if (profile.isEmpty() && model.profileNameIfSet().isPresent()) {
        noProfile = noProfile.or(() -> Optional.of(profileMissing(model)));
        continue;
      }
      if (refusesModels(runtime) && refused(model, profile)) {
        continue;
      }
      planning
          .plan(model, profile, refusals)
          .ifPresent(plan -> models.add(new ResolvedModel(model, profile, plan)));
    }
    rules.devices(models);
    inputs
        .quota()
        .ifPresent(
            cap ->
                new QuotaRules(cap, refusals)
                    .check(spec.acceleratorOrDefault().resourceNameOrDefault(), models));
    if (!refusals.isEmpty()) {
      return invalid();
    }
    Optional<Validation> missing = noProfile.or(claims::missing);
    return missing.orElseGet(
        () ->
            new Validation.Valid(new ResolvedJob(inputs.job(), runtime, models, inputs.devices())));
  }

  private Optional<ResolvedProfile> profile(ModelSpec model) {
    return model
        .profileNameIfSet()
        .map(name -> inputs.profiles().byName(inputs.namespace(), name))
        .orElseGet(
            () -> inputs.profiles().byCatalogEntry(inputs.namespace(), model.catalogEntryOrName()));
  }

  /** A program of one's own may well evaluate what VLMEvalKit cannot. */
  private static boolean refusesModels(EvalRuntime runtime) {
    return runtime.getSpec().vlmevalkitIfSet().isPresent();
  }

  /** A profile that the job's own namespace gives for the model decides alone. */
  private boolean refused(ModelSpec model, Optional<ResolvedProfile> profile) {
    String path = "spec.models[" + model.name() + "].";
    Optional<ProfileRefusal> refusal = profile.flatMap(found -> found.spec().refusalIfSet());
    if (refusal.isPresent()) {
      boolean named = model.profileNameIfSet().isPresent();
      String entry = model.catalogEntryIfSet().isPresent() ? "catalogEntry" : "name";
      refuse(
          path + (named ? "profileName" : entry),
          named ? model.profileName() : model.catalogEntryOrName(),
          refusal.get());
      return true;
    }
    if (profile.filter(found -> found.origin() == ResolvedProfile.Origin.Namespace).isPresent()) {
      return false;
    }
    Optional<String> hubId = model.hubIfSet().map(HubSource::id);
    refusal =
        hubId
            .flatMap(id -> inputs.profiles().refusing(inputs.namespace(), id))
            .flatMap(found -> found.spec().refusalIfSet());
    refusal.ifPresent(found -> refuse(path + "hub.id", hubId.orElseThrow(), found));
    return refusal.isPresent();
  }

  private void refuse(String field, String value, ProfileRefusal refusal) {
    refusals.add(RefusalReason.ModelNotSupported, field, value, refusal.reason(), refusal.remedy());
  }

  private Validation invalid() {
    return new Validation.Invalid(refusals.inFieldOrder());
  }

  private Validation runtimeMissing() {
    String name = inputs.job().getSpec().runtimeRef().name();
    return new Validation.Missing(
        WaitingReason.RuntimeNotFound,
        "spec.runtimeRef.name: EvalRuntime "
            + name
            + " does not exist; create it, or correct the name"
            + didYouMean(name, inputs.runtimeNames()));
  }

  private static Validation runtimeBroken(EvalRuntime runtime, Refusal first) {
    return new Validation.Missing(
        WaitingReason.RuntimeNotFound,
        "spec.runtimeRef.name: EvalRuntime "
            + runtime.getMetadata().getName()
            + " cannot be used until it is corrected: "
            + first.message());
  }

  private Validation profileMissing(ModelSpec model) {
    return new Validation.Missing(
        WaitingReason.ProfileNotFound,
        "spec.models["
            + model.name()
            + "].profileName: ModelProfile "
            + model.profileName()
            + " exists neither in namespace "
            + inputs.namespace()
            + " nor in "
            + inputs.operatorNamespace()
            + " nor in the catalogue; create it, or correct the name"
            + didYouMean(model.profileName(), inputs.profiles().names(inputs.namespace())));
  }

  private static String didYouMean(String name, List<String> known) {
    return Nearest.to(name, known).map(near -> " (did you mean " + near + "?)").orElse("");
  }
}
