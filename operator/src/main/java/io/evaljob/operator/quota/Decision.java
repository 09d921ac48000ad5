package io.evaljob.operator.quota;

import java.util.List;
import java.util.Map;

/**
 * What becomes of a ledger and its queue in one pass; it is written at once, or not at all.
 *
 * @param ledger the charges from now on, by namespace, EvalJob and attempt
 * @param granted demands that are charged for the first time
 * @param released charges that are removed
 * @param head the first places of the queue: of every resource the first, then the second, and so
 *     on
 * @param used devices charged, by resource of the limits
 * @param queued devices that waiting demands need, by resource of the limits
 * @param waiting how many demands wait
 */
public record Decision(
    List<Charge> ledger,
    List<Demand> granted,
    List<Charge> released,
    List<Place> head,
    Map<String, Integer> used,
    Map<String, Integer> queued,
    int waiting) {

  /** Copies its collections. */
  public Decision {
    ledger = List.copyOf(ledger);
    granted = List.copyOf(granted);
    released = List.copyOf(released);
    head = List.copyOf(head);
    used = Map.copyOf(used);
    queued = Map.copyOf(queued);
  }
}
