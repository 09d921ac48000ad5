package io.evaljob.operator.quota;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;

/**
 * An attempt that waits for its devices: all of them, or none.
 *
 * @param key the attempt
 * @param namespace namespace of its EvalJob
 * @param job name of its EvalJob
 * @param resource extended resource
 * @param devices how many, at least 1
 * @param priority value of its PriorityClass, 0 without one
 * @param age when its run began
 * @param since when it joined the queue
 */
public record Demand(
    AttemptKey key,
    String namespace,
    String job,
    String resource,
    int devices,
    int priority,
    Instant age,
    Instant since) {

  /**
   * The order of admission: the greater priority, then the older run. The rest only makes it total,
   * so that the same snapshot always gives the same decision.
   */
  public static final Comparator<Demand> ORDER =
      Comparator.comparingInt(Demand::priority)
          .reversed()
          .thenComparing(Demand::age)
          .thenComparing(Demand::namespace)
          .thenComparing(Demand::job)
          .thenComparing(Demand::key);

  /** Whether nobody may overtake it any more. A time that lies ahead counts as now. */
  boolean isOverdue(Instant now, Duration patience) {
    Duration waited = Duration.between(since, now);
    return (waited.isNegative() ? Duration.ZERO : waited).compareTo(patience) >= 0;
  }

  Charge charge(Instant now) {
    return new Charge(key, namespace, job, resource, devices, now);
  }
}
