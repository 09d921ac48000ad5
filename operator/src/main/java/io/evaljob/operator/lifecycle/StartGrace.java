package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Spares the API server what every attempt goes through in its first seconds: that its pod is made,
 * bound and started, and where a stage without devices runs. It is told with the next thing worth a
 * write, or once it has lasted.
 */
final class StartGrace {

  private StartGrace() {}

  /**
   * How long yet nothing is told of an attempt; empty where it is to be told now.
   *
   * <p>A Job whose time lies far off, ahead or behind, was made by a clock that is not ours, and is
   * told at once.
   */
  static Optional<Duration> left(AttemptObservation attempt, Instant now, Duration grace) {
    if (!isUneventful(attempt)) {
      return Optional.empty();
    }
    return attempt
        .made()
        .map(made -> Duration.between(made, now))
        .filter(age -> age.abs().compareTo(grace) < 0)
        .map(age -> grace.minus(age.isNegative() ? Duration.ZERO : age));
  }

  private static boolean isUneventful(AttemptObservation attempt) {
    if (attempt.state() instanceof AttemptObservation.Waits waits) {
      return waits.why().reason() == WaitingReason.Starting;
    }
    return attempt.state() instanceof AttemptObservation.Running running
        && running.silence().isEmpty()
        && attempt.stage() != Stage.Infer;
  }
}
