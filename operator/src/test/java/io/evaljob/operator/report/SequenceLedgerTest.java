package io.evaljob.operator.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SequenceLedgerTest {
  private final SequenceLedger ledger = new SequenceLedger();

  @Test
  void numbersGrowWithEachPod() {
    assertThat(ledger.isNew("a", 5, false)).isTrue();
    ledger.taken("a", 5, false);
    assertThat(ledger.isNew("a", 5, false)).isFalse();
    assertThat(ledger.isNew("a", 4, false)).isFalse();
    assertThat(ledger.isNew("a", 5, true)).isFalse();
    assertThat(ledger.isNew("a", 6, false)).isTrue();
    assertThat(ledger.isNew("b", 1, false)).isTrue();
  }

  @Test
  void theFinalReportMayBeRepeatedAndNothingFollowsIt() {
    ledger.taken("a", 7, true);
    assertThat(ledger.isNew("a", 7, true)).isTrue();
    assertThat(ledger.isNew("a", 8, true)).isTrue();
    assertThat(ledger.isNew("a", 6, true)).isFalse();
    assertThat(ledger.isNew("a", 8, false)).isFalse();
  }
}
