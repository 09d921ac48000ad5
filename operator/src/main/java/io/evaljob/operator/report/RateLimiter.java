package io.evaljob.operator.report;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** A token bucket a key: a burst at once, then a steady rate. */
final class RateLimiter {
  private static final int KEYS = 20_000;

  private final Clock clock;
  private final double burst;
  private final double perSecond;
  private final Map<String, Bucket> buckets = BoundedMap.synchronizedOf(KEYS);

  private record Bucket(double tokens, Instant at) {}

  RateLimiter(Clock clock, int burst, double perSecond) {
    this.clock = clock;
    this.burst = burst;
    this.perSecond = perSecond;
  }

  /** Takes one token of the key's bucket; false when there is none. */
  boolean allow(String key) {
    Instant now = clock.instant();
    boolean[] allowed = new boolean[1];
    buckets.compute(
        key,
        (same, bucket) -> {
          double tokens = bucket == null ? burst : refilled(bucket, now);
          allowed[0] = tokens >= 1;
          return new Bucket(allowed[0] ? tokens - 1 : tokens, now);
        });
    return allowed[0];
  }

  private double refilled(Bucket bucket, Instant now) {
    double seconds = Math.max(0, Duration.between(bucket.at(), now).toMillis() / 1000.0);
    return Math.min(burst, bucket.tokens() + seconds * perSecond);
  }
}
