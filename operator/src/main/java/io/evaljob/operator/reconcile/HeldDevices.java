package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.JobObserver;
import io.evaljob.operator.observe.Liveness;
import io.evaljob.operator.quota.Charge;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Map;

/**
 * Asks the API server itself whether charged devices can still be held, before the charge is taken
 * back: a cache may be behind, and then devices would be granted twice.
 */
final class HeldDevices {

  private final KubernetesClient client;

  HeldDevices(KubernetesClient client) {
    this.client = client;
  }

  /** Whether the EvalJob wants the charge, or a Job or pod of the attempt has not ended. */
  boolean mayHold(Charge charge) {
    return isWanted(charge) || hasJob(charge) || hasPod(charge);
  }

  private boolean isWanted(Charge charge) {
    EvalJob job =
        client
            .resources(EvalJob.class)
            .inNamespace(charge.namespace())
            .withName(charge.job())
            .get();
    return job != null
        && job.getMetadata().getDeletionTimestamp() == null
        && job.getMetadata().getUid().equals(charge.key().uid())
        && QuotaDemands.wants(job, charge.key());
  }

  private boolean hasJob(Charge charge) {
    return client
        .resources(Job.class)
        .inNamespace(charge.namespace())
        .withLabels(labels(charge))
        .list()
        .getItems()
        .stream()
        .filter(job -> isOf(job, charge) && !QuotaDemands.isOfKueue(job))
        .anyMatch(Liveness::mayMakePods);
  }

  private boolean hasPod(Charge charge) {
    return client
        .pods()
        .inNamespace(charge.namespace())
        .withLabels(labels(charge))
        .list()
        .getItems()
        .stream()
        .filter(pod -> isOf(pod, charge))
        .anyMatch(Liveness::mayHoldDevices);
  }

  private static boolean isOf(HasMetadata child, Charge charge) {
    return JobObserver.stageOf(child).filter(Stage.Infer::equals).isPresent()
        && QuotaDemands.key(child).filter(charge.key()::equals).isPresent();
  }

  private static Map<String, String> labels(Charge charge) {
    return Map.of(
        Labels.MANAGED_BY, Labels.MANAGED_BY_VALUE,
        Labels.JOB_UID, charge.key().uid(),
        Labels.MODEL, charge.key().model());
  }
}
