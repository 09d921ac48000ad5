package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.ClaimTemplate;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Retention;
import io.evaljob.api.v1alpha1.WorkspaceSpec;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import java.util.Optional;

/** Where the predictions of a model lie: a claim made for it, or one that the job names. */
final class Workspace {
  private Workspace() {}

  static Optional<PersistentVolumeClaim> claim(EvalJob job, String model) {
    if (givenClaim(job).isPresent()) {
      return Optional.empty();
    }
    ClaimTemplate template =
        workspace(job).flatMap(WorkspaceSpec::claimTemplateIfSet).orElse(ClaimTemplate.defaults());
    return Optional.of(
        new PersistentVolumeClaimBuilder()
            .withMetadata(metadata(job, model))
            .withNewSpec()
            .withAccessModes(template.accessModeOrDefault().name())
            .withStorageClassName(template.storageClassNameIfSet().orElse(null))
            .withNewResources()
            .addToRequests("storage", CanonicalQuantity.of(template.sizeOrDefault()))
            .endResources()
            .endSpec()
            .build());
  }

  static String claimName(EvalJob job, String model) {
    return givenClaim(job)
        .orElseGet(
            () ->
                Names.workspace(
                    job.getMetadata().getName(), job.getMetadata().getUid(), model, stays(job)));
  }

  /** What stays has no owner with which it would be deleted. */
  private static ObjectMeta metadata(EvalJob job, String model) {
    String name = claimName(job, model);
    return stays(job)
        ? ChildMetadata.withoutOwner(job, name, Labels.of(job, model))
        : ChildMetadata.of(job, name, Labels.of(job, model));
  }

  private static boolean stays(EvalJob job) {
    return workspace(job).filter(set -> set.retentionOrDefault() == Retention.Retain).isPresent();
  }

  private static Optional<String> givenClaim(EvalJob job) {
    return workspace(job).flatMap(WorkspaceSpec::claimNameIfSet);
  }

  private static Optional<WorkspaceSpec> workspace(EvalJob job) {
    return job.getSpec().storageIfSet().flatMap(storage -> storage.workspaceIfSet());
  }
}
