package io.evaljob.operator.leader;

import java.time.Duration;
import java.time.Instant;

/**
 * A point in time on both clocks of this machine.
 *
 * @param nanos the monotonic clock, which no correction moves, but which a suspended machine stops
 * @param wall the wall clock
 */
record Moment(long nanos, Instant wall) {

  Moment plus(Duration duration) {
    return new Moment(nanos + duration.toNanos(), wall.plus(duration));
  }

  /** Whether both clocks are before that moment: where one jumped ahead, it counts. */
  boolean isSurelyBefore(Moment other) {
    return nanos - other.nanos < 0 && wall.isBefore(other.wall);
  }

  /** Time since that moment on the clock that nobody corrects. */
  Duration since(Moment earlier) {
    return Duration.ofNanos(nanos - earlier.nanos);
  }
}
