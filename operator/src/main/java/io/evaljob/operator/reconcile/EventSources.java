package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.DatasetSpec;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.lifecycle.Rest;
import io.evaljob.operator.observe.JobObserver;
import io.evaljob.operator.observe.KueueView;
import io.evaljob.operator.observe.Liveness;
import io.evaljob.operator.observe.SuspensionReading;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.report.PodIdentity;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.validate.Catalogue;
import io.evaljob.operator.validate.LayeredProfiles;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClass;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.FieldSelector;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Everything the reconciler watches, one informer a kind, with the way from each object to the
 * EvalJobs it concerns, and the reading of one consistent snapshot from these caches.
 *
 * <p>Longer than most: all watches and their mappings are in this one place.
 */
final class EventSources {

  /**
   * So many objects are listed at a time, lest thousands are in memory before they are looked at.
   */
  static final long PAGE = 500;

  private static final String BY_UID = "evaljob-own-uid";
  private static final String BY_RUNTIME = "evaljob-runtime";
  private static final String BY_NAMESPACE = "evaljob-namespace";
  private static final String BY_CLAIM = "evaljob-claim";
  static final String NOT_AT_REST = "evaljob-not-at-rest";

  /** Results are written and not read. */
  private static final String READ_CONTENTS =
      "," + Labels.CONTENT + " in (" + Labels.PLAN + "," + Labels.RUNNER + ")";

  private final KubernetesClient client;
  private final OperatorConfig config;
  private final DeviceContext devices;
  private final ReportInbox inbox;
  private final KueueWatch kueue;
  private final Resting resting;
  private final Catalogue catalogue = new Catalogue();
  private IndexerResourceCache<EvalJob> evalJobs;
  private Children<Job> jobs;
  private Children<Pod> pods;
  private InformerEventSource<Event, EvalJob> failedCreates;
  private Children<ConfigMap> configMaps;
  private InformerEventSource<PersistentVolumeClaim, EvalJob> claims;
  private InformerEventSource<EvalRuntime, EvalJob> runtimes;
  private InformerEventSource<ModelProfile, EvalJob> profiles;
  private InformerEventSource<Namespace, EvalJob> namespaces;
  private InformerEventSource<EvalQuota, EvalJob> evalQuotas;
  private Wakes wakes;
  private final QuotaSources quotas = new QuotaSources(id -> wakes.propagateEvent(id));

  EventSources(
      KubernetesClient client,
      OperatorConfig config,
      InstantSource clock,
      DeviceContext devices,
      ReportInbox inbox,
      LifecycleSettings limits,
      Resting resting) {
    this.client = client;
    this.config = config;
    this.devices = devices;
    this.inbox = inbox;
    kueue =
        new KueueWatch(
            client, config.watchNamespaces(), clock, limits.blockedDelay(), this::wakeJobOf);
    this.resting = resting;
  }

  /** The same caches as quotas see them. */
  QuotaSources quotas() {
    return quotas;
  }

  /** What the framework calls the namespaces to watch. */
  static Set<String> namespaces(Collection<String> configured) {
    return configured.isEmpty() ? Set.of(Constants.WATCH_ALL_NAMESPACES) : Set.copyOf(configured);
  }

  List<EventSource<?, EvalJob>> all(EventSourceContext<EvalJob> context) {
    evalJobs = context.getPrimaryCache();
    evalJobs.addIndexers(
        Map.of(
            NOT_AT_REST, unlessAtRest(job -> List.of("")),
            BY_RUNTIME, unlessAtRest(job -> List.of(job.getSpec().runtimeRef().name())),
            BY_NAMESPACE, unlessAtRest(job -> List.of(job.getMetadata().getNamespace())),
            BY_CLAIM, unlessAtRest(ReferencedClaims::keys)));
    jobs = children(Job::new, "", job -> !Liveness.mayMakePods(job), quotas::job, context);
    pods = children(Pod::new, "", pod -> !Liveness.mayHoldDevices(pod), quotas::pod, context);
    configMaps = children(ConfigMap::new, READ_CONTENTS, map -> true, (was, is) -> {}, context);
    failedCreates = failedCreates(context);
    claims =
        source(
            inJobNamespaces(PersistentVolumeClaim.class)
                .withSecondaryToPrimaryMapper(
                    claim -> ids(evalJobs.byIndex(BY_CLAIM, ReferencedClaims.key(claim)))),
            context);
    runtimes =
        source(
            config(EvalRuntime.class)
                .withWatchAllNamespaces()
                .withSecondaryToPrimaryMapper(
                    runtime -> ids(evalJobs.byIndex(BY_RUNTIME, runtime.getMetadata().getName()))),
            context);
    profiles =
        source(
            config(ModelProfile.class)
                .withNamespaces(profileNamespaces())
                .withSecondaryToPrimaryMapper(this::jobsOfProfile),
            context);
    namespaces =
        new TappedSource<>(
            config(Namespace.class)
                .withWatchAllNamespaces()
                .withSecondaryToPrimaryMapper(
                    namespace ->
                        ids(evalJobs.byIndex(BY_NAMESPACE, namespace.getMetadata().getName())))
                .build(),
            context,
            quotas::namespace);
    evalQuotas =
        new TappedSource<>(
            config(EvalQuota.class)
                .withWatchAllNamespaces()
                .withSecondaryToPrimaryMapper(quota -> Set.of())
                .build(),
            context,
            quotas::quota);
    InformerEventSource<PriorityClass, EvalJob> priorities =
        source(
            config(PriorityClass.class)
                .withWatchAllNamespaces()
                .withSecondaryToPrimaryMapper(urgency -> Set.of()),
            context);
    wakes = new Wakes(id -> evalJobs.get(id).isPresent());
    quotas.connect(evalJobs, jobs, pods, namespaces, evalQuotas, new PriorityClasses(priorities));
    inbox.connect(wakes::propagateEvent, this::identify);
    List<EventSource<?, EvalJob>> all = new ArrayList<>();
    all.addAll(jobs.sources());
    all.addAll(pods.sources());
    all.addAll(configMaps.sources());
    all.addAll(List.of(failedCreates, claims, runtimes, profiles, namespaces));
    all.addAll(List.of(evalQuotas, priorities, wakes));
    return all;
  }

  /** Ends the watch that is not the framework's. */
  void close() {
    kueue.close();
  }

  /**
   * Has every EvalJob looked at that may need it: what was due while another replica led was not
   * done here. Of those at rest, these are the ones to be deleted some day, which come last and by
   * and by; nobody waits for them.
   */
  void wakeAll() {
    Set<ResourceID> first = ids(evalJobs.byIndex(NOT_AT_REST, ""));
    first.forEach(wakes::propagateEvent);
    wakes.inTurn(EvalJobStore.isUsed(config) ? resting.expiring() : expiring());
  }

  private List<ResourceID> expiring() {
    return evalJobs
        .list(job -> Rest.isAtRest(job) && EvalJobStore.expires(job))
        .map(ResourceID::fromResource)
        .toList();
  }

  /** Has the EvalJob looked at whose child this Job is. */
  private void wakeJobOf(ResourceID child) {
    jobs.get(child.getNamespace().orElse(""), child.getName()).stream()
        .flatMap(job -> jobs.jobOf(job).stream())
        .forEach(wakes::propagateEvent);
  }

  /** An EvalJob at rest is not woken by what it names. */
  private static Function<EvalJob, List<String>> unlessAtRest(
      Function<EvalJob, List<String>> index) {
    return job -> Rest.isAtRest(job) ? List.of() : index.apply(job);
  }

  private <T extends HasMetadata> Children<T> children(
      Supplier<T> empty,
      String selector,
      Predicate<T> hasEnded,
      BiConsumer<Optional<T>, Optional<T>> tap,
      EventSourceContext<EvalJob> context) {
    return new Children<>(
        empty,
        Labels.MANAGED_BY + "=" + Labels.MANAGED_BY_VALUE + selector,
        hasEnded,
        namespaces(config.watchNamespaces()),
        resting,
        tap,
        context);
  }

  private InformerEventSource<Event, EvalJob> failedCreates(EventSourceContext<EvalJob> context) {
    InformerEventSource<Event, EvalJob> source =
        source(
            inJobNamespaces(Event.class)
                .withFieldSelector(
                    new FieldSelector(
                        new FieldSelector.Field("reason", "FailedCreate"),
                        new FieldSelector.Field("involvedObject.kind", "Job")))
                .withSecondaryToPrimaryMapper(this::jobOfEvent),
            context);
    source.addIndexers(
        Map.of(
            BY_UID,
            event ->
                isFailedCreate(event) ? List.of(event.getInvolvedObject().getUid()) : List.of()));
    return source;
  }

  private static <T extends HasMetadata> InformerEventSourceConfiguration.Builder<T> config(
      Class<T> type) {
    return InformerEventSourceConfiguration.from(type, EvalJob.class)
        .withName(type.getSimpleName());
  }

  private <T extends HasMetadata> InformerEventSourceConfiguration.Builder<T> inJobNamespaces(
      Class<T> type) {
    return config(type).withNamespaces(namespaces(config.watchNamespaces()));
  }

  private static <T extends HasMetadata> InformerEventSource<T, EvalJob> source(
      InformerEventSourceConfiguration.Builder<T> config, EventSourceContext<EvalJob> context) {
    return new InformerEventSource<>(
        config
            .withInformerListLimit(PAGE)
            // They are asked for by name; the framework needs no index of its own.
            .withPrimaryToSecondaryMapper(job -> Set.of())
            .build(),
        context);
  }

  private Set<String> profileNamespaces() {
    Set<String> watched = new HashSet<>(namespaces(config.watchNamespaces()));
    if (!config.watchNamespaces().isEmpty()) {
      watched.add(config.namespace());
    }
    return watched;
  }

  private Set<ResourceID> jobsOfProfile(ModelProfile profile) {
    String namespace = profile.getMetadata().getNamespace();
    return namespace.equals(config.namespace())
        ? ids(evalJobs.byIndex(NOT_AT_REST, ""))
        : ids(evalJobs.byIndex(BY_NAMESPACE, namespace));
  }

  private Set<ResourceID> jobOfEvent(Event event) {
    if (!isFailedCreate(event)) {
      return Set.of();
    }
    return jobs.withUid(event.getInvolvedObject().getUid()).stream()
        .flatMap(job -> jobs.jobOf(job).stream())
        .collect(Collectors.toSet());
  }

  private static boolean isFailedCreate(Event event) {
    return "FailedCreate".equals(event.getReason())
        && event.getInvolvedObject() != null
        && "Job".equals(event.getInvolvedObject().getKind())
        && event.getInvolvedObject().getUid() != null;
  }

  private static Set<ResourceID> ids(List<EvalJob> found) {
    return found.stream().map(ResourceID::fromResource).collect(Collectors.toSet());
  }

  /** Reads everything one pass needs. */
  Snapshot snapshot(EvalJob job) {
    String uid = job.getMetadata().getUid();
    String namespace = job.getMetadata().getNamespace();
    List<Job> children = new ArrayList<>(jobs.ofJob(uid));
    List<Event> events = new ArrayList<>();
    children.forEach(
        child -> events.addAll(failedCreates.byIndex(BY_UID, child.getMetadata().getUid())));
    children.addAll(justMade(job, children));
    children.addAll(forgotten(job, children));
    return new Snapshot(
        job,
        runtimes.get(new ResourceID(job.getSpec().runtimeRef().name())),
        runtimes.list().map(runtime -> runtime.getMetadata().getName()).sorted().toList(),
        namespaces
            .get(new ResourceID(namespace))
            .map(found -> found.getMetadata().getLabels())
            .orElse(Map.of()),
        new LayeredProfiles(profiles.list().toList(), config.namespace(), catalogue),
        new CachedClaims(claims),
        devices,
        config.namespace(),
        children,
        pods.ofJob(uid),
        events,
        kueue(children),
        quotas.of(namespace),
        RecordedPlans.read(job, (model, name) -> plan(job, model, name)));
  }

  /** Kueue is asked only for what waits in a queue of it. */
  private KueueView kueue(List<Job> children) {
    List<String> queued =
        children.stream()
            .filter(SuspensionReading::isInQueue)
            .map(child -> child.getMetadata().getUid())
            .toList();
    return queued.isEmpty() ? KueueView.NOT_ASKED : kueue.view(queued);
  }

  /**
   * The Jobs that the status names and that the watch has not brought yet: their pods may be here
   * already, by another watch, and must not be taken for those of an earlier attempt.
   */
  private List<Job> justMade(EvalJob job, List<Job> known) {
    Set<String> names = names(known);
    return RecordedAttempts.jobNames(job).stream()
        .filter(name -> !names.contains(name))
        .flatMap(name -> jobs.get(job.getMetadata().getNamespace(), name).stream())
        .filter(child -> ChildStore.jobUid(child).equals(job.getMetadata().getUid()))
        .toList();
  }

  /** Jobs that ended before an EvalJob came to rest, from which it was woken by an edit. */
  private List<Job> forgotten(EvalJob job, List<Job> known) {
    if (!resting.lacksChildren(job.getMetadata().getUid())) {
      return List.of();
    }
    Set<String> names = names(known);
    return client
        .batch()
        .v1()
        .jobs()
        .inNamespace(job.getMetadata().getNamespace())
        .withLabel(Labels.MANAGED_BY, Labels.MANAGED_BY_VALUE)
        .withLabel(Labels.JOB_UID, job.getMetadata().getUid())
        .list()
        .getItems()
        .stream()
        .filter(child -> !names.contains(child.getMetadata().getName()))
        .toList();
  }

  private static Set<String> names(List<Job> known) {
    return known.stream().map(child -> child.getMetadata().getName()).collect(Collectors.toSet());
  }

  /**
   * A plan that the cache lacks is asked for where it must be there. Before the first stage it is
   * simply made: what stands under its name then answers the create. At rest nobody needs it.
   */
  private Optional<ConfigMap> plan(EvalJob job, ModelStatus model, String name) {
    String namespace = job.getMetadata().getNamespace();
    Optional<ConfigMap> cached = configMaps.get(namespace, name);
    return cached.isPresent() || model.stageIfSet().isEmpty() || Rest.isAtRest(job)
        ? cached
        : Optional.ofNullable(client.configMaps().inNamespace(namespace).withName(name).get());
  }

  /** Shows what was just made to the next pass, though the watch may not have brought it yet. */
  void remember(ConfigMap made) {
    configMaps.remember(made);
  }

  /** Shows a Job that was just made to the next pass. */
  void remember(Job made) {
    jobs.remember(made);
  }

  /** Whether a namespace goes away with all that is in it: nothing can be made there any more. */
  boolean isBeingDeleted(String namespace) {
    return namespaces
        .get(new ResourceID(namespace))
        .filter(found -> found.getMetadata().getDeletionTimestamp() != null)
        .isPresent();
  }

  /** An object of the caches, to spare a request. */
  Optional<ConfigMap> configMap(String namespace, String name) {
    return configMaps.get(namespace, name);
  }

  /** A claim of the caches, to spare a request. */
  Optional<PersistentVolumeClaim> claim(String namespace, String name) {
    return claims.get(new ResourceID(name, namespace));
  }

  /** All runner ConfigMaps of a namespace. */
  List<ConfigMap> runners(String namespace) {
    return configMaps.ofJob("").stream()
        .filter(map -> namespace.equals(map.getMetadata().getNamespace()))
        .filter(map -> Labels.RUNNER.equals(Labels.value(map, Labels.CONTENT)))
        .toList();
  }

  /** The Jobs of a namespace that are children of EvalJobs and may not have ended. */
  List<Job> jobs(String namespace) {
    return jobs.in(namespace);
  }

  /**
   * Who a pod is, told by the Job that controls it and the EvalJob that controls that: labels of a
   * pod alone prove nothing.
   */
  private Optional<PodIdentity> identify(String podUid) {
    Optional<Pod> pod = pods.withUid(podUid);
    return pod.flatMap(EventSources::controllerUid)
        .flatMap(jobs::withUid)
        .flatMap(job -> identify(pod.get(), job));
  }

  private Optional<PodIdentity> identify(Pod pod, Job job) {
    String namespace = job.getMetadata().getNamespace();
    Optional<EvalJob> owner =
        evalJobs.get(new ResourceID(Labels.value(job, Labels.JOB), namespace));
    Optional<Stage> stage = JobObserver.stageOf(job);
    String attempt = Labels.value(job, Labels.ATTEMPT);
    if (owner.isEmpty()
        || stage.isEmpty()
        || !attempt.matches("[0-9]{1,9}")
        || !isControlledBy(job, owner.get().getMetadata().getUid())
        || !TrustedJobs.isOnRecord(owner.get(), job)) {
      return Optional.empty();
    }
    return Optional.of(
        new PodIdentity(
            namespace,
            owner.get().getMetadata().getName(),
            owner.get().getMetadata().getUid(),
            Labels.value(job, Labels.MODEL),
            pod.getMetadata().getName(),
            pod.getMetadata().getUid(),
            stage.get(),
            Integer.parseInt(attempt),
            owner.get().getSpec().datasets().stream()
                .map(DatasetSpec::name)
                .collect(Collectors.toSet())));
  }

  private static boolean isControlledBy(HasMetadata object, String uid) {
    return controllerUid(object).filter(uid::equals).isPresent();
  }

  private static Optional<String> controllerUid(HasMetadata object) {
    return object.getMetadata().getOwnerReferences().stream()
        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
        .map(OwnerReference::getUid)
        .findFirst();
  }
}
