package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.lifecycle.Rest;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * EvalJobs as the informer keeps them: those at rest packed, since a cluster has thousands of them
 * and nobody looks. Looked at, one is unpacked.
 *
 * <p>In {@link #values} those at rest are nameplates, with their metadata's name, namespace and
 * version alone: the informer asks for all objects at once only to see which of them are gone.
 */
final class EvalJobStore implements ItemStore<EvalJob> {

  private final Map<String, Kept> kept = new ConcurrentHashMap<>();
  private final Packing<EvalJob> packing;
  private final Resting resting;

  EvalJobStore(KubernetesSerialization serialization, Resting resting) {
    this.packing = new Packing<>(serialization, EvalJob.class);
    this.resting = resting;
  }

  /**
   * Whether EvalJobs are kept like this: where one watch brings all of them. Several would share
   * the store, and each takes what it does not find in it for deleted.
   */
  static boolean isUsed(OperatorConfig config) {
    return config.watchNamespaces().size() <= 1;
  }

  /** Whether an EvalJob is to be deleted some time after its end. */
  static boolean expires(EvalJob job) {
    return job.getSpec().ttlSecondsAfterFinishedIfSet().isPresent();
  }

  /** An EvalJob in memory. */
  private sealed interface Kept {
    /** One that may need a pass. */
    record Whole(EvalJob job) implements Kept {}

    /** One at rest, in few bytes. */
    @SuppressWarnings("ArrayRecordComponent") // bytes only: never compared, never changed
    record Packed(String version, byte[] bytes) implements Kept {}
  }

  @Override
  public String getKey(EvalJob job) {
    return Cache.metaNamespaceKeyFunc(job);
  }

  /**
   * Keeps an EvalJob.
   *
   * @return what was kept before. For one that is new and at rest, itself: the informer takes it
   *     for unchanged, and does not hold thousands of them to tell of until its start is over
   */
  @Override
  public EvalJob put(String key, EvalJob job) {
    String uid = job.getMetadata().getUid();
    boolean atRest = Rest.isAtRest(job);
    Kept now =
        atRest
            ? new Kept.Packed(job.getMetadata().getResourceVersion(), packing.pack(job))
            : new Kept.Whole(job);
    EvalJob before = whole(kept.put(key, now));
    if (before != null && !uid.equals(before.getMetadata().getUid())) {
      resting.remove(before.getMetadata().getUid());
    }
    ResourceID id = ResourceID.fromResource(job);
    if (atRest && expires(job)) {
      resting.expires(id);
    } else {
      resting.stays(id);
    }
    if (atRest) {
      resting.add(uid);
    } else {
      resting.wake(uid);
    }
    return before == null && atRest ? job : before;
  }

  @Override
  public EvalJob remove(String key) {
    EvalJob gone = whole(kept.remove(key));
    if (gone != null) {
      resting.stays(ResourceID.fromResource(gone));
      resting.remove(gone.getMetadata().getUid());
    }
    return gone;
  }

  @Override
  public EvalJob get(String key) {
    return whole(kept.get(key));
  }

  /** The interface wants null for what is not there. */
  private EvalJob whole(Kept one) {
    if (one == null) {
      return null;
    }
    return one instanceof Kept.Packed packed
        ? packing.unpack(packed.bytes())
        : ((Kept.Whole) one).job();
  }

  @Override
  public Stream<String> keySet() {
    return kept.keySet().stream();
  }

  @Override
  public Stream<EvalJob> values() {
    return kept.entrySet().stream()
        .map(
            entry ->
                entry.getValue() instanceof Kept.Packed packed
                    ? nameplate(entry.getKey(), packed.version())
                    : ((Kept.Whole) entry.getValue()).job());
  }

  private static EvalJob nameplate(String key, String version) {
    int slash = key.indexOf('/');
    EvalJob job = new EvalJob();
    job.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace(key.substring(0, slash))
            .withName(key.substring(slash + 1))
            .withResourceVersion(version)
            .build());
    return job;
  }

  @Override
  public int size() {
    return kept.size();
  }
}
