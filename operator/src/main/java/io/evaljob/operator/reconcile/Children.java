package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The children of one kind: a watch for each namespace that is watched, or one for all. A watch has
 * a store of its own, since it takes what it does not find in it for deleted.
 */
final class Children<T extends HasMetadata> {

  private final Resting resting;
  private final Map<String, InformerEventSource<T, EvalJob>> sources = new HashMap<>();
  private final List<ChildStore<T>> stores = new ArrayList<>();

  /**
   * Watches children.
   *
   * @param empty makes an object of their kind without anything in it
   * @param selector what their labels must be
   * @param hasEnded whether nothing more comes of one
   * @param tap told of each what it was and what it is
   */
  Children(
      Supplier<T> empty,
      String selector,
      Predicate<T> hasEnded,
      Set<String> namespaces,
      Resting resting,
      BiConsumer<Optional<T>, Optional<T>> tap,
      EventSourceContext<EvalJob> context) {
    this.resting = resting;
    @SuppressWarnings("unchecked")
    Class<T> type = (Class<T>) empty.get().getClass();
    for (String namespace : namespaces) {
      ChildStore<T> store = new ChildStore<>(empty, hasEnded, resting);
      stores.add(store);
      sources.put(
          namespace,
          new TappedSource<>(
              InformerEventSourceConfiguration.from(type, EvalJob.class)
                  .withName(type.getSimpleName() + (namespaces.size() > 1 ? "@" + namespace : ""))
                  .withNamespaces(Set.of(namespace))
                  .withLabelSelector(selector)
                  .withItemStore(store)
                  .withInformerListLimit(EventSources.PAGE)
                  .withSecondaryToPrimaryMapper(this::jobOf)
                  // They are found in the store; the framework needs no index of its own.
                  .withPrimaryToSecondaryMapper(job -> Set.of())
                  .build(),
              context,
              tap));
    }
  }

  /** Whom it concerns: an EvalJob at rest is not woken by what becomes of its children. */
  Set<ResourceID> jobOf(T child) {
    String job = Labels.value(child, Labels.JOB);
    return job.isEmpty() || resting.contains(ChildStore.jobUid(child))
        ? Set.of()
        : Set.of(new ResourceID(job, child.getMetadata().getNamespace()));
  }

  List<InformerEventSource<T, EvalJob>> sources() {
    return List.copyOf(sources.values());
  }

  /** Has them found by what a function says of each; before they are watched. */
  void addIndexer(String name, Function<T, List<String>> index) {
    sources.values().forEach(source -> source.addIndexers(Map.of(name, index)));
  }

  /** Those of which the function of that name says this. */
  List<T> byIndex(String name, String key) {
    return sources.values().stream().flatMap(source -> source.byIndex(name, key).stream()).toList();
  }

  /** Whether all that there is has been listed. */
  boolean haveSynced() {
    return sources.values().stream()
        .flatMap(source -> source.informerHealthIndicators().values().stream())
        .allMatch(informer -> informer.hasSynced());
  }

  /** Those of an EvalJob, by its UID; with empty text, those of none. */
  List<T> ofJob(String jobUid) {
    return stores.stream().flatMap(store -> store.ofJob(jobUid).stream()).toList();
  }

  Optional<T> withUid(String uid) {
    return stores.stream().flatMap(store -> store.withUid(uid).stream()).findFirst();
  }

  /** All of a namespace. */
  List<T> in(String namespace) {
    return stores.stream()
        .flatMap(store -> store.all().stream())
        .filter(child -> namespace.equals(child.getMetadata().getNamespace()))
        .toList();
  }

  /** One by its name, also one that was remembered and that the watch has not brought yet. */
  Optional<T> get(String namespace, String name) {
    return source(namespace).flatMap(source -> source.get(new ResourceID(name, namespace)));
  }

  /** Shows one that was just made to the next pass, though the watch may not have brought it. */
  void remember(T made) {
    source(made.getMetadata().getNamespace())
        .ifPresent(
            source -> source.handleRecentResourceCreate(ResourceID.fromResource(made), made));
  }

  private Optional<InformerEventSource<T, EvalJob>> source(String namespace) {
    return Optional.ofNullable(
        sources.getOrDefault(Constants.WATCH_ALL_NAMESPACES, sources.get(namespace)));
  }
}
