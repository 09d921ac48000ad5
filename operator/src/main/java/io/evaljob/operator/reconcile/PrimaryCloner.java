package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.javaoperatorsdk.operator.api.config.Cloner;

/**
 * Copies an EvalJob for a pass, without the way through JSON: spec and status are records, which
 * nobody can change.
 */
record PrimaryCloner(KubernetesSerialization serialization) implements Cloner {

  @Override
  public <R extends HasMetadata> R clone(R object) {
    if (object instanceof EvalJob job) {
      EvalJob copy = new EvalJob();
      copy.setMetadata(new ObjectMetaBuilder(job.getMetadata()).build());
      copy.setSpec(job.getSpec());
      copy.setStatus(job.getStatus());
      @SuppressWarnings("unchecked")
      R same = (R) copy;
      return same;
    }
    return serialization.clone(object);
  }
}
