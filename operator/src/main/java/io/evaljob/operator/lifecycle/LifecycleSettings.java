package io.evaljob.operator.lifecycle;

import java.time.Duration;

/**
 * Limits that no spec names.
 *
 * @param firstDelay how long the second retry of a stage waits; the first does not wait
 * @param longestDelay the delays double up to this
 * @param blockedDelay how long what the API server refused waits before it is asked again
 * @param startGrace for so long after its Job was made, nothing is written of an attempt that only
 *     starts as every attempt does
 * @param deletesFinished whether EvalJobs are deleted when their time is over, as their specs say
 */
public record LifecycleSettings(
    Duration firstDelay,
    Duration longestDelay,
    Duration blockedDelay,
    Duration startGrace,
    boolean deletesFinished) {

  /** What a cluster needs. */
  public static final LifecycleSettings DEFAULT =
      new LifecycleSettings(
          Duration.ofSeconds(10),
          Duration.ofMinutes(5),
          Duration.ofSeconds(30),
          Duration.ofSeconds(10),
          true);

  /** What one machine needs: its results are read from the object when the run is over. */
  public static final LifecycleSettings ONE_MACHINE =
      new LifecycleSettings(
          DEFAULT.firstDelay,
          DEFAULT.longestDelay,
          DEFAULT.blockedDelay,
          DEFAULT.startGrace,
          false);
}
