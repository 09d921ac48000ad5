package io.evaljob.operator.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.operator.report.Rotation.Step;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RotationTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private final Authority first = Issuer.authority(START);

  private Step decide(Optional<Authority> next, int days) {
    return Rotation.decide(
        Optional.of(new AuthorityPair(first, next)), START.plus(Duration.ofDays(days)));
  }

  @Test
  void makesOneWhenThereIsNone() {
    assertThat(Rotation.decide(Optional.empty(), START)).isEqualTo(Step.CREATE);
  }

  @Test
  void introducesTheNextAtHalfOfALifeAndPromotesItAtThreeQuarters() {
    Optional<Authority> next = Optional.of(Issuer.authority(START.plus(Duration.ofDays(365))));

    assertThat(decide(Optional.empty(), 364)).isEqualTo(Step.KEEP);
    assertThat(decide(Optional.empty(), 366)).isEqualTo(Step.INTRODUCE_NEXT);
    assertThat(decide(next, 366)).isEqualTo(Step.KEEP);
    assertThat(decide(next, 546)).isEqualTo(Step.KEEP);
    assertThat(decide(next, 548)).isEqualTo(Step.PROMOTE_NEXT);
  }

  @Test
  void anOperatorThatWasAwayForLongCatchesUp() {
    Optional<Authority> next = Optional.of(Issuer.authority(START.plus(Duration.ofDays(365))));

    assertThat(decide(Optional.empty(), 700)).isEqualTo(Step.INTRODUCE_NEXT);
    assertThat(decide(Optional.empty(), 731)).isEqualTo(Step.CREATE);
    assertThat(decide(next, 731)).isEqualTo(Step.PROMOTE_NEXT);
    assertThat(decide(next, 365 + 731)).isEqualTo(Step.CREATE);
  }

  /** Whoever was planned in the last six months trusts whatever signs now. */
  @Test
  void everyBundleTrustsWhatSignsInTheSixMonthsAfterIt() {
    AuthorityPair pair = new AuthorityPair(first, Optional.empty());
    AuthorityPair[] bundles = new AuthorityPair[3650];
    for (int day = 0; day < bundles.length; day++) {
      Instant now = START.plus(Duration.ofDays(day));
      pair =
          switch (Rotation.decide(Optional.of(pair), now)) {
            case CREATE -> throw new AssertionError("lost the authority on day " + day);
            case INTRODUCE_NEXT ->
                new AuthorityPair(pair.current(), Optional.of(Issuer.authority(now)));
            case PROMOTE_NEXT -> new AuthorityPair(pair.next().orElseThrow(), Optional.empty());
            case KEEP -> pair;
          };
      bundles[day] = pair;
      assertThat(now.plus(Rotation.SERVING_LIFE)).isBefore(pair.current().validUntil());
      AuthorityPair old = bundles[Math.max(0, day - 180)];
      assertThat(
              old.current().equals(pair.current())
                  || old.next().filter(pair.current()::equals).isPresent())
          .as("day %s", day)
          .isTrue();
    }
  }

  @Test
  void theServedCertificateIsDueAMonthBeforeItEnds() {
    Instant end = START.plus(Rotation.SERVING_LIFE);
    assertThat(Rotation.servingDue(end, true, START)).isFalse();
    assertThat(Rotation.servingDue(end, true, START.plus(Duration.ofDays(60)))).isTrue();
    assertThat(Rotation.servingDue(end, false, START)).isTrue();
  }
}
