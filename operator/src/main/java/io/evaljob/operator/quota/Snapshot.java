package io.evaljob.operator.quota;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * All that one decision of one quota is made from. What lies in other namespaces, or is of a
 * resource that is not limited, may be in it and is not looked at.
 *
 * @param limits how much may be charged
 * @param namespaces where this quota admits
 * @param charges the ledger as it is written
 * @param waiting attempts that ask for devices
 * @param holding attempts that hold devices, or of which that cannot be ruled out, in the shape of
 *     charges
 * @param now the time of the decision
 */
public record Snapshot(
    Limits limits,
    Set<String> namespaces,
    List<Charge> charges,
    List<Demand> waiting,
    List<Charge> holding,
    Instant now) {

  /** Copies its collections. */
  public Snapshot {
    namespaces = Set.copyOf(namespaces);
    charges = List.copyOf(charges);
    waiting = List.copyOf(waiting);
    holding = List.copyOf(holding);
  }

  /**
   * Charges of this quota whose attempt neither waits nor holds, as far as the snapshot knows.
   * Before they are removed the truth is to be asked: a cache may be behind.
   */
  public List<Charge> releasable() {
    Set<AttemptKey> left = new HashSet<>();
    charges.forEach(charge -> left.add(charge.key()));
    waiting.forEach(demand -> left.remove(demand.key()));
    holding.forEach(charge -> left.remove(charge.key()));
    return charges.stream()
        .filter(charge -> isOurs(charge.namespace(), charge.resource()))
        .filter(charge -> left.contains(charge.key()))
        .toList();
  }

  /**
   * The same with more attempts that hold devices.
   *
   * @param more charges that were found to be held still
   */
  public Snapshot holdingAlso(Collection<Charge> more) {
    List<Charge> all = new ArrayList<>(holding);
    all.addAll(more);
    return new Snapshot(limits, namespaces, charges, waiting, all, now);
  }

  boolean isOurs(String namespace, String resource) {
    return namespaces.contains(namespace) && limits.covers(resource);
  }
}
