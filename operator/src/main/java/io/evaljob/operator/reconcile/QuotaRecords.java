package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.Condition;
import io.evaljob.api.v1alpha1.ConditionType;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalQuotaSpec;
import io.evaljob.api.v1alpha1.EvalQuotaStatus;
import io.evaljob.api.v1alpha1.QueuedModel;
import io.evaljob.api.v1alpha1.QuotaSummary;
import io.evaljob.api.v1alpha1.Reason;
import io.evaljob.api.v1alpha1.Reservation;
import io.evaljob.operator.quota.AttemptKey;
import io.evaljob.operator.quota.Charge;
import io.evaljob.operator.quota.Decision;
import io.evaljob.operator.quota.Demand;
import io.evaljob.operator.quota.Limits;
import io.evaljob.operator.quota.Place;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.status.Bounds;
import io.evaljob.operator.status.Conditions;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The ledger as it is written in an EvalQuota, and as it is calculated with. */
final class QuotaRecords {

  /** Namespaces that a message names. */
  private static final int NAMED = 5;

  private QuotaRecords() {}

  static Limits limits(EvalQuota quota) {
    EvalQuotaSpec spec = quota.getSpec();
    return new Limits(
        numbers(spec.hard()),
        numbers(spec.hardPerNamespace()),
        Duration.ofSeconds(spec.maxQueueHeadWaitSecondsOrDefault()));
  }

  static List<Charge> charges(EvalQuota quota) {
    return status(quota).reservations().stream().map(QuotaRecords::charge).toList();
  }

  private static EvalQuotaStatus status(EvalQuota quota) {
    return quota.getStatus() == null
        ? new EvalQuotaStatus(null, null, null, null, null, null, null)
        : quota.getStatus();
  }

  private static Charge charge(Reservation written) {
    return new Charge(
        key(written),
        written.namespace(),
        written.name(),
        written.resourceName(),
        written.devices(),
        written.sinceIfSet().map(Instant::parse).orElse(Instant.EPOCH));
  }

  static AttemptKey key(Reservation written) {
    return new AttemptKey(written.uid(), written.run(), written.model(), written.attempt());
  }

  /** Whether devices are charged for an attempt. */
  static boolean isCharged(EvalQuota quota, AttemptKey key) {
    return status(quota).reservations().stream().anyMatch(written -> key(written).equals(key));
  }

  /** The quota as one EvalJob sees it. */
  static QuotaView view(EvalQuota quota, EvalJob job) {
    EvalQuotaStatus status = status(quota);
    String namespace = job.getMetadata().getNamespace();
    Map<String, Integer> here = new HashMap<>();
    Set<AttemptKey> reserved = new HashSet<>();
    for (Reservation written : status.reservations()) {
      if (written.namespace().equals(namespace)) {
        here.merge(written.resourceName(), written.devices(), Integer::sum);
      }
      if (written.uid().equals(job.getMetadata().getUid())) {
        reserved.add(key(written));
      }
    }
    Map<String, Integer> positions = new HashMap<>();
    status.queueHead().stream()
        .filter(place -> place.namespace().equals(namespace))
        .filter(place -> place.name().equals(job.getMetadata().getName()))
        .forEach(place -> positions.put(place.model(), place.position()));
    return new QuotaView(
        quota.getMetadata().getName(),
        limits(quota),
        numbers(status.used()),
        here,
        reserved,
        positions);
  }

  /** The status that says what was decided. */
  static EvalQuotaStatus status(
      EvalQuota quota, Decision decision, Map<String, String> overlaps, Instant now) {
    Long generation = quota.getMetadata().getGeneration();
    long seen = generation == null ? 0 : generation;
    Set<String> resources = new TreeSet<>(quota.getSpec().hard().keySet());
    Map<String, Integer> hard = limits(quota).hard();
    return new EvalQuotaStatus(
        seen,
        conditions(quota, overlaps, seen, now),
        quantities(decision.used()),
        quantities(decision.queued()),
        new QuotaSummary(
            figures(resources, decision.used()::get),
            figures(resources, decision.queued()::get),
            figures(resources, hard::get),
            String.join(",", resources),
            decision.waiting()),
        decision.ledger().stream().map(QuotaRecords::reservation).toList(),
        decision.head().stream().map(QuotaRecords::queued).toList());
  }

  private static List<Condition> conditions(
      EvalQuota quota, Map<String, String> overlaps, long generation, Instant now) {
    Conditions.Now ready =
        overlaps.isEmpty()
            ? new Conditions.Now(ConditionType.Ready, true, Reason.Admitting, "")
            : new Conditions.Now(ConditionType.Ready, false, Reason.Overlap, text(overlaps));
    return Conditions.merge(status(quota).conditions(), List.of(ready), generation, now);
  }

  private static String text(Map<String, String> overlaps) {
    String named =
        overlaps.entrySet().stream()
            .limit(NAMED)
            .map(entry -> entry.getKey() + " (EvalQuota " + entry.getValue() + ")")
            .collect(Collectors.joining(", "));
    int more = overlaps.size() - NAMED;
    return "spec.namespaceSelector: an older quota admits in "
        + named
        + (more > 0 ? " and " + more + " more" : "")
        + "; this one admits in the others that it selects. Narrow one of the selectors.";
  }

  private static Reservation reservation(Charge charge) {
    return new Reservation(
        charge.namespace(),
        charge.job(),
        charge.key().uid(),
        charge.key().run(),
        charge.key().model(),
        charge.key().attempt(),
        charge.resource(),
        charge.devices(),
        Conditions.time(charge.since()));
  }

  private static QueuedModel queued(Place place) {
    Demand demand = place.demand();
    return new QueuedModel(
        place.position(),
        demand.namespace(),
        demand.job(),
        demand.key().model(),
        demand.priority(),
        demand.resource(),
        demand.devices(),
        Conditions.time(demand.since()));
  }

  private static String figures(Set<String> resources, Function<String, Integer> figure) {
    return Bounds.cut(
        resources.stream()
            .map(resource -> Integer.toString(figure.apply(resource)))
            .collect(Collectors.joining(",")),
        128);
  }

  private static Map<String, Quantity> quantities(Map<String, Integer> numbers) {
    Map<String, Quantity> quantities = new TreeMap<>();
    numbers.forEach((name, number) -> quantities.put(name, new Quantity(number.toString())));
    return quantities;
  }

  private static Map<String, Integer> numbers(Map<String, Quantity> quantities) {
    Map<String, Integer> numbers = new HashMap<>();
    quantities.forEach(
        (name, quantity) -> numbers.put(name, quantity.getNumericalAmount().intValue()));
    return numbers;
  }
}
