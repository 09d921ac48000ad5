package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Stage;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DisruptionLimitTest {

  @ParameterizedTest(name = "limit {0}, {1} disruptions: goes on {2}")
  @CsvSource({"0,1,false", "1,1,true", "1,2,false", "3,3,true", "3,4,false"})
  void countsWhatTheWorldOutsideEndedAndNothingElse(int limit, int disruptions, boolean goesOn) {
    PlayedRun run = PlayedRun.of("retryLimit: 0", "disruptionLimit: " + limit).inferring();
    for (int attempt = 1; attempt <= disruptions; attempt++) {
      run.sees(run.disrupted(Stage.Infer, attempt)).settle().after(Duration.ofMinutes(5)).settle();
    }

    assertThat(run.model().retries()).isZero();
    assertThat(run.model().disruptions()).isEqualTo(Math.min(limit, disruptions));
    assertThat(run.status().completionTimeIfSet().isEmpty()).isEqualTo(goesOn);
    if (!goesOn) {
      assertThat(run.model().lastFailure().message())
          .isEqualTo(
              "It was evicted. spec.disruptionLimit: "
                  + limit
                  + " such ends of a stage are used up; raise it, and see what ends the pods.");
    }
  }

  @Test
  void aFailureIsNoDisruption() {
    PlayedRun run = PlayedRun.of("retryLimit: 2", "disruptionLimit: 0").inferring();
    run.sees(run.failed(Stage.Infer, 1, FailureCause.HarnessFailed)).settle();

    assertThat(run.model().retries()).isEqualTo(1);
    assertThat(run.model().disruptions()).isZero();
    assertThat(run.model().attempt()).isEqualTo(2);
  }

  @Test
  void everyStageCountsAnew() {
    PlayedRun run = PlayedRun.of("disruptionLimit: 1").settle();
    run.sees(run.disrupted(Stage.Prefetch, 1)).settle();
    assertThat(run.model().disruptions()).isEqualTo(1);

    run.sees(
            run.attempt(
                Stage.Prefetch, 2, new io.evaljob.operator.observe.AttemptObservation.Succeeded()))
        .settle();

    assertThat(run.model().stage()).isEqualTo("Infer");
    assertThat(run.model().disruptions()).isZero();
  }
}
