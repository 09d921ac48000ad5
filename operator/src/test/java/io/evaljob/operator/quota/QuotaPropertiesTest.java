package io.evaljob.operator.quota;

import static io.evaljob.operator.quota.QuotaWorld.GPU;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What holds of every quota, whatever comes, in whatever order, and whatever breaks off. */
class QuotaPropertiesTest {

  /** What can happen. */
  private enum Step {
    ARRIVE,
    ARRIVE_URGENT,
    PASS,
    PASS_LOST,
    TWO_LEADERS,
    STALE_LEADER,
    START,
    FINISH,
    GIVE_UP,
    TIME,
    CLOCK_BACK,
    CLOCK_FORWARD,
    EDIT
  }

  @Provide
  Arbitrary<List<Step>> histories() {
    return Arbitraries.of(Step.class).list().ofMinSize(1).ofMaxSize(80);
  }

  @Property(tries = 400)
  void devicesAreNeverOvercommitted(@ForAll("histories") List<Step> history, @ForAll long seed) {
    QuotaWorld world = new QuotaWorld(seed);
    for (Step step : history) {
      int before = world.charged();
      Map<String, Integer> there = Map.of("a", chargedIn(world, "a"), "b", chargedIn(world, "b"));
      take(world, step);
      assertThat(world.held()).as("after %s", step).isLessThanOrEqualTo(world.charged());
      // A limit that was lowered is exceeded until something ends, but never by more.
      assertThat(world.charged())
          .as("after %s", step)
          .isLessThanOrEqualTo(Math.max(before, world.limits.hard().get(GPU)));
      there.forEach(
          (namespace, charged) ->
              assertThat(chargedIn(world, namespace))
                  .as("in %s after %s", namespace, step)
                  .isLessThanOrEqualTo(Math.max(charged, world.limits.inNamespace(GPU))));
    }
  }

  @Property(tries = 400)
  void everyDecisionKeepsTheRules(@ForAll("histories") List<Step> history, @ForAll long seed) {
    QuotaWorld world = new QuotaWorld(seed);
    for (Step step : history) {
      take(world, step);
      Snapshot snapshot = world.read().snapshot();
      Decision decision = Admission.decide(snapshot);
      assertThat(Admission.decide(world.read().snapshot()))
          .as("the same whatever the order of the lists")
          .isEqualTo(decision);
      QuotaRules.check(snapshot, decision, GPU);
    }
  }

  @Property(tries = 300)
  void nothingIsLeaked(@ForAll("histories") List<Step> history, @ForAll long seed) {
    QuotaWorld world = new QuotaWorld(seed);
    history.forEach(step -> take(world, step));
    world.waiting.clear();
    world.holding.clear();
    world.pass();
    assertThat(world.ledger).isEmpty();
  }

  @Property(tries = 300)
  void everybodyWhoCanBeServedIsServed(@ForAll("histories") List<Step> history, @ForAll long seed) {
    QuotaWorld world = new QuotaWorld(seed);
    history.forEach(step -> take(world, step));
    world.limit(8);
    for (int i = 0; i < 400 && !(world.waiting.isEmpty() && world.holding.isEmpty()); i++) {
      world.pass();
      world.start();
      world.finish();
    }
    assertThat(world.waiting.values()).allMatch(demand -> demand.devices() > 6);
  }

  /** However many small ones keep coming, the head gets its devices once these have ended. */
  @Property(tries = 200)
  void aHeadIsNotStarved(@ForAll long seed) {
    QuotaWorld world = new QuotaWorld(seed);
    world.limits = new Limits(Map.of(GPU, 8), Map.of(), Duration.ofSeconds(60));
    for (int i = 0; i < 8; i++) {
      world.arrive(1, 0);
    }
    world.pass();
    for (int i = 0; i < 10; i++) {
      world.start();
    }
    world.arrive(5, 0);
    AttemptKey head =
        world.waiting.values().stream()
            .filter(demand -> demand.devices() == 5)
            .findFirst()
            .orElseThrow()
            .key();
    int grantedBehind = 0;
    boolean overdue = false;
    for (int i = 0; i < 200 && world.waiting.containsKey(head); i++) {
      world.now = world.now.plus(Duration.ofSeconds(1 + world.random.nextInt(20)));
      world.arrive(1, 0);
      overdue |= world.waiting.get(head).isOverdue(world.now, world.limits.patience());
      boolean ahead = world.waiting.values().stream().noneMatch(d -> d.key().attempt() > 1);
      Decision decision = world.pass();
      if (overdue && ahead && !charged(decision, head)) {
        grantedBehind += decision.granted().size();
      }
      world.start();
      world.holding.values().stream()
          .findFirst()
          .ifPresent(charge -> world.holding.remove(charge.key()));
    }
    assertThat(world.waiting).doesNotContainKey(head);
    assertThat(grantedBehind).isZero();
  }

  private static boolean charged(Decision decision, AttemptKey key) {
    return decision.ledger().stream().anyMatch(charge -> charge.key().equals(key));
  }

  private static int chargedIn(QuotaWorld world, String namespace) {
    return world.ledger.stream()
        .filter(charge -> charge.namespace().equals(namespace))
        .mapToInt(Charge::devices)
        .sum();
  }

  private static void take(QuotaWorld world, Step step) {
    switch (step) {
      case ARRIVE -> world.arrive(1 + world.random.nextInt(6), 0);
      case ARRIVE_URGENT -> world.arrive(1 + world.random.nextInt(4), 100);
      case PASS -> world.pass();
      case PASS_LOST -> Admission.decide(world.read().snapshot());
      case TWO_LEADERS -> {
        QuotaWorld.View one = world.read();
        QuotaWorld.View other = world.read();
        assertThat(world.write(one, Admission.decide(one.snapshot()))).isTrue();
        assertThat(world.write(other, Admission.decide(other.snapshot()))).isFalse();
      }
      case STALE_LEADER -> {
        QuotaWorld.View old = world.read();
        Decision decision = Admission.decide(old.snapshot());
        world.arrive(2, 0);
        world.pass();
        world.start();
        assertThat(world.write(old, decision)).isFalse();
      }
      case START -> world.start();
      case FINISH -> world.finish();
      case GIVE_UP -> world.giveUp();
      case TIME -> world.now = world.now.plus(Duration.ofSeconds(world.random.nextInt(40)));
      case CLOCK_BACK -> world.now = world.now.minus(Duration.ofHours(world.random.nextInt(30)));
      case CLOCK_FORWARD -> world.now = world.now.plus(Duration.ofDays(world.random.nextInt(9)));
      case EDIT -> world.limit(1 + world.random.nextInt(10));
    }
  }
}
