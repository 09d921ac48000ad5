package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SteadyWaitTest {

  private static final Instant START = Instant.parse("2026-11-23T15:00:00Z");

  private static final String NOTHING = "-";

  private Optional<WaitingStatus> shown = Optional.empty();
  private Optional<LastWaiting> last = Optional.empty();
  private Instant now = START;

  @ParameterizedTest
  @CsvSource({
    // what is seen, by second; what is shown, by second, with since when
    "0:ImagePull 5:ImagePull, 0:ImagePull@0 5:ImagePull@0",
    // New causes are shown at once, however fast they come.
    "0:EvalQuota 1:Unschedulable 2:ImagePull, 0:EvalQuota@0 1:Unschedulable@1 2:ImagePull@2",
    // One that comes back waits until what is shown has stood for 30 s.
    "0:ImagePull 3:Unschedulable 5:ImagePull 32:ImagePull 33:ImagePull,"
        + " 0:ImagePull@0 3:Unschedulable@3 5:Unschedulable@3 32:Unschedulable@3 33:ImagePull@33",
    // It goes away again before that.
    "0:ImagePull 3:Unschedulable 5:ImagePull 6:Unschedulable 40:Unschedulable,"
        + " 0:ImagePull@0 3:Unschedulable@3 5:Unschedulable@3 6:Unschedulable@3 40:Unschedulable@3",
    // What stood long enough may be followed by what was there before it.
    "0:ImagePull 3:Unschedulable 60:ImagePull 61:Unschedulable,"
        + " 0:ImagePull@0 3:Unschedulable@3 60:ImagePull@60 61:ImagePull@60",
    // A clock that was set back keeps nothing from being shown.
    "500:ImagePull 501:Unschedulable 100:ImagePull,"
        + " 500:ImagePull@500 501:Unschedulable@501 100:ImagePull@100",
    // A wait ends at once, and one that comes back later is another.
    "0:ImagePull 5:- 36:ImagePull 40:-, 0:ImagePull@0 5:- 36:ImagePull@36 40:-",
    // One that comes back soon is the same, and then ends only when it has settled.
    "0:ImagePull 5:- 7:ImagePull 9:- 34:- 35:-,"
        + " 0:ImagePull@0 5:- 7:ImagePull@0 9:ImagePull@0 34:ImagePull@0 35:-",
    // It does not end by then.
    "0:ImagePull 5:- 7:ImagePull 9:- 20:ImagePull 50:ImagePull 51:- 52:ImagePull,"
        + " 0:ImagePull@0 5:- 7:ImagePull@0 9:ImagePull@0 20:ImagePull@0 50:ImagePull@0 51:-"
        + " 52:ImagePull@0",
    // Another cause is shown at once, and ends at once.
    "0:ImagePull 5:- 7:EvalQuota 9:-, 0:ImagePull@0 5:- 7:EvalQuota@7 9:-",
    // Two that alternate with nothing between them.
    "0:ImagePull 5:- 7:EvalQuota 9:- 10:ImagePull 11:- 12:EvalQuota 38:- 39:-,"
        + " 0:ImagePull@0 5:- 7:EvalQuota@7 9:- 10:ImagePull@10 11:ImagePull@10 12:ImagePull@10"
        + " 38:ImagePull@10 39:-",
    // What was there before nothing was does not come back over what is new.
    "0:ImagePull 5:- 7:EvalQuota 9:ImagePull 37:ImagePull,"
        + " 0:ImagePull@0 5:- 7:EvalQuota@7 9:EvalQuota@7 37:ImagePull@37",
    // A clock that was set back keeps no wait that has ended.
    "500:ImagePull 505:- 506:ImagePull 100:-, 500:ImagePull@500 505:- 506:ImagePull@500 100:-",
  })
  void aCauseIsShownAtOnceAndComesBackLater(String seen, String expected) {
    List<String> told = new ArrayList<>();
    for (String one : seen.split(" ", -1)) {
      int colon = one.indexOf(':');
      now = START.plusSeconds(Long.parseLong(one.substring(0, colon)));
      see(one.substring(colon + 1));
      told.add(one.substring(0, colon + 1) + shown.map(SteadyWaitTest::told).orElse(NOTHING));
    }

    assertThat(String.join(" ", told)).isEqualTo(expected);
  }

  private static String told(WaitingStatus shown) {
    return shown.reason() + "@" + Duration.between(START, Instant.parse(shown.since())).toSeconds();
  }

  /** Any number of causes in turn, every second for an hour; nothing may be one of them. */
  @ParameterizedTest
  @CsvSource({
    "EvalQuota Unschedulable",
    "EvalQuota Unschedulable ImagePull",
    "EvalQuota Unschedulable ImagePull ResourceQuota",
    "EvalQuota Unschedulable ImagePull ResourceQuota Admission",
    "EvalQuota -",
    "EvalQuota - Unschedulable -",
    "EvalQuota Unschedulable - -",
    "EvalQuota - Unschedulable - ImagePull -",
  })
  void causesThatAlternateDoNotFlap(String turn) {
    String[] reasons = turn.split(" ", -1);
    int causes = (int) List.of(reasons).stream().distinct().count();
    int changes = 0;
    for (int second = 0; second < 3600; second++) {
      now = START.plusSeconds(second);
      Optional<String> before = shown.map(WaitingStatus::reason);
      see(reasons[second % reasons.length]);
      if (!before.equals(shown.map(WaitingStatus::reason))) {
        changes++;
      }
      shown.ifPresent(now -> assertThat(now.recentReasons()).hasSizeLessThanOrEqualTo(4));
    }

    // The first, and in every turn of 30 s, each may come once.
    assertThat(changes).isBetween(causes, 1 + causes * 3600 / 30);
  }

  @Test
  void whatIsKeptFromBeingShownIsLookedAtWhenItMayBe() {
    see("ImagePull");
    now = START.plusSeconds(3);
    see("Unschedulable");
    now = START.plusSeconds(10);

    SteadyWait kept = SteadyWait.next(shown, last, Optional.of(wait("ImagePull")), now);

    assertThat(kept.shown().orElseThrow().why().reason()).isEqualTo(WaitingReason.Unschedulable);
    assertThat(kept.shown().orElseThrow().why().message()).isEqualTo("why Unschedulable at 3");
    assertThat(kept.again()).contains(Duration.ofSeconds(23));
  }

  @Test
  void theMessageOfAReasonThatStaysIsTheNewest() {
    see("EvalQuota");
    now = START.plusSeconds(7);
    see("EvalQuota");

    assertThat(shown.orElseThrow().message()).isEqualTo("why EvalQuota at 7");
    assertThat(shown.orElseThrow().since()).isEqualTo("2026-11-23T15:00:00Z");
  }

  @Test
  void aWaitThatIsKeptIsTakenAwayWhenItHasSettled() {
    see("ImagePull");
    now = START.plusSeconds(3);
    see(NOTHING);
    now = START.plusSeconds(5);
    see("ImagePull");
    now = START.plusSeconds(10);

    SteadyWait kept = SteadyWait.next(shown, last, Optional.empty(), now);

    assertThat(kept.shown().orElseThrow().why().message()).isEqualTo("why ImagePull at 5");
    assertThat(kept.again()).contains(Duration.ofSeconds(23));
  }

  private void see(String reason) {
    SteadyWait next =
        SteadyWait.next(
            shown,
            last,
            Optional.of(reason).filter(some -> !some.equals(NOTHING)).map(this::wait),
            now);
    last = next.last();
    shown =
        next.shown()
            .map(
                one ->
                    new WaitingStatus(
                        one.why().reason().name(),
                        one.why().message(),
                        Conditions.time(one.since()),
                        0,
                        one.recent()));
  }

  private Wait wait(String reason) {
    return new Wait(
        WaitingReason.of(reason),
        "why " + reason + " at " + Duration.between(START, now).toSeconds());
  }
}
