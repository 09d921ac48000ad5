package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalQuotaStatus;
import io.evaljob.api.v1alpha1.QueuedModel;
import io.evaljob.api.v1alpha1.Reservation;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.observe.JobObserver;
import io.evaljob.operator.observe.Liveness;
import io.evaljob.operator.quota.AttemptKey;
import io.evaljob.operator.quota.Charge;
import io.evaljob.operator.quota.Demand;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.quota.Snapshot;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The caches as quotas see them: who admits where, who waits and who holds devices; and who is to
 * be told when that changes. The EvalJobs' own watches serve, so nothing is kept twice.
 *
 * <p>Longer than most: the snapshot of a quota and what makes it out of date belong together.
 */
final class QuotaSources {

  private static final String AT_DEVICES = "evaljob-at-devices";

  private final Consumer<ResourceID> wakeJob;
  private Consumer<ResourceID> wakeQuota = id -> {};
  private IndexerResourceCache<EvalJob> evalJobs;
  private Children<Job> jobs;
  private Children<Pod> pods;
  private InformerEventSource<Namespace, EvalJob> namespaces;
  private InformerEventSource<EvalQuota, EvalJob> quotas;
  private PriorityClasses priorities;

  /**
   * EvalJobs whose status has just been written: the index may not have it yet. It is a hint alone,
   * and one that is lost costs a wait for the next pass over everything.
   */
  private final Set<ResourceID> justWritten = ConcurrentHashMap.newKeySet();

  QuotaSources(Consumer<ResourceID> wakeJob) {
    this.wakeJob = wakeJob;
  }

  /** Reads from these caches from now on; they are not started yet. */
  void connect(
      IndexerResourceCache<EvalJob> evalJobs,
      Children<Job> jobs,
      Children<Pod> pods,
      InformerEventSource<Namespace, EvalJob> namespaces,
      InformerEventSource<EvalQuota, EvalJob> quotas,
      PriorityClasses priorities) {
    this.evalJobs = evalJobs;
    this.jobs = jobs;
    this.pods = pods;
    this.namespaces = namespaces;
    this.quotas = quotas;
    this.priorities = priorities;
    evalJobs.addIndexers(
        Map.of(AT_DEVICES, job -> QuotaDemands.concern(job) ? namespace(job) : List.of()));
    jobs.addIndexer(
        AT_DEVICES, job -> isInfer(job) && Liveness.mayMakePods(job) ? namespace(job) : List.of());
    pods.addIndexer(
        AT_DEVICES,
        pod -> isInfer(pod) && Liveness.mayHoldDevices(pod) ? namespace(pod) : List.of());
  }

  /** Has quotas told by this. */
  void connect(Consumer<ResourceID> wake) {
    wakeQuota = wake;
  }

  /** Whether the caches have been filled: before that, nothing must be decided. */
  boolean ready() {
    return evalJobs != null
        && jobs.haveSynced()
        && pods.haveSynced()
        && priorities.ready()
        && Stream.of(namespaces, quotas)
            .flatMap(source -> source.informerHealthIndicators().values().stream())
            .allMatch(informer -> informer.hasSynced());
  }

  private static List<String> namespace(HasMetadata object) {
    return List.of(object.getMetadata().getNamespace());
  }

  private static boolean isInfer(HasMetadata child) {
    return JobObserver.stageOf(child).filter(Stage.Infer::equals).isPresent();
  }

  /** Who admits where. */
  QuotaScopes scopes() {
    Map<String, Map<String, String>> labels = new TreeMap<>();
    namespaces.list().forEach(found -> labels.put(found.getMetadata().getName(), labels(found)));
    return new QuotaScopes(quotas.list().toList(), labels);
  }

  private static Map<String, String> labels(HasMetadata object) {
    Map<String, String> labels = object.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  /** The quota that admits in a namespace. */
  Optional<EvalQuota> of(String namespace) {
    Optional<Namespace> found = namespaces.get(new ResourceID(namespace));
    return found.isEmpty()
        ? Optional.empty()
        : new QuotaScopes(quotas.list().toList(), Map.of(namespace, labels(found.get())))
            .of(namespace);
  }

  /** Names of the quotas. */
  Stream<ResourceID> all() {
    return quotas.keys();
  }

  /** All that a quota decides on. */
  Snapshot snapshot(EvalQuota quota, Set<String> own, Instant now) {
    List<Charge> charges = QuotaRecords.charges(quota);
    Map<AttemptKey, Charge> charged = new HashMap<>();
    charges.forEach(charge -> charged.put(charge.key(), charge));
    List<Demand> waiting = new ArrayList<>();
    List<Charge> holding = new ArrayList<>();
    for (EvalJob job : concerned(own, charges)) {
      waiting.addAll(QuotaDemands.waiting(job, priorities.of(job)));
      holding.addAll(QuotaDemands.holding(job, now));
    }
    for (String namespace : own) {
      Stream.concat(
              jobs.byIndex(AT_DEVICES, namespace).stream(),
              pods.byIndex(AT_DEVICES, namespace).stream())
          .filter(child -> !isOfKueue(child))
          .flatMap(child -> holding(child, charged, now).stream())
          .forEach(holding::add);
    }
    Set<AttemptKey> ofKueue = ofKueue(own);
    holding.removeIf(charge -> ofKueue.contains(charge.key()));
    return new Snapshot(QuotaRecords.limits(quota), own, charges, waiting, holding, now);
  }

  /** By the Job, since an edit of {@code spec.queueName} moves none that runs. */
  private boolean isOfKueue(HasMetadata child) {
    return child instanceof Job
        ? QuotaDemands.isOfKueue(child)
        : child.getMetadata().getOwnerReferences().stream()
            .flatMap(owner -> jobs.withUid(owner.getUid()).stream())
            .anyMatch(QuotaDemands::isOfKueue);
  }

  private Set<AttemptKey> ofKueue(Set<String> own) {
    return own.stream()
        .flatMap(namespace -> jobs.byIndex(AT_DEVICES, namespace).stream())
        .filter(QuotaDemands::isOfKueue)
        .flatMap(job -> QuotaDemands.key(job).stream())
        .collect(Collectors.toSet());
  }

  private Collection<EvalJob> concerned(Set<String> own, List<Charge> charges) {
    Set<ResourceID> ids = new HashSet<>();
    own.forEach(
        namespace ->
            evalJobs
                .byIndex(AT_DEVICES, namespace)
                .forEach(job -> ids.add(ResourceID.fromResource(job))));
    charges.forEach(charge -> ids.add(new ResourceID(charge.job(), charge.namespace())));
    List<ResourceID> hints =
        justWritten.stream().filter(id -> own.contains(id.getNamespace().orElse(""))).toList();
    hints.forEach(justWritten::remove);
    ids.addAll(hints);
    // What an index gives may be older than what was just written.
    return ids.stream().flatMap(id -> evalJobs.get(id).stream()).toList();
  }

  private Optional<Charge> holding(
      HasMetadata child, Map<AttemptKey, Charge> charged, Instant now) {
    Optional<AttemptKey> key = QuotaDemands.key(child);
    Optional<Charge> known = key.flatMap(one -> Optional.ofNullable(charged.get(one)));
    String job = labels(child).getOrDefault(Labels.JOB, "");
    return known.or(
        () ->
            evalJobs
                .get(new ResourceID(job, child.getMetadata().getNamespace()))
                .filter(
                    found ->
                        key.filter(one -> one.uid().equals(found.getMetadata().getUid()))
                            .isPresent())
                .flatMap(found -> QuotaDemands.holding(found, child, now)));
  }

  /** Has a quota look at an EvalJob whose status was just written, if its ledger differs. */
  void written(EvalJob job, EvalJobStatus status, Optional<QuotaView> ledger) {
    if (ledger.filter(view -> QuotaDemands.differ(job, status, view)).isPresent()) {
      justWritten.add(ResourceID.fromResource(job));
      wakeQuota.accept(new ResourceID(ledger.get().name()));
    }
  }

  /** A pass could not write: what it read first is to be read first again. */
  void readAgain(Snapshot snapshot) {
    snapshot
        .waiting()
        .forEach(demand -> justWritten.add(new ResourceID(demand.job(), demand.namespace())));
  }

  /** Has the quota of a namespace look. */
  void wakeQuotaOf(String namespace) {
    of(namespace)
        .ifPresent(quota -> wakeQuota.accept(new ResourceID(quota.getMetadata().getName())));
  }

  /** To be told of Jobs: one that ends or goes releases what it held. */
  void job(Optional<Job> before, Optional<Job> now) {
    child(before, now, Liveness::mayMakePods);
  }

  /** To be told of pods: one that ends or goes releases what it held. */
  void pod(Optional<Pod> before, Optional<Pod> now) {
    child(before, now, Liveness::mayHoldDevices);
  }

  /** Its EvalJob may be gone or at rest, and then nobody else tells. */
  private <T extends HasMetadata> void child(
      Optional<T> before, Optional<T> now, Predicate<T> isAlive) {
    boolean ends = before.filter(isAlive).isPresent() && now.filter(isAlive).isEmpty();
    if (ends || now.isEmpty()) {
      now.or(() -> before)
          .map(child -> child.getMetadata().getNamespace())
          .ifPresent(this::wakeQuotaOf);
    }
  }

  /** To be told of namespaces: labels say whose they are. */
  void namespace(Optional<Namespace> before, Optional<Namespace> now) {
    if (!before.map(QuotaSources::labels).equals(now.map(QuotaSources::labels))) {
      all().forEach(wakeQuota);
    }
  }

  /** To be told of quotas: of a new one and of an edit all hear, of a grant those it is for. */
  void quota(Optional<EvalQuota> before, Optional<EvalQuota> now) {
    if (!before.map(EvalQuota::getSpec).equals(now.map(EvalQuota::getSpec))) {
      all().forEach(wakeQuota);
      Stream.concat(before.stream(), now.stream()).forEach(this::wakeJobsOf);
    } else {
      changed(status(before), status(now)).forEach(wakeJob);
      // Whoever took a charge out of the ledger: it may be held still.
      if (!charged(status(now)).containsAll(charged(status(before)))) {
        now.map(ResourceID::fromResource).ifPresent(wakeQuota);
      }
    }
  }

  private void wakeJobsOf(EvalQuota quota) {
    Set<String> selected =
        namespaces
            .list()
            .filter(found -> quota.getSpec().namespaceSelector().selects(labels(found)))
            .map(found -> found.getMetadata().getName())
            .collect(Collectors.toSet());
    evalJobs.byIndex(EventSources.NOT_AT_REST, "").stream()
        .filter(job -> selected.contains(job.getMetadata().getNamespace()))
        .map(ResourceID::fromResource)
        .forEach(wakeJob);
  }

  private static Optional<EvalQuotaStatus> status(Optional<EvalQuota> quota) {
    return quota.flatMap(found -> Optional.ofNullable(found.getStatus()));
  }

  private static Set<AttemptKey> charged(Optional<EvalQuotaStatus> status) {
    return status.stream()
        .flatMap(found -> found.reservations().stream())
        .map(QuotaRecords::key)
        .collect(Collectors.toSet());
  }

  /** Those who were granted something, and those at the head of the queue who move. */
  private static Set<ResourceID> changed(
      Optional<EvalQuotaStatus> before, Optional<EvalQuotaStatus> now) {
    Set<ResourceID> ids = new HashSet<>();
    Set<AttemptKey> charged = charged(before);
    now.stream()
        .flatMap(status -> status.reservations().stream())
        .filter(reservation -> !charged.contains(QuotaRecords.key(reservation)))
        .forEach(reservation -> ids.add(id(reservation)));
    boolean moved =
        !Objects.equals(before.map(EvalQuotaStatus::used), now.map(EvalQuotaStatus::used));
    Set<QueuedModel> shown =
        before.stream().flatMap(status -> status.queueHead().stream()).collect(Collectors.toSet());
    now.stream()
        .flatMap(status -> status.queueHead().stream())
        .filter(place -> moved || !shown.contains(place))
        .forEach(place -> ids.add(new ResourceID(place.name(), place.namespace())));
    return ids;
  }

  private static ResourceID id(Reservation reservation) {
    return new ResourceID(reservation.name(), reservation.namespace());
  }
}
