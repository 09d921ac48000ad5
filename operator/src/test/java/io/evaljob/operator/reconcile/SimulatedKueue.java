package io.evaljob.operator.reconcile;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

/** A queue of Kueue as far as the operator sees it: it resumes Jobs in turn, and suspends some. */
final class SimulatedKueue {

  private final int quota;
  private final Map<String, Place> waiting = new LinkedHashMap<>();
  private final Map<String, Place> admitted = new LinkedHashMap<>();

  /** A Job in the queue, by its UID, and how it is suspended (true) and resumed (false). */
  private record Place(String uid, int devices, Consumer<Boolean> suspend) {}

  SimulatedKueue(int quota) {
    this.quota = quota;
  }

  /** A Job was made suspended. */
  void add(String uid, int devices, Consumer<Boolean> suspend) {
    waiting.put(uid, new Place(uid, devices, suspend));
    admit();
  }

  /** A Job has ended or is gone; one that was never in the queue is none of its business. */
  void remove(String uid) {
    waiting.remove(uid);
    if (admitted.remove(uid) != null) {
      admit();
    }
  }

  /** Takes the devices of one Job back, and puts it at the end of the queue. */
  Optional<String> evict(Random random) {
    if (admitted.isEmpty()) {
      return Optional.empty();
    }
    Place place =
        admitted.values().stream().skip(random.nextInt(admitted.size())).findFirst().orElseThrow();
    admitted.remove(place.uid());
    waiting.put(place.uid(), place);
    place.suspend().accept(true);
    admit();
    return Optional.of(place.uid());
  }

  /** Devices of the Jobs that are admitted. */
  int admitted() {
    return admitted.values().stream().mapToInt(Place::devices).sum();
  }

  private void admit() {
    while (!waiting.isEmpty()) {
      Place first = waiting.values().iterator().next();
      if (first.devices() + admitted() > quota) {
        return;
      }
      waiting.remove(first.uid());
      admitted.put(first.uid(), first);
      first.suspend().accept(false);
    }
  }
}
