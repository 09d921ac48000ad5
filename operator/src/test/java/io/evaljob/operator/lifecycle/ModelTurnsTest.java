package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.validate.Manifests;
import java.time.Duration;
import org.junit.jupiter.api.Test;

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

  private String stageOfNext() {
    return run.status().models().get(1).stageIfSet().orElse("");
  }
}
