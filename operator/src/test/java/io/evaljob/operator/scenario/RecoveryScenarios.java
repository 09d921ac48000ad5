package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The operator is killed between any two of its writes, and another one goes on. */
abstract class RecoveryScenarios extends ScenarioBase {

  private static final Script WITH_ONE_CRASH =
      (model, stage, attempt) ->
          stage == Stage.Infer && attempt == 1
              ? new Ending.Fails(FailureCause.RankFailed, "rank 1 died", 0)
              : succeeds(model);

  @Test
  void killedBetweenAnyTwoWritesItEndsTheSame() throws InterruptedException {
    givenRuntime();
    givenAnOlderRunner();
    whenJobs(WITH_ONE_CRASH);
    RequestTap whole = startOperator();
    apply(job("qwen", "base"));
    EndState expected = endOf("qwen");
    await().until(() -> whole.kindsOfWrites().contains("DELETE configmaps"));
    assertThat(whole.kindsOfWrites())
        .as("every kind of write there is, but for that of the next test")
        .containsExactly(
            "DELETE configmaps",
            "POST configmaps",
            "POST events",
            "POST jobs",
            "POST persistentvolumeclaims",
            "PUT evaljobs/status",
            "PUT evalruntimes/status");
    stopOperator();

    RequestTap cut = RequestTap.open();
    // Of runtimes nothing can be written at all.
    cut.cutAfter(0, "");
    List<String> namespaces = newNamespaces(whole.writes(namespace()).size());
    for (int allowed = 0; allowed < namespaces.size(); allowed++) {
      turnTo(namespaces.get(allowed));
      cut.cutAfter(allowed, namespace());
      givenRuntime();
      givenAnOlderRunner();
    }
    startOperator(cut);
    for (String namespace : namespaces) {
      turnTo(namespace);
      apply(job("qwen", "base"));
    }
    awaitCuts(cut, "qwen", namespaces);
    abandonOperator();
    RequestTap second = startOperator();

    assertEnds("qwen", namespaces, expected);
    await()
        .untilAsserted(
            () ->
                assertThat(second.writes(""))
                    .filteredOn(write -> write.startsWith("PUT "))
                    .hasSize(namespaces.size()));
  }

  @Test
  void killedWhileARunTakesThePlaceOfAnotherItEndsTheSame() throws InterruptedException {
    AtomicBoolean second = new AtomicBoolean();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && !second.get() ? new Ending.RunsOn() : succeeds(model));
    givenRuntime();
    RequestTap whole = startOperator();
    apply(job("again", "base"));
    awaitJob("again", RecoveryScenarios::holdsItsDevices);
    int before = whole.writes(namespace()).size();
    second.set(true);
    edit("again", "runID", "2");
    EndState expected = endOf("again");
    assertThat(expected.jobs()).containsExactly("base/infer/1", "base/prefetch/1", "base/score/1");
    assertThat(whole.kindsOfWrites()).contains("DELETE jobs");
    stopOperator();

    second.set(false);
    List<String> namespaces = newNamespaces(whole.writes(namespace()).size() - before);
    RequestTap cut = startOperator();
    for (String namespace : namespaces) {
      turnTo(namespace);
      givenRuntime();
      apply(job("again", "base"));
    }
    for (String namespace : namespaces) {
      turnTo(namespace);
      awaitJob("again", RecoveryScenarios::holdsItsDevices);
    }
    second.set(true);
    for (int allowed = 0; allowed < namespaces.size(); allowed++) {
      turnTo(namespaces.get(allowed));
      cut.cutAfter(allowed, namespace());
      edit("again", "runID", "2");
    }
    awaitCuts(cut, "again", namespaces);
    abandonOperator();
    startOperator();

    assertEnds("again", namespaces, expected);
  }

  /** What has ended is not kept in memory; another run asks for it once. */
  @Test
  void anotherRunOfOneThatIsFinishedTakesAwayTheJobsOfTheRunBefore() {
    whenJobs((model, stage, attempt) -> succeeds(model));
    givenRuntime();
    RequestTap tap = startOperator();
    apply(job("again", "base"));
    EndState first = endOf("again");
    assertThat(first.jobs()).containsExactly("base/infer/1", "base/prefetch/1", "base/score/1");
    int before = tap.requests().size();

    edit("again", "runID", "2");
    awaitJob("again", status -> status.runIfSet().filter(run -> run.number() == 2).isPresent());
    EndState second = endOf("again");

    await()
        .untilAsserted(
            () ->
                assertThat(tap.requests().subList(before, tap.requests().size()))
                    .filteredOn(request -> request.startsWith("DELETE "))
                    .hasSize(3));
    assertThat(second.jobs()).containsExactly("base/infer/1", "base/prefetch/1", "base/score/1");
  }

  private static boolean holdsItsDevices(EvalJobStatus status) {
    return status.summary() != null && "2/2".equals(status.summary().devices());
  }

  /** One for each point at which the operator may be killed; all are played at once. */
  private List<String> newNamespaces(int count) {
    return Stream.generate(() -> cluster().newNamespace()).limit(count).toList();
  }

  /** Passes may fall together, and then a run needs fewer writes than the first did. */
  private void awaitCuts(RequestTap cut, String name, List<String> namespaces)
      throws InterruptedException {
    for (int allowed = 0; allowed < namespaces.size(); allowed++) {
      turnTo(namespaces.get(allowed));
      CountDownLatch cutOff = cut.cutOff(namespace());
      await().until(() -> cutOff.getCount() == 0 || finished(read(name)));
      if (!cutOff.await(1, TimeUnit.SECONDS)) {
        assertThat(allowed).isGreaterThan(namespaces.size() / 2);
      }
    }
  }

  private void assertEnds(String name, List<String> namespaces, EndState expected) {
    for (int allowed = 0; allowed < namespaces.size(); allowed++) {
      turnTo(namespaces.get(allowed));
      assertThat(endOf(name)).as("killed after %s writes", allowed).isEqualTo(expected);
    }
  }

  @Test
  void aRestartedOperatorFindsNothingToWrite() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && model.equals("on") ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(job("running", "on"));
    apply(job("done", "base"));
    awaitJob("running", RecoveryScenarios::holdsItsDevices);
    awaitPhase("done", "Succeeded");
    stopOperator();

    RequestTap tap = startOperator();
    List<String> statuses = new ArrayList<>();
    for (String name : List.of("running", "done")) {
      // Passes come in the order of their events: what a restart wrote would be before this.
      EvalJob edited = edit(name, "retryLimit", 5);
      awaitJob(
          name, status -> edited.getMetadata().getGeneration().equals(status.observedGeneration()));
      statuses.add(writeOfStatus(name));
    }

    assertThat(tap.writes()).containsExactlyElementsOf(statuses);
  }

  /** What must be equal, however often the operator was killed. */
  private record EndState(
      String phase,
      Map<String, String> conditions,
      List<String> models,
      List<ResultRow> results,
      List<String> jobs,
      Map<String, Integer> configMaps,
      int claims) {}

  private EndState endOf(String name) {
    EvalJob job =
        Awaitility.await()
            .pollInterval(Duration.ofMillis(20))
            .until(() -> read(name), ScenarioBase::finished);
    EvalJobStatus status = job.getStatus();
    return new EndState(
        status.phase(),
        conditions(status),
        status.models().stream().map(RecoveryScenarios::told).toList(),
        status.results(),
        jobsOf(job),
        configMapsOf(job),
        cluster()
            .client()
            .persistentVolumeClaims()
            .inNamespace(namespace())
            .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
            .list()
            .getItems()
            .size());
  }

  private static String told(ModelStatus model) {
    return model.name()
        + " "
        + model.phase()
        + " "
        + model.stage()
        + " "
        + model.attempt()
        + " "
        + model.retries()
        + " "
        + model.lastFailureIfSet().map(failure -> failure.cause()).orElse("");
  }

  private Map<String, Integer> configMapsOf(EvalJob job) {
    Map<String, Integer> counts = new TreeMap<>();
    cluster()
        .client()
        .configMaps()
        .inNamespace(namespace())
        .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
        .list()
        .getItems()
        .forEach(map -> counts.merge(content(map), 1, Integer::sum));
    return counts;
  }

  private static String content(HasMetadata map) {
    return map.getMetadata().getLabels().getOrDefault(Labels.CONTENT, "");
  }

  @Test
  void killedWhileARunIsSuspendedItRestsAndGoesOn() throws InterruptedException {
    AtomicBoolean goesOn = new AtomicBoolean();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && !goesOn.get() ? new Ending.RunsOn() : succeeds(model));
    givenRuntime();
    RequestTap whole = startOperator();
    apply(job("paused", "base"));
    awaitJob("paused", RecoveryScenarios::holdsItsDevices);
    int before = whole.writes(namespace()).size();
    edit("paused", "suspend", true);
    awaitJob("paused", RecoveryScenarios::rests);
    int writes = whole.writes(namespace()).size() - before;
    assertThat(whole.kindsOfWrites()).contains("DELETE jobs");
    goesOn.set(true);
    edit("paused", "suspend", false);
    EndState expected = endOf("paused");
    assertThat(expected.jobs()).containsExactly("base/infer/2", "base/prefetch/1", "base/score/1");
    stopOperator();

    goesOn.set(false);
    List<String> namespaces = newNamespaces(writes);
    RequestTap cut = startOperator();
    for (String namespace : namespaces) {
      turnTo(namespace);
      givenRuntime();
      apply(job("paused", "base"));
    }
    for (String namespace : namespaces) {
      turnTo(namespace);
      awaitJob("paused", RecoveryScenarios::holdsItsDevices);
    }
    for (int allowed = 0; allowed < namespaces.size(); allowed++) {
      turnTo(namespaces.get(allowed));
      cut.cutAfter(allowed, namespace());
      edit("paused", "suspend", true);
    }
    for (String namespace : namespaces) {
      turnTo(namespace);
      CountDownLatch cutOff = cut.cutOff(namespace());
      await().until(() -> cutOff.getCount() == 0 || rests(read("paused").getStatus()));
    }
    abandonOperator();
    startOperator();
    for (String namespace : namespaces) {
      turnTo(namespace);
      awaitJob("paused", RecoveryScenarios::rests);
    }
    goesOn.set(true);
    for (String namespace : namespaces) {
      turnTo(namespace);
      edit("paused", "suspend", false);
    }

    for (String namespace : namespaces) {
      turnTo(namespace);
      EndState end = endOf("paused");
      assertThat(end.models()).isEqualTo(expected.models());
      assertThat(end.results()).isEqualTo(expected.results());
      // Where its Job was gone before that was written down, the attempt is the same.
      assertThat(end.jobs())
          .hasSize(3)
          .first()
          .satisfies(infer -> assertThat(infer).isIn("base/infer/1", "base/infer/2"));
    }
  }

  private static boolean rests(EvalJobStatus status) {
    return "True/Suspended".equals(conditions(status).get("Ready"))
        && "0/2".equals(status.summary().devices());
  }

  @Test
  void killedWhileALargerPlanIsMadeItEndsTheSame() throws InterruptedException {
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && attempt == 1
                ? new Ending.Fails(FailureCause.OutOfMemory, "device 0 is full", 0)
                : succeeds(model));
    givenRuntime();
    apply(Samples.profile(namespace(), "grow", 1, 2));
    RequestTap whole = startOperator();
    apply(Samples.replanned(job("larger", "grow")));
    EndState expected = endOf("larger");
    assertThat(expected.configMaps()).containsEntry("plan", 2);
    assertThat(expected.jobs())
        .containsExactly("grow/infer/1", "grow/infer/2", "grow/prefetch/1", "grow/score/1");
    stopOperator();

    RequestTap cut = RequestTap.open();
    List<String> namespaces = newNamespaces(whole.writes(namespace()).size());
    for (int allowed = 0; allowed < namespaces.size(); allowed++) {
      turnTo(namespaces.get(allowed));
      cut.cutAfter(allowed, namespace());
      givenRuntime();
      apply(Samples.profile(namespace(), "grow", 1, 2));
    }
    startOperator(cut);
    for (String namespace : namespaces) {
      turnTo(namespace);
      apply(Samples.replanned(job("larger", "grow")));
    }
    awaitCuts(cut, "larger", namespaces);
    abandonOperator();
    startOperator();

    assertEnds("larger", namespaces, expected);
  }

  @Test
  void aTimeThatPassesWhileNoOperatorRunsHasPassed() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    for (String name : List.of("due", "soon", "later")) {
      apply(job(name, "base"));
    }
    for (String name : List.of("due", "soon", "later")) {
      awaitPhase(name, "Succeeded");
    }
    edit("later", "ttlSecondsAfterFinished", 86400);
    stopOperator();
    edit("due", "ttlSecondsAfterFinished", 0);
    edit("soon", "ttlSecondsAfterFinished", 2);

    startOperator();

    await().until(() -> read("due") == null && read("soon") == null);
    assertThat(read("later").getMetadata().getDeletionTimestamp()).isNull();
  }
}
