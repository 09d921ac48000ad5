package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryPolicyTest {

  @ParameterizedTest(name = "{0}, {1} retries, {2} of the same cause, limit {3}: {4}")
  @CsvSource({
    "HarnessFailed,0,0,3,true",
    "HarnessFailed,2,2,3,true",
    "HarnessFailed,3,3,3,false",
    "HarnessFailed,0,0,0,false",
    "OutOfMemory,0,0,3,true",
    "OutOfMemory,1,1,3,false",
    "OutOfMemory,1,0,3,true",
    "OutOfMemory,0,0,0,false",
    "Unknown,1,1,3,false",
    "DatasetFailed,1,1,3,false",
    "PreflightFailed,0,0,3,false",
    "DialectMismatch,0,0,3,false",
    "SplitNotApplicable,0,0,3,false",
    "ModelNotFound,0,0,3,false",
    "DatasetNotFound,0,0,3,false",
    "ReportRejected,0,0,0,true",
    "ReportRejected,1,1,0,false",
    "DownloadFailed,2,2,3,true",
  })
  void decidesByCauseAndLimit(
      FailureCause cause, int retries, int sameCause, int limit, boolean again) {
    assertThat(RetryPolicy.again(cause, retries, sameCause, limit)).isEqualTo(again);
  }

  @ParameterizedTest
  @CsvSource({"1,0", "2,10", "3,20", "4,40", "7,300", "60,300"})
  void waitsLongerWithEveryFailureUpToABound(int failures, long seconds) {
    assertThat(RetryPolicy.delay(failures, LifecycleSettings.DEFAULT))
        .isEqualTo(Duration.ofSeconds(seconds));
  }
}
