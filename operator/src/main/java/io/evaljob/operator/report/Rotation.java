package io.evaljob.operator.report;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * When authorities change, as a pure decision. A pod keeps the bundle it was planned with, so the
 * next authority is in every bundle for a quarter of a life (six months) before it signs.
 *
 * <pre>
 * 0        half           three quarters            end
 * current  next made      next becomes current      gone
 * </pre>
 */
final class Rotation {
  static final Duration AUTHORITY_LIFE = Duration.ofDays(730);
  static final Duration SERVING_LIFE = Duration.ofDays(90);
  private static final Duration SERVING_LEFT = Duration.ofDays(30);

  /** What to do with the authorities. */
  enum Step {
    /** There is none, or none is valid: make one. */
    CREATE,
    /** Nothing. */
    KEEP,
    /** Make the next one, and have pods trust it. */
    INTRODUCE_NEXT,
    /** Sign with the next one from now on. */
    PROMOTE_NEXT
  }

  private Rotation() {}

  static Step decide(Optional<AuthorityPair> found, Instant now) {
    if (found.isEmpty()) {
      return Step.CREATE;
    }
    AuthorityPair pair = found.get();
    Authority current = pair.current();
    boolean nextIsGood = pair.next().filter(next -> now.isBefore(next.validUntil())).isPresent();
    if (!now.isBefore(at(current, 3))) {
      if (nextIsGood) {
        return Step.PROMOTE_NEXT;
      }
      return now.isBefore(current.validUntil()) ? Step.INTRODUCE_NEXT : Step.CREATE;
    }
    return !nextIsGood && !now.isBefore(at(current, 2)) ? Step.INTRODUCE_NEXT : Step.KEEP;
  }

  /** Whether the served certificate is due: a third of its life is left, or its signer changed. */
  static boolean servingDue(Instant validUntil, boolean signedByCurrent, Instant now) {
    return !signedByCurrent || !now.isBefore(validUntil.minus(SERVING_LEFT));
  }

  private static Instant at(Authority authority, int quarters) {
    Duration life = Duration.between(authority.validFrom(), authority.validUntil());
    return authority.validFrom().plus(life.multipliedBy(quarters).dividedBy(4));
  }
}
