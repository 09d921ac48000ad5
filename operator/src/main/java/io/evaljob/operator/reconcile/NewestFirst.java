package io.evaljob.operator.reconcile;

import io.javaoperatorsdk.operator.processing.event.rate.RateLimiter;
import io.javaoperatorsdk.operator.processing.event.rate.RateLimiter.RateLimitState;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Lets EvalJobs that just came go first: whoever applies one is told what becomes of it, however
 * many others are on their way. While new ones come, those that have had their first passes share
 * one pass in {@value #SHARE}, and what happens to them in the meantime is looked at in one pass.
 * None waits longer than {@link #LONGEST}.
 */
final class NewestFirst implements RateLimiter<NewestFirst.Passes> {

  /** So many passes bring a new one to its first child. */
  static final int FIRST_PASSES = 2;

  /** New ones come as long as the last one is not older than this. */
  static final Duration RUSH = Duration.ofMillis(500);

  /** Longest time that a pass is put off. */
  static final Duration LONGEST = Duration.ofSeconds(10);

  private static final int SHARE = 12;

  private final InstantSource clock;
  private Instant lastNew = Instant.EPOCH;
  private int sinceOther;

  NewestFirst(InstantSource clock) {
    this.clock = clock;
  }

  /** Passes of one EvalJob since this operator has seen it first. */
  static final class Passes implements RateLimitState {
    private int taken;
    private Instant putOffSince;
  }

  @Override
  public Passes initState() {
    return new Passes();
  }

  @Override
  public synchronized Optional<Duration> isLimited(RateLimitState state) {
    if (!(state instanceof Passes passes)) {
      return Optional.empty();
    }
    Instant now = clock.instant();
    if (passes.taken < FIRST_PASSES) {
      passes.taken++;
      lastNew = now;
      sinceOther++;
      return Optional.empty();
    }
    if (isRush(now) && !waitedLong(passes, now) && sinceOther < SHARE - 1) {
      passes.putOffSince = passes.putOffSince == null ? now : passes.putOffSince;
      return Optional.of(RUSH);
    }
    sinceOther = 0;
    passes.putOffSince = null;
    return Optional.empty();
  }

  /** A clock that was set back does not make it last. */
  private boolean isRush(Instant now) {
    return Duration.between(lastNew, now).abs().compareTo(RUSH) < 0;
  }

  private static boolean waitedLong(Passes passes, Instant now) {
    return passes.putOffSince != null
        && Duration.between(passes.putOffSince, now).abs().compareTo(LONGEST) >= 0;
  }
}
