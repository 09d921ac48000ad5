package io.evaljob.operator.reconcile;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * UIDs of the EvalJobs whose run has ended. Their children need not be in memory: of thousands of
 * them, nothing is asked until somebody begins another run.
 */
final class Resting {

  private final Set<String> uids = ConcurrentHashMap.newKeySet();
  private final Set<String> woken = ConcurrentHashMap.newKeySet();
  private final Set<ResourceID> expiring = ConcurrentHashMap.newKeySet();
  private final List<Consumer<String>> told = new CopyOnWriteArrayList<>();

  /** Has it called with the UID of every EvalJob that comes to rest. */
  void tell(Consumer<String> listener) {
    told.add(listener);
  }

  void add(String uid) {
    woken.remove(uid);
    if (uids.add(uid)) {
      told.forEach(listener -> listener.accept(uid));
    }
  }

  /** It rests no more: somebody edited it. Children of before are not in memory. */
  void wake(String uid) {
    if (uids.remove(uid)) {
      woken.add(uid);
    }
  }

  /** At rest, it is to be deleted one day. */
  void expires(ResourceID id) {
    expiring.add(id);
  }

  /** It is not to be deleted, or not at rest. */
  void stays(ResourceID id) {
    expiring.remove(id);
  }

  /** Those at rest that are to be deleted one day: all others at rest need no pass. */
  List<ResourceID> expiring() {
    return List.copyOf(expiring);
  }

  /** It is gone. */
  void remove(String uid) {
    uids.remove(uid);
    woken.remove(uid);
  }

  boolean contains(String uid) {
    return uids.contains(uid);
  }

  /** Whether children that ended before are missing in memory. */
  boolean lacksChildren(String uid) {
    return woken.contains(uid);
  }

  /** A pass has seen all its children: what has ended before decides nothing any more. */
  void caughtUp(String uid) {
    woken.remove(uid);
  }
}
