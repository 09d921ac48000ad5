package io.evaljob.operator.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What holds of every decision of a quota, whatever it was made from. */
public final class QuotaRules {

  private final Snapshot snapshot;
  private final Decision decision;
  private final String resource;
  private final Set<AttemptKey> charged = new HashSet<>();
  private final Map<String, Integer> usedThere = new HashMap<>();
  private final int used;

  private QuotaRules(Snapshot snapshot, Decision decision, String resource) {
    this.snapshot = snapshot;
    this.decision = decision;
    this.resource = resource;
    for (Charge charge : decision.ledger()) {
      charged.add(charge.key());
      usedThere.merge(charge.namespace(), charge.devices(), Integer::sum);
    }
    used = decision.used().get(resource);
  }

  /**
   * Fails where a rule is broken.
   *
   * @param snapshot what was decided on, of one resource
   * @param decision what was decided
   * @param resource the resource
   */
  public static void check(Snapshot snapshot, Decision decision, String resource) {
    QuotaRules rules = new QuotaRules(snapshot, decision, resource);
    rules.nothingBeyondTheLimits();
    rules.workConserving();
    rules.firstComeFirstServed();
    rules.whatIsOverdueIsNotPassed();
    rules.theQueueIsCountedWholeAndShownInOrder();
  }

  /** What was charged before is not taken away by a lower limit; nothing is added beyond one. */
  private void nothingBeyondTheLimits() {
    if (decision.granted().isEmpty()) {
      return;
    }
    assertThat(used).as("all").isLessThanOrEqualTo(snapshot.limits().hard().get(resource));
    for (Demand granted : decision.granted()) {
      assertThat(usedThere.get(granted.namespace()))
          .as("in namespace %s", granted.namespace())
          .isLessThanOrEqualTo(snapshot.limits().inNamespace(resource));
    }
    assertThat(decision.ledger()).map(Charge::key).doesNotHaveDuplicates();
  }

  /** Nothing fits that is not granted, unless it is kept for one that has waited too long. */
  private void workConserving() {
    int free = snapshot.limits().hard().get(resource) - used;
    for (Demand demand : snapshot.waiting()) {
      int there = snapshot.limits().inNamespace(resource) - usedIn(demand);
      if (!charged.contains(demand.key())
          && demand.devices() <= free
          && demand.devices() <= there) {
        assertThat(snapshot.waiting())
            .as("%s fits: somebody before it has waited too long", demand)
            .anyMatch(other -> Demand.ORDER.compare(other, demand) < 0 && isPassedOver(other));
      }
    }
  }

  /** Of two that ask for the same in the same namespace, the later is not served alone. */
  private void firstComeFirstServed() {
    for (Demand late : decision.granted()) {
      for (Demand early : snapshot.waiting()) {
        if (Demand.ORDER.compare(early, late) < 0
            && early.namespace().equals(late.namespace())
            && early.devices() <= late.devices()) {
          assertThat(charged).as("%s before %s", early, late).contains(early.key());
        }
      }
    }
  }

  /**
   * Nobody overtakes one that can be served and has waited too long, be it the first of its
   * namespace: those behind that wait for it.
   */
  private void whatIsOverdueIsNotPassed() {
    Set<String> seen = new HashSet<>();
    List<Demand> overdue =
        snapshot.waiting().stream()
            .filter(demand -> !charged.contains(demand.key()))
            .filter(demand -> demand.devices() <= snapshot.limits().most(resource))
            .sorted(Demand.ORDER)
            .filter(demand -> seen.add(demand.namespace()))
            .filter(this::isPassedOver)
            .toList();
    for (Demand late : decision.granted()) {
      for (Demand early : overdue) {
        if (Demand.ORDER.compare(early, late) < 0) {
          int there = snapshot.limits().inNamespace(resource) - usedIn(early);
          assertThat(early.namespace().equals(late.namespace()) || early.devices() <= there)
              .as("%s overtakes %s, which is overdue", late, early)
              .isFalse();
        }
      }
    }
  }

  private boolean isPassedOver(Demand demand) {
    return !charged.contains(demand.key())
        && demand.isOverdue(snapshot.now(), snapshot.limits().patience());
  }

  private int usedIn(Demand demand) {
    return usedThere.getOrDefault(demand.namespace(), 0);
  }

  private void theQueueIsCountedWholeAndShownInOrder() {
    List<Demand> left =
        snapshot.waiting().stream()
            .filter(demand -> snapshot.isOurs(demand.namespace(), demand.resource()))
            .filter(demand -> !charged.contains(demand.key()))
            .sorted(Demand.ORDER)
            .toList();
    assertThat(decision.waiting()).isEqualTo(left.size());
    assertThat(decision.queued().get(resource))
        .isEqualTo(left.stream().mapToInt(Demand::devices).sum());
    List<Place> head = new ArrayList<>();
    for (Demand demand : left.subList(0, Math.min(left.size(), Admission.HEAD_BOUND))) {
      head.add(new Place(head.size() + 1, demand));
    }
    assertThat(decision.head()).isEqualTo(head);
  }
}
