package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
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
    whenJobs(WITH_ONE_CRASH);
    RequestTap whole = startOperator();
    apply(Samples.job("qwen", "base"));
    EndState expected = endOf("qwen");
    int writes = whole.writes().size();
    assertThat(writes).isGreaterThan(15);

    for (int allowed = 0; allowed < writes; allowed++) {
      end();
      begin();
      givenRuntime();
      whenJobs(WITH_ONE_CRASH);
      RequestTap cut = startOperator(RequestTap.cuttingAfter(allowed));
      apply(Samples.job("qwen", "base"));
      if (!cut.cutOff().await(20, TimeUnit.SECONDS)) {
        // This run needed fewer writes than the first: passes may fall together.
        assertThat(allowed).isGreaterThan(writes / 2);
      }
      abandonOperator();
      startOperator();

      assertThat(endOf("qwen")).as("killed after %s writes", allowed).isEqualTo(expected);
    }
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
