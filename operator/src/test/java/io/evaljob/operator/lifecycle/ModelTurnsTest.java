package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.validate.Manifests;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One model at a time: the end of one is what the next waits for. */
class ModelTurnsTest {

  private final PlayedRun run =
      PlayedRun.of(
              Manifests.of(
                  Manifests.PROGRAM
                      + """
                  apiVersion: evaljob.io/v1alpha1
                  kind: EvalJob
                  metadata: {name: job, namespace: vlm}
                  spec:
                    runtimeRef: {name: program}
                    models: [{name: base}, {name: next}]
                    datasets: [{name: shapes}]
                    maxConcurrentModels: 1
                    retryLimit: 0
                  """))
          .inferring();

  @Test
  void theNextWaitsForItsTurn() {
    run.sees(run.running(Stage.Infer, 1)).settle();
    assertThat(stageOfNext()).isEmpty();
  }

  @Test
  void whereNothingElseWouldWakeItTheNextBeginsAtOnce() {
    run.sees(run.failed(Stage.Infer, 1, FailureCause.RankFailed)).pass();
    assertThat(run.model().phase()).isEqualTo("Failed");
    assertThat(run.requeueAfter()).contains(Duration.ZERO);
    run.settle();
    assertThat(stageOfNext()).isEqualTo("Prefetch");
    run.settle();
    assertThat(run.requeueAfter().filter(Duration::isZero)).as("once is enough").isEmpty();
  }

  /** Of three models, by the limit at first, the limit after an edit, and whether one ends then. */
  @ParameterizedTest
  @CsvSource({
    // first, edited, one ends, begun at first, begun in the end
    "1, 1, false, 1, 1",
    "2, 2, false, 2, 2",
    ", , false, 3, 3",
    "64, 64, false, 3, 3",
    "1, 1, true, 1, 2",
    "2, 2, true, 2, 3",
    // Raised, or taken away: the others begin.
    "1, 2, false, 1, 2",
    "1, , false, 1, 3",
    // Lowered: nothing is stopped, and nothing begins while more are at work.
    "2, 1, true, 2, 2",
    "3, 1, true, 3, 3",
  })
  void asManyBeginAsTheLimitAllows(
      Integer first, Integer edited, boolean ends, int begunFirst, int begunInTheEnd) {
    PlayedRun some =
        PlayedRun.of(
            Manifests.of(
                Manifests.PROGRAM
                    + """
                    apiVersion: evaljob.io/v1alpha1
                    kind: EvalJob
                    metadata: {name: job, namespace: vlm}
                    spec:
                      runtimeRef: {name: program}
                      models: [{name: base}, {name: next}, {name: last}]
                      datasets: [{name: shapes}]
                      retryLimit: 0
                    """));
    some.edit("maxConcurrentModels", first).settle();
    assertThat(begun(some)).isEqualTo(begunFirst);

    some.edit("maxConcurrentModels", edited);
    if (ends) {
      some.sees(some.failed(Stage.Prefetch, 1, FailureCause.PrepareFailed));
    }
    some.settle();

    assertThat(begun(some)).isEqualTo(begunInTheEnd);
  }

  private static long begun(PlayedRun run) {
    return run.status().models().stream().filter(model -> model.stageIfSet().isPresent()).count();
  }

  private String stageOfNext() {
    return run.status().models().get(1).stageIfSet().orElse("");
  }
}
