package io.evaljob.operator.leader;

import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What this replica has seen of the lease of another one. */
final class Incumbent {
  private static final Logger LOG = LoggerFactory.getLogger(Incumbent.class);

  private final Duration usualLife;
  private LeaseSpec seen = new LeaseSpec();
  private Moment since;

  /**
   * None yet.
   *
   * @param usualLife life of a lease that does not say its own
   */
  Incumbent(Duration usualLife, Moment now) {
    this.usualLife = usualLife;
    this.since = now;
  }

  /** Looks at the lease again; tells whether it has not changed for all its life. */
  boolean hasRunOut(LeaseSpec spec, Moment now) {
    if (!spec.equals(seen)) {
      if (!spec.getHolderIdentity().equals(seen.getHolderIdentity())) {
        LOG.info("Standing by: {} leads", spec.getHolderIdentity());
      }
      seen = spec;
      since = now;
    }
    return left(now).compareTo(Duration.ZERO) <= 0;
  }

  /** There is none any more. */
  void isGone() {
    seen = new LeaseSpec();
  }

  /** How long it is good for unless it is renewed. */
  Duration left(Moment now) {
    return life().minus(now.since(since));
  }

  /** The holder's own word counts: it may have been started with another setting. */
  private Duration life() {
    return seen.getLeaseDurationSeconds() == null
        ? usualLife
        : Duration.ofSeconds(seen.getLeaseDurationSeconds());
  }
}
