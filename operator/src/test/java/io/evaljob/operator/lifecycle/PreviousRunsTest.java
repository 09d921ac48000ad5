package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.PreviousRun;
import io.evaljob.api.v1alpha1.Stage;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PreviousRunsTest {

  @Test
  void theLastFiveRunsStayTheNewestFirst() {
    PlayedRun run = PlayedRun.of("retryLimit: 0").settle();
    for (int next = 2; next <= 8; next++) {
      run.sees().edit("runID", "run-" + next).after(Duration.ofMinutes(1)).settle();
    }

    assertThat(run.status().run().number()).isEqualTo(8);
    assertThat(run.status().previousRuns())
        .extracting(PreviousRun::number, PreviousRun::id, PreviousRun::phase)
        .containsExactly(
            tuple(7L, "run-7", "Stopped"),
            tuple(6L, "run-6", "Stopped"),
            tuple(5L, "run-5", "Stopped"),
            tuple(4L, "run-4", "Stopped"),
            tuple(3L, "run-3", "Stopped"));
    PreviousRun newest = run.status().previousRuns().get(0);
    assertThat(newest.startTime()).isEqualTo("2026-11-23T15:06:00Z");
    assertThat(newest.completionTime()).isEqualTo("2026-11-23T15:07:00Z");
  }

  @Test
  void aRunThatEndedKeepsItsEndAndItsRows() {
    PlayedRun run = PlayedRun.of("retryLimit: 0").settle();
    run.sees(run.failed(Stage.Prefetch, 1, FailureCause.DownloadFailed)).settle();
    assertThat(run.condition("Finished")).isEqualTo("True/Failed");

    run.sees().after(Duration.ofHours(1)).edit("runID", "again").settle();

    assertThat(run.status().previousRuns())
        .singleElement()
        .satisfies(
            old -> {
              assertThat(old.phase()).isEqualTo("Failed");
              assertThat(old.completionTime()).isEqualTo("2026-11-23T15:00:00Z");
              assertThat(old.resultsTotal()).isEqualTo(1);
              assertThat(old.resultsNames()).containsExactly("results");
              assertThat(old.results())
                  .singleElement()
                  .satisfies(
                      row -> {
                        assertThat(row.dataset()).isEqualTo("shapes");
                        assertThat(row.phase()).isEqualTo("Failed");
                        assertThat(row.message()).contains("DownloadFailed");
                      });
            });
    assertThat(run.status().results()).isEmpty();
    assertThat(run.status().completionTimeIfSet()).isEmpty();
  }

  @Test
  void whatBeginsAgainUnderItsOwnNumberIsNoRunBefore() {
    PlayedRun run = PlayedRun.of();
    run.pass();
    run.edit("env", java.util.List.of());
    run.edit("split", java.util.Map.of("contextTokens", 1)).settle();

    assertThat(run.status().run().number()).isEqualTo(1);
    assertThat(run.status().previousRuns()).isEmpty();
  }
}
