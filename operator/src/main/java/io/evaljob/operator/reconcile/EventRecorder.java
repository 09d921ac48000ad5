package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.lifecycle.EventNote;
import io.evaljob.operator.status.Bounds;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records core/v1 Events, those of one EvalJob in the order they are told, while passes go on: a
 * first Job need not wait until its EvalJob's acceptance is told. One that cannot be recorded is
 * only logged: status tells the same.
 */
final class EventRecorder implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);
  private static final String COMPONENT = "evaljob-operator";

  /** A busy API server takes some 30 a second from one. */
  private static final int LANES = 4;

  /** More of them in a lane are recorded by the pass that tells them, which thus waits. */
  private static final int MOST_WAITING = 1_000;

  private static final Duration IDLE = Duration.ofSeconds(30);

  /** What a stop may take for those that wait, of the five seconds it has. */
  private static final Duration LAST_ONES = Duration.ofSeconds(2);

  private final KubernetesClient client;
  private final Clock clock;
  private final AtomicLong number = new AtomicLong();
  private final List<ThreadPoolExecutor> lanes =
      Stream.generate(EventRecorder::lane).limit(LANES).toList();

  EventRecorder(KubernetesClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
  }

  private static ThreadPoolExecutor lane() {
    ThreadPoolExecutor lane =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE.toSeconds(),
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MOST_WAITING),
            EventRecorder::thread,
            new ThreadPoolExecutor.CallerRunsPolicy());
    lane.allowCoreThreadTimeOut(true);
    return lane;
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "evaljob-events");
    thread.setDaemon(true);
    return thread;
  }

  void record(EvalJob job, List<EventNote> notes) {
    ThreadPoolExecutor lane =
        lanes.get(Math.floorMod(job.getMetadata().getUid().hashCode(), LANES));
    for (EventNote note : notes) {
      LOG.info(
          "{}/{}: {}: {}",
          job.getMetadata().getNamespace(),
          job.getMetadata().getName(),
          note.reason(),
          note.message());
      Event event = event(job, note);
      lane.execute(() -> create(event));
    }
  }

  private void create(Event event) {
    try {
      client.resource(event).create();
    } catch (RuntimeException e) {
      LOG.warn(
          "An event of {}/{} could not be recorded: {}: {}",
          event.getMetadata().getNamespace(),
          event.getInvolvedObject().getName(),
          event.getReason(),
          e.getMessage());
    }
  }

  /** Records those that wait, if that takes no more than two seconds. */
  @Override
  public void close() {
    lanes.forEach(ThreadPoolExecutor::shutdown);
    long end = System.nanoTime() + LAST_ONES.toNanos();
    int lost = 0;
    for (ThreadPoolExecutor lane : lanes) {
      lost += isDone(lane, end) ? 0 : lane.shutdownNow().size();
    }
    if (lost > 0) {
      LOG.warn("{} events are not recorded: the operator stops", lost);
    }
  }

  private static boolean isDone(ThreadPoolExecutor lane, long end) {
    try {
      return lane.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
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
