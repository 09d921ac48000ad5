package io.evaljob.operator.lifecycle;

import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.Wait;
import java.time.Duration;
import java.util.Optional;

/**
 * How long a pod may be on a node, and keep its devices from others, without running. Waiting
 * without devices has no such bound.
 */
final class PodStart {

  private PodStart() {}

  /**
   * Why an attempt is given up; else the pass is taken again when it is to be.
   *
   * @return one sentence with the remedy
   */
  static Optional<String> givenUp(Pass pass, AttemptObservation attempt) {
    if (!(attempt.state() instanceof AttemptObservation.Waits waits) || attempt.bound().isEmpty()) {
      return Optional.empty();
    }
    int limit = pass.input().job().getSpec().podStartDeadlineSecondsOrDefault();
    Duration left =
        Duration.ofSeconds(limit)
            .minus(Duration.between(attempt.bound().get(), pass.input().now()));
    if (left.compareTo(Duration.ZERO) > 0) {
      pass.again(left);
      return Optional.empty();
    }
    return Optional.of(message(attempt, waits.why(), limit));
  }

  private static String message(AttemptObservation attempt, Wait why, int limit) {
    return "The pod was on node "
        + attempt.nodeName().orElse("")
        + " for spec.podStartDeadlineSeconds ("
        + limit
        + ") and did not run; its devices were given back. "
        + why.reason()
        + ": "
        + why.message();
  }
}
