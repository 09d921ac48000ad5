package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.operator.status.SameStatus;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.HttpURLConnection;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the status of an EvalJob, at most once a pass and only over the version that the pass has
 * read: two writers never mix.
 */
final class StatusWriter {

  private static final Logger LOG = LoggerFactory.getLogger(StatusWriter.class);

  private final KubernetesClient client;

  StatusWriter(KubernetesClient client) {
    this.client = client;
  }

  /** What became of a write. */
  enum Written {
    /** It was so already. */
    UNCHANGED,
    /** It is so now. */
    WRITTEN,
    /** It is so now, for a spec that has been edited since. */
    WRITTEN_BUT_SPEC_MOVED,
    /** Somebody else wrote first: the pass is taken again. */
    CONFLICT,
    /** The object is gone. */
    GONE
  }

  Written write(EvalJob job, EvalJobStatus status, Context<EvalJob> context) {
    if (job.getStatus() != null && SameStatus.test(job.getStatus(), status)) {
      return Written.UNCHANGED;
    }
    EvalJob update = new EvalJob();
    update.setMetadata(new ObjectMetaBuilder(job.getMetadata()).build());
    update.setSpec(job.getSpec());
    update.setStatus(status);
    EvalJob stored;
    try {
      stored = client.resource(update).updateStatus();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        LOG.debug("The status of {} moved on; the pass is taken again", name(job));
        return Written.CONFLICT;
      }
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return Written.GONE;
      }
      throw e;
    }
    // The next pass must see this write even before the watch brings it. It was made over exactly
    // the version that was read, so no edit of the spec can hide behind it.
    context
        .eventSourceRetriever()
        .getControllerEventSource()
        .handleRecentResourceUpdate(ResourceID.fromResource(job), stored, job);
    return Objects.equals(stored.getMetadata().getGeneration(), job.getMetadata().getGeneration())
        ? Written.WRITTEN
        : Written.WRITTEN_BUT_SPEC_MOVED;
  }

  private static String name(EvalJob job) {
    return job.getMetadata().getNamespace() + "/" + job.getMetadata().getName();
  }
}
