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
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
    apply(Samples.job("qwen", "base"));
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
    int writes = whole.writes().size();

    for (int allowed = 0; allowed < writes; allowed++) {
      end();
      begin();
      givenRuntime();
      givenAnOlderRunner();
      whenJobs(WITH_ONE_CRASH);
      RequestTap cut = startOperator(RequestTap.cuttingAfter(allowed));
      apply(Samples.job("qwen", "base"));
      awaitCut(cut, "qwen", allowed, writes);
      abandonOperator();
      startOperator();

      assertThat(endOf("qwen")).as("killed after %s writes", allowed).isEqualTo(expected);
    }
  }

  @Test
  void killedWhileARunTakesThePlaceOfAnotherItEndsTheSame() throws InterruptedException {
    RequestTap whole = aRunThatIsReplaced(Integer.MAX_VALUE);
    int before = whole.writes().size();
    EndState expected = endOf("again");
    assertThat(expected.jobs()).containsExactly("base/infer/1", "base/prefetch/1", "base/score/1");
    assertThat(whole.kindsOfWrites()).contains("DELETE jobs");
    int writes = whole.writes().size() - before;

    for (int allowed = 0; allowed < writes; allowed++) {
      end();
      begin();
      RequestTap cut = aRunThatIsReplaced(allowed);
      awaitCut(cut, "again", allowed, writes);
      abandonOperator();
      startOperator();

      assertThat(endOf("again"))
          .as("killed %s writes after the new runID", allowed)
          .isEqualTo(expected);
    }
  }

  /** Passes may fall together, and then a run needs fewer writes than the first did. */
  private void awaitCut(RequestTap cut, String name, int allowed, int writes)
      throws InterruptedException {
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              EvalJob job = read(name);
              boolean done = job.getStatus() != null && finished(job.getStatus());
              return cut.cutOff().getCount() == 0 || done;
            });
    if (!cut.cutOff().await(1, TimeUnit.SECONDS)) {
      assertThat(allowed).isGreaterThan(writes / 2);
    }
  }

  /** A run in its Infer stage, replaced by the next; the operator writes so often after that. */
  private RequestTap aRunThatIsReplaced(int writesAfter) {
    AtomicBoolean second = new AtomicBoolean();
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && !second.get() ? new Ending.RunsOn() : succeeds(model));
    RequestTap tap = startOperator();
    apply(Samples.job("again", "base"));
    awaitJob("again", status -> "2/2".equals(status.summary().devices()));
    second.set(true);
    if (writesAfter != Integer.MAX_VALUE) {
      tap.cutAfter(writesAfter);
    }
    edit("again", "runID", "2");
    return tap;
  }

  @Test
  void aRestartedOperatorFindsNothingToWrite() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) ->
            stage == Stage.Infer && model.equals("on") ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(Samples.job("running", "on"));
    apply(Samples.job("done", "base"));
    awaitJob("running", status -> "2/2".equals(status.summary().devices()));
    awaitPhase("done", "Succeeded");
    stopOperator();

    RequestTap tap = startOperator();
    List<String> statuses = new ArrayList<>();
    for (String name : List.of("running", "done")) {
      // Passes come in the order of their events: what a restart wrote would be before this.
      EvalJob edited = edit(name, "retryLimit", 5);
      awaitJob(
          name, status -> edited.getMetadata().getGeneration().equals(status.observedGeneration()));
      statuses.add("PUT /apis/evaljob.io/v1alpha1/namespaces/vlm/evaljobs/" + name + "/status");
    }

    assertThat(tap.writes()).containsExactlyElementsOf(statuses);
  }

  private void givenAnOlderRunner() {
    apply(
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName("evaljob-runner-older")
            .withNamespace(NAMESPACE)
            .withLabels(Labels.common())
            .addToLabels(Labels.CONTENT, "runner")
            .endMetadata()
            .build());
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
            .atMost(Duration.ofSeconds(30))
            .pollInterval(Duration.ofMillis(20))
            .until(
                () -> read(name), done -> done.getStatus() != null && finished(done.getStatus()));
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
            .inNamespace(NAMESPACE)
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
        .inNamespace(NAMESPACE)
        .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
        .list()
        .getItems()
        .forEach(map -> counts.merge(content(map), 1, Integer::sum));
    return counts;
  }

  private static String content(HasMetadata map) {
    return map.getMetadata().getLabels().getOrDefault(Labels.CONTENT, "");
  }
}
