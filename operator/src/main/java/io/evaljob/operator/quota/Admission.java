package io.evaljob.operator.quota;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Decides who gets devices: a function of one snapshot, without memory.
 *
 * <p>Demands are looked at in {@link Demand#ORDER}. One that fits is granted whole. One that does
 * not fit lets those behind it pass until it has waited for the patience of the limits; from then
 * on what becomes free is kept for it: in its namespace, where it waits for the namespace's limit,
 * else in the whole quota. One that is greater than a limit holds nobody up. Where nothing is free
 * any more those behind the head of the queue are counted, in no order.
 *
 * <p>What holds devices is charged even where nobody granted it (a quota made in mid-run, a
 * namespace that came to it): nothing is killed, and nothing is granted until there is room.
 */
public final class Admission {

  /** Charges that a ledger has room for. */
  public static final int LEDGER_BOUND = 2048;

  /** Places of the queue that are shown. */
  public static final int HEAD_BOUND = 10;

  private static final Comparator<Charge> LEDGER_ORDER =
      Comparator.comparing(Charge::namespace).thenComparing(Charge::job).thenComparing(Charge::key);

  private final Snapshot snapshot;
  private final Map<AttemptKey, Charge> ledger = new LinkedHashMap<>();
  private final List<Charge> released = new ArrayList<>();
  private final List<Demand> granted = new ArrayList<>();
  private final List<Place> head = new ArrayList<>();
  private final Map<String, Integer> used = new HashMap<>();
  private final Map<String, Integer> queued = new HashMap<>();
  private final Map<InNamespace, Integer> usedThere = new HashMap<>();
  private final Map<String, Integer> positions = new HashMap<>();

  /** Demands that were not looked at yet, by resource. */
  private final Map<String, Integer> unseen = new HashMap<>();

  private final Set<String> kept = new HashSet<>();
  private final Set<InNamespace> keptThere = new HashSet<>();

  private int waiting;

  private record InNamespace(String namespace, String resource) {}

  private Admission(Snapshot snapshot) {
    this.snapshot = snapshot;
  }

  /**
   * Decides.
   *
   * @param snapshot all that the decision is made from
   * @return the same for the same snapshot, whatever the order of its lists
   */
  public static Decision decide(Snapshot snapshot) {
    return new Admission(snapshot).decide();
  }

  private Decision decide() {
    for (String resource : snapshot.limits().hard().keySet()) {
      used.put(resource, 0);
      queued.put(resource, 0);
    }
    keepCharges();
    snapshot.holding().stream()
        .filter(charge -> snapshot.isOurs(charge.namespace(), charge.resource()))
        .filter(charge -> !ledger.containsKey(charge.key()))
        .sorted(LEDGER_ORDER)
        .forEach(this::charge);
    PriorityQueue<Demand> queue = new PriorityQueue<>(Demand.ORDER);
    for (Demand demand : snapshot.waiting()) {
      if (snapshot.isOurs(demand.namespace(), demand.resource())
          && !ledger.containsKey(demand.key())) {
        queue.add(demand);
        unseen.merge(demand.resource(), 1, Integer::sum);
      }
    }
    while (unseen.keySet().stream().anyMatch(this::isOrderAsked)) {
      Demand demand = queue.remove();
      unseen.merge(demand.resource(), -1, Integer::sum);
      admit(demand);
    }
    queue.forEach(this::queue);
    return new Decision(
        ledger.values().stream().sorted(LEDGER_ORDER).limit(LEDGER_BOUND).toList(),
        granted,
        released,
        head.stream()
            .sorted(
                Comparator.comparingInt(Place::position).thenComparing(Place::demand, Demand.ORDER))
            .limit(HEAD_BOUND)
            .toList(),
        used,
        queued,
        waiting);
  }

  private void keepCharges() {
    Set<Charge> over = new HashSet<>(snapshot.releasable());
    for (Charge charge : snapshot.charges()) {
      if (over.contains(charge) || !snapshot.isOurs(charge.namespace(), charge.resource())) {
        released.add(charge);
      } else if (!ledger.containsKey(charge.key())) {
        charge(charge);
      }
    }
    released.sort(LEDGER_ORDER);
  }

  private void charge(Charge charge) {
    if (ledger.putIfAbsent(charge.key(), charge) == null) {
      used.merge(charge.resource(), charge.devices(), Integer::sum);
      usedThere.merge(
          new InNamespace(charge.namespace(), charge.resource()), charge.devices(), Integer::sum);
    }
  }

  /** Whether it matters who is next: devices may be granted, or a place of the head is empty. */
  private boolean isOrderAsked(String resource) {
    boolean canGrant =
        !kept.contains(resource)
            && used.get(resource) < snapshot.limits().hard().get(resource)
            && ledger.size() < LEDGER_BOUND;
    return unseen.get(resource) > 0
        && (canGrant || positions.getOrDefault(resource, 0) < HEAD_BOUND);
  }

  private void queue(Demand demand) {
    waiting++;
    queued.merge(demand.resource(), demand.devices(), Integer::sum);
  }

  private void admit(Demand demand) {
    Limits limits = snapshot.limits();
    String resource = demand.resource();
    InNamespace there = new InNamespace(demand.namespace(), resource);
    int free = limits.hard().get(resource) - used.get(resource);
    int freeThere =
        limits.narrowsNamespaces(resource)
            ? limits.inNamespace(resource) - usedThere.getOrDefault(there, 0)
            : free;
    boolean first = !kept.contains(resource) && !keptThere.contains(there);
    boolean fits = demand.devices() <= free && demand.devices() <= freeThere;
    if (first && fits && ledger.size() < LEDGER_BOUND) {
      charge(demand.charge(snapshot.now()));
      granted.add(demand);
      return;
    }
    queue(demand);
    int position = positions.merge(resource, 1, Integer::sum);
    if (position <= HEAD_BOUND) {
      head.add(new Place(position, demand));
    }
    if (first
        && demand.devices() <= limits.most(resource)
        && demand.isOverdue(snapshot.now(), limits.patience())) {
      if (limits.narrowsNamespaces(resource) && demand.devices() > freeThere) {
        keptThere.add(there);
      } else {
        kept.add(resource);
      }
    }
  }
}
