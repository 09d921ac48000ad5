package io.evaljob.operator.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RateLimiterTest {
  @Test
  void aBurstThenASteadyRateForEachKey() {
    SettableClock clock = new SettableClock();
    RateLimiter limiter = new RateLimiter(clock, 2, 0.5);

    assertThat(limiter.allow("a")).isTrue();
    assertThat(limiter.allow("a")).isTrue();
    assertThat(limiter.allow("a")).isFalse();
    assertThat(limiter.allow("b")).isTrue();
    clock.advance(Duration.ofSeconds(2));
    assertThat(limiter.allow("a")).isTrue();
    assertThat(limiter.allow("a")).isFalse();
    clock.advance(Duration.ofHours(1));
    assertThat(limiter.allow("a")).isTrue();
    assertThat(limiter.allow("a")).isTrue();
    assertThat(limiter.allow("a")).isFalse();
  }
}
