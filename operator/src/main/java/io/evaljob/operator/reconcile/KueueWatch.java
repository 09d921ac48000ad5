package io.evaljob.operator.reconcile;

import io.evaljob.operator.observe.KueueView;
import io.evaljob.operator.observe.KueueView.Availability;
import io.evaljob.operator.observe.Workload;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches Kueue's Workloads, from the first Job on that waits in a queue. Kueue may not be there,
 * may come later and may go again: it is looked for anew while somebody waits for it, and a watch
 * that it ends is no fault of the operator's.
 *
 * <p>None of the framework's event sources: those are there from the start or keep the operator
 * from starting, and one that ends makes it unready.
 */
final class KueueWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(KueueWatch.class);
  private static final String BY_JOB_UID = "job-uid";
  private static final long FIRST_LIST_SECONDS = 20;

  private final KubernetesClient client;
  private final Collection<String> namespaces;
  private final InstantSource clock;
  private final Duration pause;
  private final Consumer<ResourceID> changed;
  private final List<SharedIndexInformer<? extends Workload>> informers = new ArrayList<>();
  private Availability found = Availability.ABSENT;
  private Instant looked = Instant.EPOCH;

  /**
   * A watch that has not begun.
   *
   * @param client client of the API server
   * @param namespaces where to watch; empty for everywhere
   * @param clock the time
   * @param pause for how long a Kueue that was not there is not looked for again
   * @param changed told of the Job whose Workload has changed
   */
  KueueWatch(
      KubernetesClient client,
      Collection<String> namespaces,
      InstantSource clock,
      Duration pause,
      Consumer<ResourceID> changed) {
    this.client = client;
    this.namespaces = List.copyOf(namespaces);
    this.clock = clock;
    this.pause = pause;
    this.changed = changed;
  }

  /**
   * The Workloads of Jobs; begins to watch where that has not begun.
   *
   * @param jobUids UIDs of the Jobs
   * @throws KubernetesClientException where the API server does not answer as it should
   */
  synchronized KueueView view(Collection<String> jobUids) {
    Instant now = clock.instant();
    if (!isWatching() && Duration.between(looked, now).abs().compareTo(pause) >= 0) {
      // What was watched may have been taken away, which a watch that is tried again does not tell.
      close();
      looked = now;
      found = begin();
    }
    Map<String, Workload> workloads = new HashMap<>();
    for (String uid : jobUids) {
      newest(uid).ifPresent(workload -> workloads.put(uid, workload));
    }
    return new KueueView(found, workloads);
  }

  private boolean isWatching() {
    return !informers.isEmpty()
        && informers.stream().allMatch(informer -> informer.isRunning() && informer.isWatching());
  }

  private Optional<Workload> newest(String jobUid) {
    return informers.stream()
        .<Workload>flatMap(informer -> informer.getIndexer().byIndex(BY_JOB_UID, jobUid).stream())
        .max(
            Comparator.comparing(
                    (Workload workload) -> workload.getMetadata().getDeletionTimestamp() == null)
                .thenComparing(workload -> workload.getMetadata().getCreationTimestamp())
                .thenComparing(workload -> workload.getMetadata().getName()));
  }

  /** The newest version that is served; none where the group is not. */
  private Availability begin() {
    Availability newest = begin(Workload.V1Beta2.class);
    return newest == Availability.ABSENT ? begin(Workload.V1Beta1.class) : newest;
  }

  /** Asks once before it watches: a watch of what is not there would be tried for ever. */
  private <T extends Workload> Availability begin(Class<T> type) {
    try {
      places(type).forEach(place -> place.list(new ListOptionsBuilder().withLimit(1L).build()));
    } catch (KubernetesClientException e) {
      return refusal(e).orElseThrow(() -> e);
    }
    List<CompletableFuture<Void>> lists =
        places(type).map(place -> place.runnableInformer(0)).map(this::start).toList();
    // What is not there yet comes with events.
    CompletableFuture.allOf(lists.toArray(CompletableFuture[]::new))
        .completeOnTimeout(null, FIRST_LIST_SECONDS, TimeUnit.SECONDS)
        .exceptionally(failed -> null)
        .join();
    LOG.info("Watching the Workloads of Kueue ({})", type.getSimpleName());
    return Availability.READ;
  }

  private <T extends Workload> CompletableFuture<Void> start(SharedIndexInformer<T> informer) {
    informers.add(informer);
    informer.addIndexers(
        Map.of(
            BY_JOB_UID, workload -> job(workload).map(OwnerReference::getUid).stream().toList()));
    informer.exceptionHandler((started, failure) -> refusal(failure).isEmpty());
    informer.addEventHandler(
        new ResourceEventHandler<T>() {
          @Override
          public void onAdd(T workload) {
            tell(workload);
          }

          @Override
          public void onUpdate(T before, T now) {
            tell(now);
          }

          @Override
          public void onDelete(T workload, boolean unknown) {
            tell(workload);
          }
        });
    return informer.start().toCompletableFuture();
  }

  private void tell(Workload workload) {
    job(workload)
        .map(owner -> new ResourceID(owner.getName(), workload.getMetadata().getNamespace()))
        .ifPresent(changed);
  }

  private static Optional<OwnerReference> job(Workload workload) {
    return workload.getMetadata().getOwnerReferences().stream()
        .filter(owner -> "Job".equals(owner.getKind()))
        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
        .findFirst();
  }

  private <T extends Workload>
      Stream<FilterWatchListDeletable<T, KubernetesResourceList<T>, Resource<T>>> places(
          Class<T> type) {
    return namespaces.isEmpty()
        ? Stream.of(client.resources(type).inAnyNamespace())
        : namespaces.stream().map(namespace -> client.resources(type).inNamespace(namespace));
  }

  /** What it means when the API server says no; empty where it may say something else next time. */
  private static Optional<Availability> refusal(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof KubernetesClientException said) {
        if (said.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
          return Optional.of(Availability.ABSENT);
        }
        if (said.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
          return Optional.of(Availability.FORBIDDEN);
        }
      }
    }
    return Optional.empty();
  }

  @Override
  public synchronized void close() {
    informers.forEach(SharedIndexInformer::close);
    informers.clear();
  }
}
