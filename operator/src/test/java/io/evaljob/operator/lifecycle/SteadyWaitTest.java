package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.junit.jupiter.params.provider.ValueSource;

class SteadyWaitTest {

  private static final Instant START = Instant.parse("2026-11-23T15:00:00Z");

  private Optional<WaitingStatus> shown = Optional.empty();
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
  })
  void aCauseIsShownAtOnceAndComesBackLater(String seen, String expected) {
    List<String> told = new ArrayList<>();
    for (String one : seen.split(" ", -1)) {
      int colon = one.indexOf(':');
      now = START.plusSeconds(Long.parseLong(one.substring(0, colon)));
      see(one.substring(colon + 1));
      long since = Duration.between(START, Instant.parse(shown.orElseThrow().since())).toSeconds();
      told.add(one.substring(0, colon + 1) + shown.orElseThrow().reason() + "@" + since);
    }

    assertThat(String.join(" ", told)).isEqualTo(expected);
  }

  /** Any number of causes in turn, every second for an hour. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5})
  void causesThatAlternateDoNotFlap(int causes) {
    List<String> reasons =
        List.of("EvalQuota", "Unschedulable", "ImagePull", "ResourceQuota", "Admission");
    int changes = 0;
    for (int second = 0; second < 3600; second++) {
      now = START.plusSeconds(second);
      Optional<String> before = shown.map(WaitingStatus::reason);
      see(reasons.get(second % causes));
      if (!before.equals(shown.map(WaitingStatus::reason))) {
        changes++;
      }
      assertThat(shown.orElseThrow().recentReasons()).hasSizeLessThanOrEqualTo(4);
    }

    // In every turn of 30 s, each may come once.
    assertThat(changes).isBetween(causes, causes * 3600 / 30);
  }

  @Test
  void whatIsKeptFromBeingShownIsLookedAtWhenItMayBe() {
    see("ImagePull");
    now = START.plusSeconds(3);
    see("Unschedulable");
    now = START.plusSeconds(10);

    SteadyWait kept = SteadyWait.next(shown, wait("ImagePull"), now);

    assertThat(kept.why().reason()).isEqualTo(WaitingReason.Unschedulable);
    assertThat(kept.why().message()).isEqualTo("why Unschedulable at 3");
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

  private void see(String reason) {
    SteadyWait next = SteadyWait.next(shown, wait(reason), now);
    shown =
        Optional.of(
            new WaitingStatus(
                next.why().reason().name(),
                next.why().message(),
                Conditions.time(next.since()),
                0,
                next.recent()));
  }

  private Wait wait(String reason) {
    return new Wait(
        WaitingReason.of(reason),
        "why " + reason + " at " + Duration.between(START, now).toSeconds());
  }
}
