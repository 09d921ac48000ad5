package io.evaljob.operator.reconcile;

import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Children of EvalJobs as the informer keeps them, found by the UID of their EvalJob and by their
 * own. What has ended of an EvalJob at rest is not kept.
 */
final class ChildStore<T extends HasMetadata> implements ItemStore<T> {

  private final Map<String, T> byKey = new ConcurrentHashMap<>();
  private final Map<String, T> byUid = new ConcurrentHashMap<>();
  private final Map<String, Map<String, T>> byJob = new ConcurrentHashMap<>();
  private final Supplier<T> empty;
  private final Predicate<T> hasEnded;
  private final Resting resting;

  /**
   * An empty store.
   *
   * @param empty makes an object without anything in it
   * @param hasEnded whether nothing more comes of a child
   * @param resting the EvalJobs at rest
   */
  ChildStore(Supplier<T> empty, Predicate<T> hasEnded, Resting resting) {
    this.empty = empty;
    this.hasEnded = hasEnded;
    this.resting = resting;
    resting.tell(this::forget);
  }

  /** The children of an EvalJob; with empty text, what belongs to none. */
  List<T> ofJob(String jobUid) {
    return List.copyOf(byJob.getOrDefault(jobUid, Map.of()).values());
  }

  /** The child with this UID. */
  Optional<T> withUid(String uid) {
    return Optional.ofNullable(byUid.get(uid));
  }

  /** All children. */
  List<T> all() {
    return List.copyOf(byKey.values());
  }

  private synchronized void forget(String jobUid) {
    for (T child : ofJob(jobUid)) {
      if (hasEnded.test(child)) {
        drop(getKey(child));
      }
    }
  }

  @Override
  public String getKey(T child) {
    return Cache.metaNamespaceKeyFunc(child);
  }

  /**
   * Keeps a child, unless it has ended and its EvalJob is at rest.
   *
   * @return what was kept before. For one that is new and not kept, itself: the informer takes it
   *     for unchanged, and has nothing to tell
   */
  @Override
  public synchronized T put(String key, T child) {
    T before = drop(key);
    String job = jobUid(child);
    // Asked within the lock that forgetting needs, too: whichever comes second sees the other.
    if (resting.contains(job) && hasEnded.test(child)) {
      return before == null ? child : before;
    }
    byKey.put(key, child);
    byUid.put(child.getMetadata().getUid(), child);
    byJob.computeIfAbsent(job, uid -> new ConcurrentHashMap<>()).put(key, child);
    return before;
  }

  /**
   * Removes a child.
   *
   * @return the child; where it was not kept, one with its name alone, from which the informer
   *     knows what to remove from its own index
   */
  @Override
  public synchronized T remove(String key) {
    T child = drop(key);
    return child == null ? nameplate(key) : child;
  }

  /** The interface wants null for what is not there. */
  private T drop(String key) {
    T child = byKey.remove(key);
    if (child != null) {
      byUid.remove(child.getMetadata().getUid(), child);
      byJob.computeIfPresent(
          jobUid(child),
          (uid, children) -> {
            children.remove(key);
            return children.isEmpty() ? null : children;
          });
    }
    return child;
  }

  private T nameplate(String key) {
    int slash = key.indexOf('/');
    T child = empty.get();
    child.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace(key.substring(0, slash))
            .withName(key.substring(slash + 1))
            .build());
    return child;
  }

  static String jobUid(HasMetadata child) {
    return Labels.value(child, Labels.JOB_UID);
  }

  @Override
  public T get(String key) {
    return byKey.get(key);
  }

  @Override
  public Stream<String> keySet() {
    return byKey.keySet().stream();
  }

  @Override
  public Stream<T> values() {
    return byKey.values().stream();
  }

  @Override
  public int size() {
    return byKey.size();
  }
}
