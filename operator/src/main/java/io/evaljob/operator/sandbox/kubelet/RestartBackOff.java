package io.evaljob.operator.sandbox.kubelet;

import java.time.Duration;

/**
 * Whether a container that ended is started again, and after how long: at once the first time, then
 * after 10 s, twice as long each time up to 5 min; from the beginning when it ran for 10 min. A pod
 * that does not say how ({@code restartPolicy}) is not restarted.
 */
final class RestartBackOff {

  private static final Duration FIRST = Duration.ofSeconds(10);
  private static final Duration LONGEST = Duration.ofMinutes(5);
  private static final Duration STABLE = Duration.ofMinutes(10);

  private final String policy;
  private Duration next = Duration.ZERO;

  RestartBackOff(String policy) {
    this.policy = policy == null ? "Never" : policy;
  }

  boolean again(int exitCode) {
    return switch (policy) {
      case "Always" -> true;
      case "OnFailure" -> exitCode != 0;
      default -> false;
    };
  }

  /**
   * The wait before the next start.
   *
   * @param ran how long the container has run
   */
  Duration delay(Duration ran) {
    if (ran.compareTo(STABLE) >= 0) {
      next = Duration.ZERO;
    }
    Duration delay = next;
    next =
        next.isZero()
            ? FIRST
            : next.multipliedBy(2).compareTo(LONGEST) > 0 ? LONGEST : next.multipliedBy(2);
    return delay;
  }
}
