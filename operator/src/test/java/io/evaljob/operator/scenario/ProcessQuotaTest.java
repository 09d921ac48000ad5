package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A quota among the files of one machine works as it does in a cluster. */
class ProcessQuotaTest extends ProcessScenarios {

  @Test
  void modelsTakeTurnsOnThisMachineToo() {
    givenQuota("machine", 2);
    startOperator();
    apply(job("one", "base"));
    apply(job("two", "base"));

    for (String name : new String[] {"one", "two"}) {
      assertThat(conditions(awaitPhase(name, "Succeeded").getStatus()))
          .containsEntry("QuotaReserved", "False/Released");
    }
    assertThat(awaitQuota("machine", status -> status.reservations().isEmpty()).summary().limit())
        .isEqualTo("2");
  }
}
