package io.evaljob.operator.lifecycle;

import java.time.Duration;

/**
 * Limits that no spec names.
 *
 * @param firstDelay how long the second retry of a stage waits; the first does not wait
 * @param longestDelay the delays double up to this
 * @param disruptionLimit attempts of one stage that the world outside may end
 * @param blockedDelay how long what the API server refused waits before it is asked again
 * @param startGrace for so long after its Job was made, nothing is written of an attempt that only
 *     starts as every attempt does
 */
public record LifecycleSettings(
    Duration firstDelay,
    Duration longestDelay,
    int disruptionLimit,
    Duration blockedDelay,
    Duration startGrace) {

  /** What a cluster needs. */
  public static final LifecycleSettings DEFAULT =
      new LifecycleSettings(
          Duration.ofSeconds(10),
          Duration.ofMinutes(5),
          20,
          Duration.ofSeconds(30),
          Duration.ofSeconds(10));
}
