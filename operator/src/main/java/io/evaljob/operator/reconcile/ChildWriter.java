package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.RefusedCreate;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.resources.SameChild;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Optional;

/** Makes children. They are written once and never changed: what exists is compared instead. */
final class ChildWriter {

  private static final int UNPROCESSABLE = 422;

  private final KubernetesClient client;

  ChildWriter(KubernetesClient client) {
    this.client = client;
  }

  /** What is under the name after a create. */
  enum Verdict {
    /** The object we wanted. */
    OURS,
    /** An object of ours with another body. */
    OURS_BUT_DIFFERENT,
    /** Somebody else's object. */
    TAKEN,
    /** An object that is being deleted. */
    LEAVING,
    /** Nothing: the API server refuses it. */
    REFUSED,
    /** Nothing: the API server finds a value in it that cannot be. */
    INVALID
  }

  /**
   * How a create ended.
   *
   * @param verdict what is there now
   * @param message what the API server said where it refused
   * @param made the object as the API server answered with it, where this create made it
   * @param uid UID of the object where it is the one we wanted; empty where it is not
   */
  record Result<T extends HasMetadata>(
      Verdict verdict, String message, Optional<T> made, String uid) {

    private static <T extends HasMetadata> Result<T> of(Verdict verdict) {
      return new Result<>(verdict, "", Optional.empty(), "");
    }

    /** What to wait for; empty where the object is the one we wanted. */
    Optional<Wait> wait(HasMetadata desired) {
      String name = desired.getKind() + " " + desired.getMetadata().getName();
      return switch (verdict) {
        case OURS -> Optional.empty();
        case LEAVING ->
            Optional.of(
                new Wait(
                    // Only a Job's pods hold anything; else the name alone is in the way, as long
                    // as it was while somebody else's object had it.
                    desired instanceof Job ? WaitingReason.PodsRemain : WaitingReason.NameTaken,
                    name + " is being deleted; it is made again when it is gone."));
        case REFUSED ->
            Optional.of(RefusedCreate.of(name, desired.getMetadata().getNamespace(), message));
        case INVALID ->
            Optional.of(
                new Wait(
                    WaitingReason.Admission,
                    "The API server refuses "
                        + name
                        + ": "
                        + message
                        + "; correct the field of the EvalJob or of its EvalRuntime that it comes"
                        + " from."));
        case OURS_BUT_DIFFERENT ->
            Optional.of(
                new Wait(
                    WaitingReason.NameTaken,
                    name
                        + " exists and does not hold what the operator writes there; delete it, and"
                        + " see who made it."));
        case TAKEN ->
            Optional.of(
                new Wait(
                    WaitingReason.NameTaken,
                    name
                        + " exists and is not this EvalJob's; delete it, or give the EvalJob"
                        + " another name."));
      };
    }
  }

  <T extends HasMetadata> Result<T> create(T desired) {
    try {
      T made = client.resource(desired).create();
      return new Result<>(Verdict.OURS, "", Optional.of(made), made.getMetadata().getUid());
    } catch (KubernetesClientException e) {
      return switch (e.getCode()) {
        case HttpURLConnection.HTTP_CONFLICT -> compare(desired, e);
        case HttpURLConnection.HTTP_FORBIDDEN, HttpURLConnection.HTTP_BAD_REQUEST ->
            new Result<>(Verdict.REFUSED, reason(e), Optional.empty(), "");
        case UNPROCESSABLE -> new Result<>(Verdict.INVALID, reason(e), Optional.empty(), "");
        default -> {
          // Such an answer is no fault of the API server's, and does not go away by asking at once.
          if (RefusedCreate.isSilentWebhook(reason(e))) {
            yield new Result<>(Verdict.REFUSED, reason(e), Optional.empty(), "");
          }
          throw e;
        }
      };
    }
  }

  private <T extends HasMetadata> Result<T> compare(T desired, KubernetesClientException conflict) {
    HasMetadata found = whole(desired).orElseThrow(() -> conflict);
    if (found.getMetadata().getDeletionTimestamp() != null) {
      return Result.of(Verdict.LEAVING);
    }
    return switch (SameChild.compare(desired, found)) {
      case SAME -> new Result<>(Verdict.OURS, "", Optional.empty(), found.getMetadata().getUid());
      case DIFFERENT -> Result.of(Verdict.OURS_BUT_DIFFERENT);
      case TAKEN -> Result.of(Verdict.TAKEN);
    };
  }

  /** What stands under the name of a child; a Job in every field, however the client reads Jobs. */
  Optional<HasMetadata> whole(HasMetadata desired) {
    if (!(desired instanceof Job)) {
      return Optional.ofNullable(client.resource(desired).get());
    }
    return Optional.ofNullable(
        client
            .genericKubernetesResources(desired.getApiVersion(), desired.getKind())
            .inNamespace(desired.getMetadata().getNamespace())
            .withName(desired.getMetadata().getName())
            .get());
  }

  /**
   * Deletes the Job under a name where it has a queue: it would be admitted one day, beside the one
   * that takes its place.
   */
  void deleteIfQueued(Job desired) {
    boolean queued =
        whole(desired)
            .map(found -> found.getMetadata().getLabels())
            .filter(labels -> labels.containsKey(Labels.QUEUE))
            .isPresent();
    if (queued) {
      deleteJob(desired.getMetadata().getNamespace(), desired.getMetadata().getName());
    }
  }

  /** Deletes a Job; it stays until its pods are gone. */
  void deleteJob(String namespace, String name) {
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withName(name)
        .withPropagationPolicy(DeletionPropagation.FOREGROUND)
        .delete();
  }

  /** Deletes an EvalJob as it was read: one that was edited since lives on. */
  void deleteEvalJob(EvalJob job) {
    try {
      client.resource(job).lockResourceVersion(job.getMetadata().getResourceVersion()).delete();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
    }
  }

  private static String reason(KubernetesClientException e) {
    return e.getStatus() != null && e.getStatus().getMessage() != null
        ? e.getStatus().getMessage()
        : "status " + e.getCode();
  }
}
