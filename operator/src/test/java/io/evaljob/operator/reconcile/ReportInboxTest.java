package io.evaljob.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.Preflight;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.report.Stored;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReportInboxTest {

  private final HandClock clock = new HandClock();
  private final AtomicBoolean leads = new AtomicBoolean(true);
  private final ReportInbox inbox = new ReportInbox(clock, Duration.ofSeconds(60), leads::get);
  private final List<String> woken = new ArrayList<>();

  @BeforeEach
  void connect() {
    inbox.connect(job -> woken.add(job.getName()), uid -> Optional.empty());
  }

  @Test
  void progressPassesAtMostOnceAnIntervalAndOnlyWhenItMoved() {
    accept(report("a", 1, 10, false));
    clock.pass(30);
    accept(report("a", 2, 20, false));
    assertThat(woken).hasSize(1);
    assertThat(shown("a").progress().samplesDone()).isEqualTo(10);

    clock.pass(30);
    accept(report("a", 3, 30, false));
    clock.pass(60);
    accept(report("a", 4, 30, false));
    assertThat(woken).hasSize(2);
    assertThat(shown("a").progress().samplesDone()).isEqualTo(30);
  }

  @Test
  void whatAReportHeldBackSawOfDevicesComesWithTheNext() {
    accept(report("a", 1, 10, false));
    StageReport withDevices = withPreflight(report("b", 1, 10, false));
    accept(withDevices);
    assertThat(inbox.reportsOf(job())).containsOnlyKeys("a");

    clock.pass(60);
    accept(report("b", 2, 20, false));

    assertThat(shown("b").preflight()).isEqualTo(withDevices.preflight());
  }

  @Test
  void aFinalReportWakesAtOnceAndIsAnsweredWhenSettled() {
    accept(report("a", 1, 10, false));
    CompletableFuture<Stored> first = submit(report("a", 2, 100, true));
    CompletableFuture<Stored> again = submit(report("a", 3, 100, true));

    assertThat(woken).hasSize(3);
    assertThat(first).isNotDone();
    inbox.settle("job-uid", Set.of("b"));
    assertThat(first).isNotDone();
    inbox.settle("job-uid", Set.of("a"));
    assertThat(first).isCompletedWithValue(Stored.STORED);
    assertThat(again).isCompletedWithValue(Stored.STORED);
  }

  @Test
  void progressThatComesAfterTheFinalReportIsLate() {
    accept(report("a", 5, 100, true));
    clock.pass(600);
    accept(report("a", 4, 50, false));

    assertThat(shown("a").last()).isTrue();
  }

  @Test
  void whoLosesTheLeaseSendsWaitingReportsToTheNextLeader() {
    CompletableFuture<Stored> waiting = submit(report("a", 1, 100, true));
    leads.set(false);
    inbox.abandon();
    assertThat(waiting).isCompletedWithValue(Stored.NOT_LEADER);
    assertThat(inbox.reportsOf(job())).isEmpty();

    assertThat(inbox.leads()).isFalse();
    assertThat(submit(report("a", 2, 100, true))).isCompletedWithValue(Stored.NOT_LEADER);
    assertThat(submit(report("b", 1, 50, false))).isCompletedWithValue(Stored.NOT_LEADER);
    assertThat(inbox.reportsOf(job())).isEmpty();
    assertThat(woken).hasSize(1);
  }

  private void accept(StageReport report) {
    assertThat(submit(report).isDone()).isEqualTo(!report.last());
  }

  private CompletableFuture<Stored> submit(StageReport report) {
    return inbox.submit(report).toCompletableFuture();
  }

  private StageReport shown(String pod) {
    return inbox.reportsOf(job()).get(pod);
  }

  private static EvalJob job() {
    EvalJob job = new EvalJob();
    job.setMetadata(new ObjectMetaBuilder().withUid("job-uid").withName("job").build());
    return job;
  }

  private static StageReport report(String pod, long sequence, long done, boolean last) {
    return report(pod, sequence, done, last, Optional.empty());
  }

  private static StageReport withPreflight(StageReport report) {
    return report(
        report.podUid(),
        report.sequence(),
        report.progress().samplesDone(),
        report.last(),
        Optional.of(
            new Preflight(
                List.of(), Map.of("torch", "2"), Optional.empty(), List.of(), Optional.empty())));
  }

  private static StageReport report(
      String pod, long sequence, long done, boolean last, Optional<Preflight> preflight) {
    return new StageReport(
        "ns",
        "job",
        "job-uid",
        "base",
        pod,
        pod,
        Stage.Infer,
        1,
        sequence,
        last,
        new Progress(done, 100, 0, 1, 0, null),
        preflight,
        List.of(),
        Optional.empty());
  }

  private static final class HandClock extends Clock {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    void pass(long seconds) {
      now = now.plusSeconds(seconds);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
