package io.evaljob.operator.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AdmissionTest {
  private static final String GPU = "nvidia.com/gpu";
  private static final String MIG = "nvidia.com/mig-1g.10gb";
  private static final Instant NOW = Instant.parse("2026-11-23T15:00:00Z");
  private static final Limits LIMITS =
      new Limits(Map.of(GPU, 16, MIG, 7), Map.of(GPU, 12), Duration.ofMinutes(10));

  private final List<Charge> charges = new ArrayList<>();
  private final List<Charge> holding = new ArrayList<>();
  private final List<Demand> waiting = new ArrayList<>();

  @Test
  void priorityGoesBeforeAgeAndAgeBeforeName() {
    waits("b", 3, 0, 20);
    waits("a", 3, 0, 10);
    waits("urgent", 3, 7, 0);
    waits("c", 3, 0, 20);
    assertThat(decide().granted()).map(Demand::job).containsExactly("urgent", "b", "c", "a");
  }

  @Test
  void aDemandIsGrantedWholeOrNotAtAll() {
    holds("other", 10);
    waits("big", 8, 0, 5);
    Decision decision = decide();
    assertThat(decision.granted()).isEmpty();
    assertThat(decision.used()).containsEntry(GPU, 10);
    assertThat(decision.queued()).containsEntry(GPU, 8);
    assertThat(decision.head()).map(Place::position).containsExactly(1);
  }

  @Test
  void smallOnesPassUntilTheHeadHasWaitedLongEnough() {
    holds("other", 10);
    waits("big", 8, 0, 9);
    waits("small", 2, 0, 1);
    assertThat(decide().granted()).map(Demand::job).containsExactly("small");
    waiting.clear();
    waits("big", 8, 0, 10);
    waits("small", 2, 0, 1);
    assertThat(decide().granted()).isEmpty();
    assertThat(decide().head()).map(place -> place.demand().job()).containsExactly("big", "small");
  }

  @Test
  void whatIsKeptForOneResourceIsNotKeptOfAnother() {
    holds("other", 10);
    waits("big", 8, 0, 60);
    waiting.add(demand("slice", "ns", MIG, 1, 0, 1));
    assertThat(decide().granted()).map(Demand::job).containsExactly("slice");
  }

  @Test
  void aNamespaceAtItsLimitKeepsNothingFromOthers() {
    holds("other", 10);
    waits("big", 4, 0, 60);
    waits("small", 2, 0, 1);
    waiting.add(demand("elsewhere", "ns2", GPU, 6, 0, 0));
    assertThat(decide().granted()).map(Demand::job).containsExactly("elsewhere");
  }

  @Test
  void aDemandGreaterThanTheLimitHoldsNobodyUp() {
    waits("giant", 13, 9, 9999);
    waits("small", 2, 0, 1);
    Decision decision = decide();
    assertThat(decision.granted()).map(Demand::job).containsExactly("small");
    assertThat(decision.head()).map(place -> place.demand().job()).containsExactly("giant");
  }

  @Test
  void aClockThatWasSetBackDoesNotLetAHeadWaitLess() {
    holds("other", 10);
    waits("big", 8, 0, -60);
    waits("small", 2, -1, 0);
    assertThat(decide().granted()).map(Demand::job).containsExactly("small");
  }

  @Test
  void whatHoldsDevicesIsChargedThoughNobodyGrantedIt() {
    holding.add(charge("before-the-quota", 20));
    waits("small", 1, 0, 5);
    Decision decision = decide();
    assertThat(decision.ledger()).map(Charge::job).containsExactly("before-the-quota");
    assertThat(decision.used()).containsEntry(GPU, 20);
    assertThat(decision.granted()).isEmpty();
  }

  @Test
  void aChargeServesItsAttemptOnly() {
    charges.add(charge("again", 8));
    waiting.add(
        new Demand(new AttemptKey("uid-again", 1, "m", 2), "ns", "again", GPU, 8, 0, NOW, NOW));
    Decision decision = decide();
    assertThat(decision.released()).map(charge -> charge.key().attempt()).containsExactly(1);
    assertThat(decision.granted()).map(demand -> demand.key().attempt()).containsExactly(2);
    assertThat(decision.used()).containsEntry(GPU, 8);
  }

  @Test
  void aNamespaceThatLeavesTakesItsChargesAlong() {
    Charge gone = new Charge(new AttemptKey("u", 1, "m", 1), "left", "j", GPU, 8, NOW);
    charges.add(gone);
    holding.add(gone);
    Decision decision = decide();
    assertThat(decision.ledger()).isEmpty();
    assertThat(decision.released()).containsExactly(gone);
    assertThat(snapshot().releasable()).as("nobody need be asked").isEmpty();
  }

  @Test
  void theLedgerAndTheHeadAreBounded() {
    Limits wide = new Limits(Map.of(GPU, 65536), Map.of(), Duration.ofMinutes(10));
    for (int i = 0; i < Admission.LEDGER_BOUND + 20; i++) {
      waits("job-" + i, 1, 0, i);
    }
    Decision decision =
        Admission.decide(new Snapshot(wide, Set.of("ns", "ns2"), charges, waiting, holding, NOW));
    assertThat(decision.ledger()).hasSize(Admission.LEDGER_BOUND);
    assertThat(decision.waiting()).isEqualTo(20);
    assertThat(decision.head()).hasSize(Admission.HEAD_BOUND);
  }

  @Test
  void theFirstOfEveryResourceIsShown() {
    holds("other", 12);
    holding.add(new Charge(new AttemptKey("u", 1, "m", 1), "ns", "mig", MIG, 7, NOW));
    for (int i = 0; i < 20; i++) {
      waits("job-" + i, 8, 1, 1);
    }
    waiting.add(demand("slice", "ns", MIG, 1, 0, 1));
    assertThat(decide().head())
        .hasSize(Admission.HEAD_BOUND)
        .anyMatch(place -> place.position() == 1 && place.demand().job().equals("slice"));
  }

  @Test
  void theWaitIsExplained() {
    QuotaView view =
        new QuotaView(
            "vlm-gpus", LIMITS, Map.of(GPU, 11), Map.of(GPU, 3), Set.of(), Map.of("m", 3));
    assertThat(view.explain("m", GPU, 8))
        .isEqualTo(
            "3rd in quota vlm-gpus, needs 8, 5 of 16 nvidia.com/gpu free; it starts when devices"
                + " are released to it.");
    assertThat(view.explain("n", GPU, 8)).contains("behind the models that it lists");
    assertThat(view.explain("m", GPU, 13))
        .contains("allows no more than 12 in a namespace", "ask for fewer devices");
    QuotaView full =
        new QuotaView(
            "vlm-gpus", LIMITS, Map.of(GPU, 11), Map.of(GPU, 10), Set.of(), Map.of("m", 12));
    assertThat(full.explain("m", GPU, 8)).startsWith("12th").contains("2 of 12 nvidia.com/gpu");
    assertThat(full.explain("m", GPU, 8)).contains("free for its namespace");
  }

  private Snapshot snapshot() {
    return new Snapshot(LIMITS, Set.of("ns", "ns2"), charges, waiting, holding, NOW);
  }

  private Decision decide() {
    return Admission.decide(snapshot());
  }

  private void holds(String job, int devices) {
    charges.add(charge(job, devices));
    holding.add(charge(job, devices));
  }

  private void waits(String job, int devices, int priority, int minutes) {
    waiting.add(demand(job, "ns", GPU, devices, priority, minutes));
  }

  private static Demand demand(
      String job, String namespace, String resource, int devices, int priority, int minutes) {
    Instant since = NOW.minus(Duration.ofMinutes(minutes));
    return new Demand(
        new AttemptKey("uid-" + job, 1, "m", 1),
        namespace,
        job,
        resource,
        devices,
        priority,
        since,
        since);
  }

  private static Charge charge(String job, int devices) {
    return new Charge(new AttemptKey("uid-" + job, 1, "m", 1), "ns", job, GPU, devices, NOW);
  }
}
