package io.evaljob.operator.sandbox.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RestartBackOffTest {

  private static final Duration SHORT = Duration.ofSeconds(1);

  @Test
  void thePolicySaysWhetherAContainerRunsAgain() {
    assertThat(new RestartBackOff("Always").again(0)).isTrue();
    assertThat(new RestartBackOff("OnFailure").again(0)).isFalse();
    assertThat(new RestartBackOff("OnFailure").again(1)).isTrue();
    assertThat(new RestartBackOff("Never").again(1)).isFalse();
    assertThat(new RestartBackOff(null).again(1)).isFalse();
  }

  @Test
  void theWaitDoublesFromTenSecondsToFiveMinutes() {
    RestartBackOff backOff = new RestartBackOff("Always");
    assertThat(Stream.generate(() -> backOff.delay(SHORT).toSeconds()).limit(8))
        .containsExactlyElementsOf(
            LongStream.of(0, 10, 20, 40, 80, 160, 300, 300).boxed().toList());
  }

  @Test
  void aContainerThatRanForLongStartsAgainAtOnce() {
    RestartBackOff backOff = new RestartBackOff("Always");
    backOff.delay(SHORT);
    backOff.delay(SHORT);
    assertThat(backOff.delay(Duration.ofMinutes(10))).isZero();
    assertThat(backOff.delay(SHORT)).isEqualTo(Duration.ofSeconds(10));
  }
}
