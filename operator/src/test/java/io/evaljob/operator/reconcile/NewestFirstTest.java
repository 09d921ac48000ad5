package io.evaljob.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NewestFirstTest {

  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final NewestFirst limiter = new NewestFirst(() -> now);

  @Test
  void nothingIsPutOffWhileNoNewOneComes() {
    NewestFirst.Passes old = old();
    now = now.plus(NewestFirst.RUSH);
    assertThat(IntStream.range(0, 100).filter(i -> isPutOff(old))).isEmpty();
  }

  @Test
  void aNewOneNeverWaits() {
    old();
    NewestFirst.Passes fresh = limiter.initState();
    for (int i = 0; i < NewestFirst.FIRST_PASSES; i++) {
      assertThat(isPutOff(fresh)).isFalse();
    }
  }

  @Test
  void whileNewOnesComeOthersHaveOnePassInTwelve() {
    NewestFirst.Passes old = old();
    assertThat(isPutOff(old)).isTrue();
    int taken = 0;
    for (int i = 0; i < 110; i++) {
      assertThat(isPutOff(limiter.initState())).isFalse();
      taken += isPutOff(old) ? 0 : 1;
    }
    assertThat(taken).isEqualTo(10);
  }

  @Test
  void whoIsPutOffHearsForHowLong() {
    assertThat(limiter.isLimited(old())).contains(NewestFirst.RUSH);
  }

  @Test
  void noneIsPutOffForLongerThanTheBound() {
    NewestFirst.Passes old = old();
    NewestFirst.Passes rival = old();
    isPutOff(rival);
    Instant since = now;
    while (isPutOff(old)) {
      now = now.plusMillis(400);
      old();
      // Others are asked before it whenever there is a pass to be had.
      isPutOff(rival);
    }
    assertThat(Duration.between(since, now))
        .isBetween(NewestFirst.LONGEST, NewestFirst.LONGEST.plusMillis(400));
    assertThat(isPutOff(old)).as("its next pass").isTrue();
  }

  @Test
  void aClockThatIsSetBackHoldsNobodyUp() {
    NewestFirst.Passes old = old();
    assertThat(isPutOff(old)).isTrue();
    now = now.minus(Duration.ofHours(1));
    assertThat(isPutOff(old)).isFalse();
  }

  /** One that had its first passes just now. */
  private NewestFirst.Passes old() {
    NewestFirst.Passes passes = limiter.initState();
    for (int i = 0; i < NewestFirst.FIRST_PASSES; i++) {
      assertThat(isPutOff(passes)).isFalse();
    }
    return passes;
  }

  private boolean isPutOff(NewestFirst.Passes passes) {
    return limiter.isLimited(passes).isPresent();
  }
}
