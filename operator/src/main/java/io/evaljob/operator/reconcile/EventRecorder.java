package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.lifecycle.EventNote;
import io.evaljob.operator.status.Bounds;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Records core/v1 Events. One that cannot be recorded is only logged: status tells the same. */
final class EventRecorder {

  private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);
  private static final String COMPONENT = "evaljob-operator";

  private final KubernetesClient client;
  private final Clock clock;
  private final AtomicLong number = new AtomicLong();

  EventRecorder(KubernetesClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
  }

  void record(EvalJob job, List<EventNote> notes) {
    for (EventNote note : notes) {
      LOG.info(
          "{}/{}: {}: {}",
          job.getMetadata().getNamespace(),
          job.getMetadata().getName(),
          note.reason(),
          note.message());
      try {
        client.resource(event(job, note)).create();
      } catch (KubernetesClientException e) {
        LOG.warn(
            "An event of {}/{} could not be recorded ({}): {}",
            job.getMetadata().getNamespace(),
            job.getMetadata().getName(),
            e.getCode(),
            note.reason());
      }
    }
  }

  private Event event(EvalJob job, EventNote note) {
    Instant now = clock.instant();
    String time = now.truncatedTo(ChronoUnit.SECONDS).toString();
    // As client-go names them: unique by time, and by number within one.
    String name =
        job.getMetadata().getName()
            + "."
            + Long.toHexString(now.toEpochMilli())
            + "-"
            + Long.toHexString(System.identityHashCode(this) & 0xffffL)
            + Long.toHexString(number.incrementAndGet());
    return new EventBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(job.getMetadata().getNamespace())
        .endMetadata()
        .withNewInvolvedObject()
        .withApiVersion(job.getApiVersion())
        .withKind(job.getKind())
        .withNamespace(job.getMetadata().getNamespace())
        .withName(job.getMetadata().getName())
        .withUid(job.getMetadata().getUid())
        .withResourceVersion(job.getMetadata().getResourceVersion())
        .endInvolvedObject()
        .withType(note.warning() ? "Warning" : "Normal")
        .withReason(note.reason())
        .withMessage(Bounds.cut(note.message(), Bounds.EVENT_MESSAGE))
        .withFirstTimestamp(time)
        .withLastTimestamp(time)
        .withCount(1)
        .withNewSource()
        .withComponent(COMPONENT)
        .endSource()
        .withReportingComponent(COMPONENT)
        .withReportingInstance(COMPONENT)
        .build();
  }
}
