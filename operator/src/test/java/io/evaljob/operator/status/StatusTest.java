package io.evaljob.operator.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.Reason;
import io.evaljob.api.v1alpha1.SummaryStatus;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatusTest {

  private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00.5Z");
  private static final Instant LATER = Instant.parse("2026-01-01T01:00:00Z");

  @Test
  void aTransitionTimeMovesOnlyWhenTheStatusFlips() {
    List<Condition> first =
        Conditions.merge(List.of(), List.of(ready(false, Reason.Running)), 1, FIRST);
    List<Condition> same = Conditions.merge(first, List.of(ready(false, Reason.Scoring)), 2, LATER);
    List<Condition> flipped =
        Conditions.merge(same, List.of(ready(true, Reason.Succeeded)), 2, LATER);

    assertThat(first.get(0).lastTransitionTime()).isEqualTo("2026-01-01T00:00:00Z");
    assertThat(same.get(0).lastTransitionTime()).isEqualTo("2026-01-01T00:00:00Z");
    assertThat(same.get(0).reason()).isEqualTo("Scoring");
    assertThat(same.get(0).observedGeneration()).isEqualTo(2);
    assertThat(flipped.get(0).lastTransitionTime()).isEqualTo("2026-01-01T01:00:00Z");
  }

  @Test
  void aForeignConditionStays() {
    Condition foreign = new Condition("Elsewhere", "True", "Set", "", 1L, "2026-01-01T00:00:00Z");

    assertThat(Conditions.merge(List.of(foreign), List.of(ready(true, Reason.Valid)), 1, LATER))
        .contains(foreign)
        .hasSize(2);
  }

  @Test
  void aLongTextIsCutAndShowsIt() {
    assertThat(Bounds.cut("abcdef", 6)).isEqualTo("abcdef");
    assertThat(Bounds.cut("abcdefg", 6)).isEqualTo("abc...");
    assertThat(Bounds.cut("ab\u0007c", 6)).isEqualTo("ab c");
    assertThat(Bounds.cut("ab\ud83d\ude00cdef", 6)).isEqualTo("ab...");
  }

  @Test
  void anEmptyTextAndAnAbsentOneAreTheSame() {
    assertThat(
            SameStatus.test(
                new SummaryStatus("1/1", "", null, null), new SummaryStatus("1/1", null, null, "")))
        .isTrue();
    assertThat(
            SameStatus.test(
                new SummaryStatus("1/1", null, null, null),
                new SummaryStatus("0/1", null, null, null)))
        .isFalse();
  }

  private static Conditions.Now ready(boolean holds, Reason reason) {
    return new Conditions.Now(ConditionType.Ready, holds, reason, "");
  }
}
