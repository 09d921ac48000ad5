package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.operator.leader.Leadership;
import io.evaljob.operator.observe.Preflight;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.report.PodIdentity;
import io.evaljob.operator.report.ReportSink;
import io.evaljob.operator.report.Stored;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Reports on their way into a status. Nothing here is needed after a restart: a final report that
 * was not acknowledged is sent again.
 *
 * <p>Progress is let through when its percentage moved, and for one EvalJob not more often than the
 * interval allows; what is held back is replaced by the next report.
 */
final class ReportInbox implements ReportSink {

  private final Clock clock;
  private final Duration interval;
  private final Leadership leadership;
  private final Map<String, Box> boxes = new ConcurrentHashMap<>();
  private volatile Consumer<ResourceID> wake = job -> {};
  private volatile Function<String, Optional<PodIdentity>> pods = uid -> Optional.empty();

  ReportInbox(Clock clock, Duration interval, Leadership leadership) {
    this.clock = clock;
    this.interval = interval;
    this.leadership = leadership;
  }

  /** Connects the inbox with the reconciler's event sources. */
  void connect(Consumer<ResourceID> waker, Function<String, Optional<PodIdentity>> podSource) {
    wake = waker;
    pods = podSource;
  }

  @Override
  public boolean leads() {
    return leadership.held();
  }

  @Override
  public Optional<PodIdentity> find(String podUid) {
    return pods.apply(podUid);
  }

  @Override
  public CompletionStage<Stored> submit(StageReport report) {
    Box box = boxes.computeIfAbsent(report.jobUid(), uid -> new Box());
    CompletableFuture<Stored> answer = new CompletableFuture<>();
    boolean due;
    synchronized (box) {
      due = report.last() ? box.takeLast(report, answer) : takeProgress(box, report);
    }
    if (!leadership.held()) {
      // No pass will look at it here, be it the first such report or one that came in the moment
      // in which the lease was lost.
      abandon();
      answer.complete(Stored.NOT_LEADER);
      return answer;
    }
    if (!report.last()) {
      answer.complete(Stored.ACCEPTED);
    }
    if (due) {
      wake.accept(new ResourceID(report.job(), report.namespace()));
    }
    return answer;
  }

  private boolean takeProgress(Box box, StageReport report) {
    report.preflight().ifPresent(seen -> box.preflights.put(report.podUid(), seen));
    StageReport shown = box.shown.get(report.podUid());
    if (shown != null
        && (shown.last()
            || shown.sequence() >= report.sequence()
            || percent(shown.progress()) == percent(report.progress()))) {
      return false;
    }
    Instant now = clock.instant();
    if (box.lastShown != null && now.isBefore(box.lastShown.plus(interval))) {
      return false;
    }
    box.lastShown = now;
    box.shown.put(report.podUid(), box.withPreflight(report));
    return true;
  }

  /** The reports that a pass may write now, by the UID of their pod. */
  Map<String, StageReport> reportsOf(EvalJob job) {
    Box box = boxes.get(job.getMetadata().getUid());
    if (box == null) {
      return Map.of();
    }
    synchronized (box) {
      return Map.copyOf(box.shown);
    }
  }

  /** Acknowledges final reports whose contents are stored. */
  void settle(String jobUid, Set<String> podUids) {
    Box box = boxes.get(jobUid);
    if (box == null) {
      return;
    }
    List<CompletableFuture<Stored>> answers = new ArrayList<>();
    synchronized (box) {
      for (String podUid : podUids) {
        List<CompletableFuture<Stored>> waiting = box.waiting.remove(podUid);
        if (waiting != null) {
          answers.addAll(waiting);
        }
      }
    }
    answers.forEach(answer -> answer.complete(Stored.STORED));
  }

  /** Has every report that waits sent again, to another replica. */
  void abandon() {
    List<CompletableFuture<Stored>> answers = new ArrayList<>();
    for (String jobUid : List.copyOf(boxes.keySet())) {
      Box box = boxes.remove(jobUid);
      if (box != null) {
        synchronized (box) {
          box.waiting.values().forEach(answers::addAll);
          box.waiting.clear();
        }
      }
    }
    answers.forEach(answer -> answer.complete(Stored.NOT_LEADER));
  }

  /** Drops what is held for an EvalJob that is gone; nobody will store its reports. */
  void forget(String jobUid) {
    boxes.remove(jobUid);
  }

  /** Drops what is held for an EvalJob whose run has ended, unless somebody still waits. */
  void forgetAnswered(String jobUid) {
    boxes.computeIfPresent(
        jobUid,
        (uid, box) -> {
          synchronized (box) {
            return box.waiting.isEmpty() ? null : box;
          }
        });
  }

  private static int percent(Progress progress) {
    if (progress.samplesTotal() > 0) {
      return (int) (progress.samplesDone() * 100 / progress.samplesTotal());
    }
    return progress.datasetsTotal() > 0
        ? (int) (progress.datasetsDone() * 100 / progress.datasetsTotal())
        : 0;
  }

  /** What is held of one EvalJob; guarded by itself. */
  private static final class Box {
    private final Map<String, StageReport> shown = new HashMap<>();
    private final Map<String, Preflight> preflights = new HashMap<>();
    private final Map<String, List<CompletableFuture<Stored>>> waiting = new HashMap<>();
    private Instant lastShown;

    private boolean takeLast(StageReport report, CompletableFuture<Stored> answer) {
      waiting.computeIfAbsent(report.podUid(), uid -> new ArrayList<>()).add(answer);
      shown.put(report.podUid(), withPreflight(report));
      return true;
    }

    private StageReport withPreflight(StageReport report) {
      if (report.preflight().isPresent() || !preflights.containsKey(report.podUid())) {
        return report;
      }
      return new StageReport(
          report.namespace(),
          report.job(),
          report.jobUid(),
          report.model(),
          report.podName(),
          report.podUid(),
          report.stage(),
          report.attempt(),
          report.sequence(),
          report.last(),
          report.progress(),
          Optional.of(preflights.get(report.podUid())),
          report.results(),
          report.failure());
    }
  }
}
