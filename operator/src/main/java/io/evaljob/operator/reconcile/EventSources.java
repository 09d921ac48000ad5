package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.DatasetSpec;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.observe.JobObserver;
import io.evaljob.operator.observe.KueueView;
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
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.FieldSelector;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Constants;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Everything the reconciler watches, one informer a kind, with the way from each object to the
 * EvalJobs it concerns, and the reading of one consistent snapshot from these caches.
 *
 * <p>Longer than most: all watches and their mappings are in this one place.
 */
final class EventSources {

  private static final String BY_JOB = "evaljob-uid";
  private static final String BY_UID = "evaljob-own-uid";
  private static final String BY_RUNTIME = "evaljob-runtime";
  private static final String BY_NAMESPACE = "evaljob-namespace";
  private static final String BY_CLAIM = "evaljob-claim";

  private final KubernetesClient client;
  private final OperatorConfig config;
  private final DeviceContext devices;
  private final ReportInbox inbox;
  private final KueueWatch kueue;
  private final List<ModelProfile> catalogue = new Catalogue().profiles();
  private IndexerResourceCache<EvalJob> evalJobs;
  private InformerEventSource<Job, EvalJob> jobs;
  private InformerEventSource<Pod, EvalJob> pods;
  private InformerEventSource<Event, EvalJob> failedCreates;
  private InformerEventSource<ConfigMap, EvalJob> configMaps;
  private InformerEventSource<PersistentVolumeClaim, EvalJob> claims;
  private InformerEventSource<EvalRuntime, EvalJob> runtimes;
  private InformerEventSource<ModelProfile, EvalJob> profiles;
  private InformerEventSource<Namespace, EvalJob> namespaces;
  private SimpleInboundEventSource<EvalJob> wakes;

  EventSources(
      KubernetesClient client,
      OperatorConfig config,
      InstantSource clock,
      DeviceContext devices,
      ReportInbox inbox,
      LifecycleSettings limits) {
    this.client = client;
    this.config = config;
    this.devices = devices;
    this.inbox = inbox;
    kueue =
        new KueueWatch(
            client, config.watchNamespaces(), clock, limits.blockedDelay(), this::wakeJobOf);
  }

  /** What the framework calls the namespaces to watch. */
  static Set<String> namespaces(Collection<String> configured) {
    return configured.isEmpty() ? Set.of(Constants.WATCH_ALL_NAMESPACES) : Set.copyOf(configured);
  }

  List<EventSource<?, EvalJob>> all(EventSourceContext<EvalJob> context) {
    evalJobs = context.getPrimaryCache();
    evalJobs.addIndexers(
        Map.of(
            BY_RUNTIME, job -> List.of(job.getSpec().runtimeRef().name()),
            BY_NAMESPACE, job -> List.of(job.getMetadata().getNamespace()),
            BY_CLAIM, ReferencedClaims::keys));
    jobs = children(Job.class, context);
    jobs.addIndexers(
        Map.of(BY_JOB, EventSources::jobUid, BY_UID, job -> List.of(job.getMetadata().getUid())));
    pods = children(Pod.class, context);
    pods.addIndexers(
        Map.of(BY_JOB, EventSources::jobUid, BY_UID, pod -> List.of(pod.getMetadata().getUid())));
    configMaps = children(ConfigMap.class, context);
    configMaps.addIndexers(Map.of(BY_JOB, EventSources::jobUid));
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
        source(
            config(Namespace.class)
                .withWatchAllNamespaces()
                .withSecondaryToPrimaryMapper(
                    namespace ->
                        ids(evalJobs.byIndex(BY_NAMESPACE, namespace.getMetadata().getName()))),
            context);
    wakes = new SimpleInboundEventSource<>("wakes");
    inbox.connect(wakes::propagateEvent, this::identify);
    return List.of(
        jobs, pods, configMaps, failedCreates, claims, runtimes, profiles, namespaces, wakes);
  }

  /** Ends the watch that is not the framework's. */
  void close() {
    kueue.close();
  }

  /** Has every EvalJob looked at: what was due while another replica led was not done here. */
  void wakeAll() {
    evalJobs.list().map(ResourceID::fromResource).forEach(wakes::propagateEvent);
  }

  /** Has the EvalJob looked at whose child this Job is. */
  private void wakeJobOf(ResourceID child) {
    jobs.get(child).stream()
        .flatMap(job -> jobOfChild(job).stream())
        .forEach(wakes::propagateEvent);
  }

  private <T extends HasMetadata> InformerEventSource<T, EvalJob> children(
      Class<T> type, EventSourceContext<EvalJob> context) {
    return source(
        inJobNamespaces(type)
            .withLabelSelector(Labels.MANAGED_BY + "=" + Labels.MANAGED_BY_VALUE)
            .withSecondaryToPrimaryMapper(EventSources::jobOfChild),
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
    return new InformerEventSource<>(config.build(), context);
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
        ? evalJobs.list().map(ResourceID::fromResource).collect(Collectors.toSet())
        : ids(evalJobs.byIndex(BY_NAMESPACE, namespace));
  }

  private static Set<ResourceID> jobOfChild(HasMetadata child) {
    String job = label(child, Labels.JOB);
    return job.isEmpty()
        ? Set.of()
        : Set.of(new ResourceID(job, child.getMetadata().getNamespace()));
  }

  private Set<ResourceID> jobOfEvent(Event event) {
    if (!isFailedCreate(event)) {
      return Set.of();
    }
    return jobs.byIndex(BY_UID, event.getInvolvedObject().getUid()).stream()
        .flatMap(job -> jobOfChild(job).stream())
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

  private static List<String> jobUid(HasMetadata child) {
    String uid = label(child, Labels.JOB_UID);
    return uid.isEmpty() ? List.of() : List.of(uid);
  }

  private static String label(HasMetadata object, String key) {
    Map<String, String> labels = object.getMetadata().getLabels();
    return labels == null ? "" : labels.getOrDefault(key, "");
  }

  /** Reads everything one pass needs. */
  Snapshot snapshot(EvalJob job) {
    String uid = job.getMetadata().getUid();
    String namespace = job.getMetadata().getNamespace();
    List<Job> children = new ArrayList<>(jobs.byIndex(BY_JOB, uid));
    List<Event> events = new ArrayList<>();
    children.forEach(
        child -> events.addAll(failedCreates.byIndex(BY_UID, child.getMetadata().getUid())));
    children.addAll(justMade(job, children));
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
        pods.byIndex(BY_JOB, uid),
        events,
        kueue(children),
        RecordedPlans.read(job, (model, name) -> plan(namespace, model, name)));
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
    Set<String> names =
        known.stream().map(child -> child.getMetadata().getName()).collect(Collectors.toSet());
    return RecordedAttempts.jobNames(job).stream()
        .filter(name -> !names.contains(name))
        .flatMap(name -> jobs.get(new ResourceID(name, job.getMetadata().getNamespace())).stream())
        .filter(child -> jobUid(child).contains(job.getMetadata().getUid()))
        .toList();
  }

  /**
   * A plan that the cache lacks is asked for where it must be there. Before the first stage it is
   * simply made: what stands under its name then answers the create.
   */
  private Optional<ConfigMap> plan(String namespace, ModelStatus model, String name) {
    Optional<ConfigMap> cached = configMaps.get(new ResourceID(name, namespace));
    return cached.isPresent() || model.stageIfSet().isEmpty()
        ? cached
        : Optional.ofNullable(client.configMaps().inNamespace(namespace).withName(name).get());
  }

  /** Shows what was just made to the next pass, though the watch may not have brought it yet. */
  void remember(ConfigMap made) {
    configMaps.handleRecentResourceCreate(ResourceID.fromResource(made), made);
  }

  /** Shows a Job that was just made to the next pass. */
  void remember(Job made) {
    jobs.handleRecentResourceCreate(ResourceID.fromResource(made), made);
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
    return configMaps.get(new ResourceID(name, namespace));
  }

  /** A claim of the caches, to spare a request. */
  Optional<PersistentVolumeClaim> claim(String namespace, String name) {
    return claims.get(new ResourceID(name, namespace));
  }

  /** All runner ConfigMaps of a namespace. */
  List<ConfigMap> runners(String namespace) {
    return configMaps.list(namespace, map -> "runner".equals(label(map, Labels.CONTENT))).toList();
  }

  /** All Jobs of a namespace that are children of EvalJobs. */
  List<Job> jobs(String namespace) {
    return jobs.list(namespace, job -> true).toList();
  }

  /**
   * Who a pod is, told by the Job that controls it and the EvalJob that controls that: labels of a
   * pod alone prove nothing.
   */
  private Optional<PodIdentity> identify(String podUid) {
    Optional<Pod> pod = pods.byIndex(BY_UID, podUid).stream().findFirst();
    return pod.flatMap(EventSources::controllerUid)
        .flatMap(jobUid -> jobs.byIndex(BY_UID, jobUid).stream().findFirst())
        .flatMap(job -> identify(pod.get(), job));
  }

  private Optional<PodIdentity> identify(Pod pod, Job job) {
    String namespace = job.getMetadata().getNamespace();
    Optional<EvalJob> owner = evalJobs.get(new ResourceID(label(job, Labels.JOB), namespace));
    Optional<Stage> stage = JobObserver.stageOf(job);
    String attempt = label(job, Labels.ATTEMPT);
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
            label(job, Labels.MODEL),
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
