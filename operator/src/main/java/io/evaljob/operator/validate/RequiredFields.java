package io.evaljob.operator.validate;

import static io.evaljob.operator.plan.RefusalReason.InvalidValue;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.StorageSpec;

/** The fields without which no rule can be asked. */
final class RequiredFields {
  private final RefusalList refusals;

  private RequiredFields(RefusalList refusals) {
    this.refusals = refusals;
  }

  /** False when so much is missing that nothing else can be said. */
  static boolean present(EvalJob job, RefusalList refusals) {
    new RequiredFields(refusals).check(job);
    return refusals.isEmpty();
  }

  private void check(EvalJob job) {
    EvalJobSpec spec = job.getSpec();
    if (spec == null) {
      missing("spec", "write it");
      return;
    }
    if (blank(job.getMetadata().getName())) {
      missing("metadata.name", "give the job a name");
    }
    if (spec.runtimeRef() == null || blank(spec.runtimeRef().name())) {
      missing("spec.runtimeRef.name", "name an EvalRuntime");
    }
    if (spec.models().isEmpty()) {
      missing("spec.models", "name at least one model");
    }
    if (spec.models().stream().anyMatch(model -> blank(model.name()))) {
      missing("spec.models[].name", "give every model a name");
    }
    if (spec.datasets().isEmpty()) {
      missing("spec.datasets", "name at least one dataset");
    }
    if (spec.datasets().stream().anyMatch(dataset -> blank(dataset.name()))) {
      missing("spec.datasets[].name", "give every dataset a name");
    }
    if (spec.env().stream().anyMatch(entry -> blank(entry.name()))) {
      missing("spec.env[].name", "give every variable a name");
    }
    spec.storageIfSet().ifPresent(this::claims);
  }

  private void claims(StorageSpec storage) {
    if (storage.cacheIfSet().filter(cache -> blank(cache.claimName())).isPresent()) {
      missing("spec.storage.cache.claimName", "name the claim");
    }
    if (storage.volumes().stream().anyMatch(volume -> blank(volume.name()))) {
      missing("spec.storage.volumes[].name", "give every volume a name");
    }
    if (storage.volumes().stream().anyMatch(volume -> blank(volume.claimName()))) {
      missing("spec.storage.volumes[].claimName", "name the claim of every volume");
    }
  }

  static boolean blank(String text) {
    return text == null || text.isBlank();
  }

  private void missing(String field, String remedy) {
    refusals.add(InvalidValue, field, "", "is missing", remedy);
  }
}
