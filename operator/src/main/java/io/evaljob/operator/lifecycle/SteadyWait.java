package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.api.v1alpha1.WaitingStatus;
import io.evaljob.operator.observe.Wait;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Keeps {@code status.waiting} from flapping between causes that alternate. A cause that is new is
 * shown at once; one that was shown shortly before comes back only when the one shown has stood for
 * {@link #SETTLED}. The status is the memory.
 *
 * @param why what to show
 * @param since since when its reason is shown
 * @param recent reasons shown before it, none of which stood for {@link #SETTLED}, but perhaps the
 *     oldest
 * @param again when to look again, where something else waits to be shown
 */
record SteadyWait(Wait why, Instant since, List<String> recent, Optional<Duration> again) {

  /** How long a reason stands before one that was just shown may come back. */
  static final Duration SETTLED = Duration.ofSeconds(30);

  private static final int REMEMBERED = 4;

  /**
   * What to show after what was shown.
   *
   * @param before what the status shows
   * @param seen what is waited for now
   * @param now the time of the pass
   */
  static SteadyWait next(Optional<WaitingStatus> before, Wait seen, Instant now) {
    return before.flatMap(shown -> after(shown, seen, now)).orElseGet(() -> fresh(seen, now));
  }

  private static Optional<SteadyWait> after(WaitingStatus shown, Wait seen, Instant now) {
    if (shown.reasonIfSet().isEmpty() || shown.sinceIfSet().isEmpty()) {
      return Optional.empty();
    }
    Instant since = Instant.parse(shown.since());
    if (seen.reason().name().equals(shown.reason())) {
      return Optional.of(new SteadyWait(seen, since, shown.recentReasons(), Optional.empty()));
    }
    Duration stood = Duration.between(since, now);
    // A clock that was set back would keep it for long.
    boolean settled = stood.isNegative() || stood.compareTo(SETTLED) >= 0;
    if (settled) {
      return Optional.of(new SteadyWait(seen, now, List.of(shown.reason()), Optional.empty()));
    }
    if (shown.recentReasons().contains(seen.reason().name())) {
      return Optional.of(
          new SteadyWait(
              new Wait(WaitingReason.of(shown.reason()), shown.messageIfSet().orElse("")),
              since,
              shown.recentReasons(),
              Optional.of(SETTLED.minus(stood))));
    }
    List<String> recent = new ArrayList<>(shown.recentReasons());
    recent.add(shown.reason());
    return Optional.of(
        new SteadyWait(
            seen,
            now,
            List.copyOf(recent.subList(Math.max(0, recent.size() - REMEMBERED), recent.size())),
            Optional.empty()));
  }

  private static SteadyWait fresh(Wait seen, Instant now) {
    return new SteadyWait(seen, now, List.of(), Optional.empty());
  }
}
