package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Stage;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FinishedTtlTest {

  @ParameterizedTest(name = "ttl {0}, {1} s later: deleted {2}, again in {3} s")
  @CsvSource({"0,0,true,", "60,59,false,1", "60,60,true,", "60,600,true,", ",600,false,"})
  void aFinishedJobIsDeletedWhenItsTimeIsOver(
      Integer ttl, long later, boolean deleted, Integer again) {
    PlayedRun run = PlayedRun.of("retryLimit: 0").settle();
    run.sees(run.failed(Stage.Prefetch, 1, FailureCause.DownloadFailed)).settle();
    if (ttl != null) {
      run.edit("ttlSecondsAfterFinished", ttl);
    }
    run.actions();

    run.after(Duration.ofSeconds(later)).pass();

    assertThat(run.actions().contains(new Action.DeleteEvalJob())).isEqualTo(deleted);
    if (again != null) {
      assertThat(run.requeueAfter()).contains(Duration.ofSeconds(again));
    } else {
      assertThat(run.requeueAfter()).isEmpty();
    }
  }

  @Test
  void whatRunsIsNot() {
    PlayedRun run = PlayedRun.of("ttlSecondsAfterFinished: 0").inferring();
    run.sees(run.running(Stage.Infer, 1)).after(Duration.ofHours(1)).settle();

    assertThat(run.actions()).doesNotContain(new Action.DeleteEvalJob());
  }

  @Test
  void anInvalidSpecStaysUntilSomebodyReadsWhy() {
    PlayedRun run = PlayedRun.of("ttlSecondsAfterFinished: 0", "priorityClassName: high").settle();

    assertThat(run.condition("Finished")).isEqualTo("True/Invalid");
    assertThat(run.after(Duration.ofDays(1)).settle().actions()).isEmpty();
  }
}
