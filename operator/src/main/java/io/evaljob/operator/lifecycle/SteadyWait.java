package io.evaljob.operator.lifecycle;

import io.evaljob.api.v1alpha1.LastWaiting;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.api.v1alpha1.WaitingStatus;
import io.evaljob.operator.observe.Wait;
import io.evaljob.operator.status.Conditions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Keeps {@code status.waiting} from flapping. The status is the memory.
 *
 * <ul>
 *   <li>A cause that is new is shown at once, and a wait that ends is taken away at once.
 *   <li>Of causes that alternate, one that was shown shortly before comes back only when the one
 *       shown has stood for {@link #SETTLED}.
 *   <li>A wait that comes back within {@link #SETTLED} of its end is the same wait: it is shown at
 *       once, since it first was, and ends again only when {@link #SETTLED} have passed since it
 *       did.
 * </ul>
 *
 * @param shown what to show; empty where nothing is waited for
 * @param last what was shown before nothing was
 * @param again when to look again, where something else waits to be shown
 */
record SteadyWait(Optional<Shown> shown, Optional<LastWaiting> last, Optional<Duration> again) {

  /** How long what is shown stands before what was just shown may come back. */
  static final Duration SETTLED = Duration.ofSeconds(30);

  /** Nothing to show and nothing to remember. */
  static final SteadyWait NONE =
      new SteadyWait(Optional.empty(), Optional.empty(), Optional.empty());

  private static final int REMEMBERED = 4;

  /**
   * A wait that is shown.
   *
   * @param why its reason and message
   * @param since since when its reason is shown
   * @param recent reasons shown before it, none of which stood for {@link #SETTLED}, but perhaps
   *     the oldest
   */
  record Shown(Wait why, Instant since, List<String> recent) {}

  /**
   * What to show after what was shown.
   *
   * @param before what the status shows
   * @param last what it showed before it showed nothing
   * @param seen what is waited for now
   * @param now the time of the pass
   */
  static SteadyWait next(
      Optional<WaitingStatus> before,
      Optional<LastWaiting> last,
      Optional<Wait> seen,
      Instant now) {
    Optional<Shown> shown =
        before
            .filter(old -> old.reasonIfSet().isPresent() && old.sinceIfSet().isPresent())
            .map(SteadyWait::read);
    if (seen.isEmpty()) {
      return shown.map(old -> end(old, last, now)).orElseGet(() -> show(null, last));
    }
    return shown
        .map(old -> change(old, last, seen.get(), now))
        .orElseGet(() -> show(begin(last, seen.get(), now), last));
  }

  /** The same, of which nothing is remembered once it has ended. */
  SteadyWait forgotten() {
    return new SteadyWait(shown, Optional.empty(), again);
  }

  private static SteadyWait end(Shown old, Optional<LastWaiting> last, Instant now) {
    String reason = old.why().reason().name();
    Duration left =
        last.filter(one -> reasons(one).anyMatch(reason::equals))
            .map(one -> left(Instant.parse(one.until()), now))
            .orElse(Duration.ZERO);
    if (!left.isZero()) {
      return new SteadyWait(Optional.of(old), last, Optional.of(left));
    }
    return show(
        null,
        Optional.of(
            new LastWaiting(
                reason, Conditions.time(old.since()), Conditions.time(now), old.recent())));
  }

  private static Shown begin(Optional<LastWaiting> last, Wait seen, Instant now) {
    String reason = seen.reason().name();
    Optional<LastWaiting> recent =
        last.filter(one -> !left(Instant.parse(one.until()), now).isZero());
    return new Shown(
        seen,
        recent
            .filter(one -> reason.equals(one.reason()))
            .map(one -> Instant.parse(one.since()))
            .orElse(now),
        recent
            .map(one -> newest(reasons(one).filter(other -> !other.equals(reason))))
            .orElse(List.of()));
  }

  private static SteadyWait change(Shown old, Optional<LastWaiting> last, Wait seen, Instant now) {
    String reason = seen.reason().name();
    if (seen.reason() == old.why().reason()) {
      return show(new Shown(seen, old.since(), old.recent()), last);
    }
    Duration left = left(old.since(), now);
    if (left.isZero()) {
      return show(new Shown(seen, now, List.of(old.why().reason().name())), last);
    }
    if (old.recent().contains(reason)) {
      return new SteadyWait(Optional.of(old), last, Optional.of(left));
    }
    List<String> recent = new ArrayList<>(old.recent());
    recent.add(old.why().reason().name());
    return show(new Shown(seen, now, newest(recent.stream())), last);
  }

  private static SteadyWait show(Shown shown, Optional<LastWaiting> last) {
    return new SteadyWait(Optional.ofNullable(shown), last, Optional.empty());
  }

  private static Shown read(WaitingStatus shown) {
    return new Shown(
        new Wait(WaitingReason.of(shown.reason()), shown.messageIfSet().orElse("")),
        Instant.parse(shown.since()),
        shown.recentReasons());
  }

  /** What is left of the time to settle; none by a clock that was set back, which else lasted. */
  private static Duration left(Instant since, Instant now) {
    Duration stood = Duration.between(since, now);
    return stood.isNegative() || stood.compareTo(SETTLED) >= 0
        ? Duration.ZERO
        : SETTLED.minus(stood);
  }

  private static Stream<String> reasons(LastWaiting last) {
    return Stream.concat(last.recentReasons().stream(), last.reasonIfSet().stream());
  }

  private static List<String> newest(Stream<String> reasons) {
    List<String> all = reasons.toList();
    return all.subList(Math.max(0, all.size() - REMEMBERED), all.size());
  }
}
