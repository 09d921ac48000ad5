package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.QueuePlace;
import io.evaljob.operator.observe.Wait;
import java.util.Optional;

/**
 * An edit of {@code spec.queueName} moves a Job that waits: the Job is deleted, and the same
 * attempt gets another one in the queue that the spec names now, or in none. One that runs stays
 * where it is, and its next attempt goes to the other queue.
 */
final class QueueMove {

  private QueueMove() {}

  /** Whether the Job waits in a queue that the spec does not name any more. */
  static boolean isDue(AttemptObservation attempt, EvalJobSpec spec) {
    return attempt.state() instanceof AttemptObservation.Waits
        && attempt
            .queue()
            .filter(QueuePlace::suspended)
            .filter(place -> !Optional.of(place.name()).equals(spec.queueNameIfSet()))
            .isPresent();
  }

  static Wait wait(EvalJobSpec spec) {
    return new Wait(
        WaitingReason.Kueue,
        spec.queueNameIfSet()
            .map(queue -> "The Job is moved to Kueue's queue " + queue + ".")
            .orElse("The Job is taken out of Kueue's queue."));
  }
}
