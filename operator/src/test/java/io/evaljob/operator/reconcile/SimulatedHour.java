package io.evaljob.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.api.v1alpha1.PlanRecord;
import io.evaljob.api.v1alpha1.Progress;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.RunStatus;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.lifecycle.Action;
import io.evaljob.operator.lifecycle.Conclusion;
import io.evaljob.operator.lifecycle.Decision;
import io.evaljob.operator.lifecycle.Lifecycle;
import io.evaljob.operator.lifecycle.LifecycleInput;
import io.evaljob.operator.lifecycle.LifecycleSettings;
import io.evaljob.operator.lifecycle.Outcome;
import io.evaljob.operator.lifecycle.PlanHistory;
import io.evaljob.operator.observe.JobObserver;
import io.evaljob.operator.observe.KueueView;
import io.evaljob.operator.observe.Liveness;
import io.evaljob.operator.observe.ModelObservation;
import io.evaljob.operator.observe.StageReport;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.PlanSize;
import io.evaljob.operator.quota.AttemptKey;
import io.evaljob.operator.quota.Charge;
import io.evaljob.operator.quota.Demand;
import io.evaljob.operator.resources.ChildFactory;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.resources.PlanConfigMap;
import io.evaljob.operator.resources.ResourceSettings;
import io.evaljob.operator.resources.Run;
import io.evaljob.operator.resources.RunHash;
import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.status.Conditions;
import io.evaljob.operator.status.SameStatus;
import io.evaljob.operator.validate.JobInputs;
import io.evaljob.operator.validate.Manifests;
import io.evaljob.operator.validate.Replanning;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import io.evaljob.operator.validate.Validation;
import io.evaljob.operator.validate.Validator;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A cluster of simulated time: API objects in memory, nodes with devices, pods that run for a
 * while, and the operator's own decisions (validation, planning, lifecycle, admission) over them.
 * It has no threads and no clock: the same seed gives the same hour.
 *
 * <p>What is pretended is the world: etcd, the Job controller, the scheduler, the kubelet, the
 * runner, and the shell around the decisions, which here executes their actions one by one and may
 * be killed before any of its writes.
 *
 * <p>Longer than most: it is one state, and its events are read together.
 */
final class SimulatedHour {

  static final String GPU = "nvidia.com/gpu";
  static final List<Integer> PRIORITIES = List.of(0, 100, 1000);

  private static final String RUNTIME =
      Manifests.PROGRAM
          + """
      apiVersion: evaljob.io/v1alpha1
      kind: ModelProfile
      metadata: {name: sizes, namespace: evaljob-system}
      spec:
        catalogEntries: [base, tuned, large]
        allowedDeviceCounts: [1, 2, 4, 8]
      """;

  private static final String JOB =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalJob
      metadata: {name: job-INDEX, namespace: SPACE}
      spec:
        runtimeRef: {name: program}
        models: [MODELS]
        datasets: [{name: one}]
        podStartDeadlineSeconds: 60
      """;

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Instant START = Instant.parse("2026-11-23T15:00:00Z");

  /** Seven of ten jobs are in the first three. */
  private static final List<String> NAMESPACES =
      List.of("a", "b", "c", "a", "b", "c", "a", "d", "e", "f");

  private static final List<String> MODELS = List.of("base", "tuned", "large");
  private static final int NODES = 18;
  private static final int OF_KUEUE = 32;

  /** Devices that a model asks for; small models are more frequent. */
  private static final List<Integer> SIZES = List.of(1, 1, 1, 1, 2, 2, 2, 4, 4, 8);

  private static final LifecycleSettings SETTINGS = LifecycleSettings.DEFAULT;

  /** What all EvalJobs share, read once: the built-in catalogue is large. */
  private record Shared(JobInputs first, EvalRuntime runtime) {

    static Shared read() {
      Manifests manifests = Manifests.of(RUNTIME, JOB.replace("MODELS", "{name: base}"));
      return new Shared(
          manifests.inputs(manifests.job(), new DeviceContext.RequestedInPod()),
          manifests.runtime());
    }

    JobInputs of(EvalJob job) {
      return new JobInputs(
          job,
          first.runtime(),
          first.runtimeNames(),
          first.namespaceLabels(),
          first.profiles(),
          first.claims(),
          first.devices(),
          first.operatorNamespace(),
          first.quota());
    }
  }

  private final Shared inputs = Shared.read();
  private final Random random;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparing(Event::at).thenComparing(Event::number));
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /** By quota, whatever may have ended since it was last looked at. */
  private final Map<SimulatedQuota, List<Entry>> unfinished = new HashMap<>();

  private final Set<String> dirty = new LinkedHashSet<>();
  private final ChildFactory children =
      new ChildFactory(new ResourceSettings("", RunnerArchive.of(Map.of())));
  private final SimulatedNodes nodes = new SimulatedNodes(NODES, 8);
  private final List<Runnable> unbound = new ArrayList<>();
  private final SimulatedQuota vlm =
      new SimulatedQuota("vlm", List.of("a", "b", "c"), GPU, 72, true, 300);
  private final List<SimulatedQuota> quotas =
      List.of(
          vlm,
          new SimulatedQuota("speech", List.of("d", "e"), GPU, 32, false, 120),
          new SimulatedQuota("lab", List.of("f"), GPU, 16, false, 0));
  private final SimulatedKueue kueue = new SimulatedKueue(OF_KUEUE);
  private final Tally tally = new Tally();
  private Instant now = START;
  private Duration skew = Duration.ZERO;
  private boolean down;
  private boolean ticking;
  private int writesUntilCrash = Integer.MAX_VALUE;
  private long number;
  private int uids;

  private record Event(Instant at, long number, Runnable what) {}

  /** The operator was killed before a write. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** One EvalJob and its children. */
  private static final class Entry {
    private final EvalJob job;
    private final Optional<String> runHash;
    private final int priority;
    private final SimulatedQuota quota;
    private Validation.Valid validation;
    private final Map<String, ConfigMap> plans = new HashMap<>();
    private final Map<String, Job> jobs = new LinkedHashMap<>();
    private final Map<String, Pod> pods = new LinkedHashMap<>();
    private final Map<String, StageReport> reports = new HashMap<>();
    private final Set<String> settled = new HashSet<>();
    private Optional<Instant> again = Optional.empty();

    /** Since when a model waits for devices, in the world's time. */
    private final Map<String, Instant> queued = new HashMap<>();

    /** Of the EvalJob, spec and status. */
    private long version;

    private Optional<Instant> suspended = Optional.empty();

    /** What its status asks of the quota, which is read far more often than the status changes. */
    private List<Demand> demands = List.of();

    /** What its status and its Jobs hold; empty when it has to be read again. */
    private Optional<List<Charge>> holding = Optional.empty();

    /** What is seen of its Jobs and pods; empty when it has to be looked at again. */
    private Optional<Map<String, ModelObservation>> seen = Optional.empty();

    Entry(
        EvalJob job,
        Validation.Valid validation,
        Optional<String> runHash,
        int priority,
        SimulatedQuota quota) {
      this.quota = quota;
      this.job = job;
      this.validation = validation;
      this.runHash = runHash;
      this.priority = priority;
    }

    boolean finished() {
      return job.getStatus() != null && job.getStatus().completionTime() != null;
    }

    String uid() {
      return job.getMetadata().getUid();
    }

    boolean isOfKueue() {
      return job.getSpec().queueNameIfSet().isPresent();
    }

    List<Charge> holding(Instant now) {
      if (holding.isEmpty()) {
        List<Charge> all = new ArrayList<>(QuotaDemands.holding(job, now));
        jobs.values().stream()
            .filter(child -> stageOf(child) == Stage.Infer && Liveness.mayMakePods(child))
            .filter(child -> !QuotaDemands.isOfKueue(child))
            .forEach(child -> QuotaDemands.holding(job, child, now).ifPresent(all::add));
        Set<AttemptKey> ofKueue =
            jobs.values().stream()
                .filter(child -> stageOf(child) == Stage.Infer && QuotaDemands.isOfKueue(child))
                .flatMap(child -> QuotaDemands.key(child).stream())
                .collect(Collectors.toSet());
        all.removeIf(charge -> ofKueue.contains(charge.key()));
        holding = Optional.of(all);
      }
      return holding.get();
    }

    void put(Job child) {
      jobs.put(child.getMetadata().getName(), child);
      holding = Optional.empty();
      seen = Optional.empty();
    }

    void remove(Job child) {
      jobs.remove(child.getMetadata().getName());
      holding = Optional.empty();
      seen = Optional.empty();
    }

    void put(Pod pod) {
      pods.put(pod.getMetadata().getUid(), pod);
      seen = Optional.empty();
    }

    void remove(Pod pod) {
      pods.remove(pod.getMetadata().getUid());
      seen = Optional.empty();
    }

    Map<String, ModelObservation> seen() {
      if (seen.isEmpty()) {
        seen =
            Optional.of(
                new JobObserver(uid(), 1)
                    .observe(
                        List.copyOf(jobs.values()),
                        List.copyOf(pods.values()),
                        List.of(),
                        KueueView.NOT_ASKED));
      }
      return seen.get();
    }

    void status(EvalJobStatus status) {
      job.setStatus(status);
      changed();
    }

    void changed() {
      version++;
      holding = Optional.empty();
      demands = QuotaDemands.waiting(job, priority);
    }
  }

  /** What happened. */
  static final class Tally {
    /** Seconds, devices charged, devices held, quota; every ten seconds. */
    final List<int[]> devices = new ArrayList<>();

    /** Seconds from the queue to the grant, by priority. */
    final Map<Integer, List<Long>> waits = new LinkedHashMap<>();

    final Map<String, Integer> counts = new LinkedHashMap<>();
    final Map<String, Integer> phases = new LinkedHashMap<>();

    void count(String what) {
      counts.merge(what, 1, Integer::sum);
    }

    int of(String what) {
      return counts.getOrDefault(what, 0);
    }
  }

  SimulatedHour(long seed) {
    random = new Random(seed);
  }

  Tally tally() {
    return tally;
  }

  /** Runs an hour of arrivals and faults, and on until everything has ended. */
  void run(int jobs) {
    long span = Duration.ofMinutes(50).toMillis();
    for (int i = 0; i < jobs; i++) {
      int index = i;
      at(Duration.ofMillis((long) (random.nextDouble() * span)), () -> arrive(index));
    }
    for (int minute = 2; minute < 58; minute++) {
      Duration then = Duration.ofSeconds(minute * 60L + random.nextInt(60));
      switch (minute % 7) {
        case 0 -> at(then, this::loseNode);
        case 1, 3, 5 -> at(then, () -> writesUntilCrash = 1 + random.nextInt(6));
        case 2 -> at(then, () -> quotas.forEach(quota -> edit(quota, 2 + random.nextInt(3))));
        case 4 -> at(then, () -> skew = Duration.ofSeconds(random.nextInt(1200) - 600));
        default -> {
          at(then, this::deleteSome);
          at(then.plusSeconds(10), this::suspendSome);
          at(then.plusSeconds(20), this::moveSome);
        }
      }
      for (int i = 0; i < 5; i++) {
        at(Duration.ofSeconds(minute * 60L + random.nextInt(60)), this::otherLeader);
      }
      at(
          Duration.ofSeconds(minute * 60L + random.nextInt(60)),
          () -> kueue.evict(random).ifPresent(uid -> tally.count("evictions by Kueue")));
    }
    at(Duration.ofMinutes(58), () -> quotas.forEach(quota -> edit(quota, 4)));
    for (int second = 0; second < 3600; second += 10) {
      at(Duration.ofSeconds(second), this::sample);
    }
    Instant limit = START.plus(Duration.ofHours(6));
    while (!events.isEmpty()) {
      Event next = events.poll();
      assertThat(next.at()).as("everything ends").isBefore(limit);
      now = next.at();
      next.what().run();
      checkDevices();
    }
    checkEnd();
  }

  private void at(Duration after, Runnable what) {
    events.add(new Event(START.plus(after), number++, what));
  }

  private void later(Duration after, Runnable what) {
    events.add(new Event(now.plus(after), number++, what));
  }

  private Duration seconds(int least, int most) {
    return Duration.ofMillis(1000L * least + random.nextInt(1000 * (most - least) + 1));
  }

  // The world.

  private void edit(SimulatedQuota quota, int quarters) {
    quota.edit(quarters);
    tally.count("quota edits");
    wakeAll();
  }

  private void arrive(int index) {
    String namespace = NAMESPACES.get(index % NAMESPACES.size());
    EvalJob job =
        Serialization.unmarshal(
            JOB.replace("INDEX", Integer.toString(index))
                .replace("SPACE", namespace)
                .replace("MODELS", models())
                .concat(wishes()),
            EvalJob.class);
    job.getMetadata().setUid(uid());
    job.getMetadata().setGeneration(1L);
    Validation validation = Validator.validate(inputs.of(job));
    assertThat(validation).isInstanceOf(Validation.Valid.class);
    int priority = PRIORITIES.get(random.nextInt(10) == 0 ? 2 : random.nextInt(2));
    Entry entry =
        new Entry(
            job,
            (Validation.Valid) validation,
            Optional.of(RunHash.of(job, inputs.runtime())),
            priority,
            quotas.stream().filter(quota -> quota.selects(namespace)).findFirst().orElseThrow());
    entries.put(entry.uid(), entry);
    unfinished.computeIfAbsent(entry.quota, none -> new ArrayList<>()).add(entry);
    tally.count("jobs");
    wake(entry);
  }

  private String models() {
    int count = List.of(1, 1, 1, 1, 1, 1, 2, 2, 2, 3).get(random.nextInt(10));
    return MODELS.stream()
        .limit(count)
        .map(
            name ->
                "{name: "
                    + name
                    + ", devicesPerProcess: 1, processes: "
                    + SIZES.get(random.nextInt(SIZES.size()))
                    + "}")
        .collect(Collectors.joining(", "));
  }

  /** Further lines of a spec. */
  private String wishes() {
    StringBuilder lines = new StringBuilder();
    Map<String, Integer> of100 =
        new TreeMap<>(
            Map.of(
                "queueName: team", 10,
                "split: {onOutOfMemory: Replan}", 50,
                "maxConcurrentModels: 1", 50,
                "ttlSecondsAfterFinished: 300", 30,
                "startDeadlineSeconds: 900", 10,
                "activeDeadlineSeconds: 30", 5));
    of100.forEach(
        (line, often) -> lines.append(random.nextInt(100) < often ? "  " + line + "\n" : ""));
    return lines.toString();
  }

  private String uid() {
    return String.format("00000000-0000-0000-0000-%012d", ++uids);
  }

  private void deleteSome() {
    List<Entry> all = entries.values().stream().filter(entry -> !entry.finished()).toList();
    for (int i = 0; i < 3 && !all.isEmpty(); i++) {
      Entry gone = all.get(random.nextInt(all.size()));
      if (entries.containsKey(gone.uid())) {
        tally.count("deletions");
        remove(gone);
      }
    }
  }

  private void suspendSome() {
    List<Entry> all =
        entries.values().stream()
            .filter(entry -> !entry.finished() && entry.suspended.isEmpty())
            .toList();
    for (int i = 0; i < 8 && !all.isEmpty(); i++) {
      Entry chosen = all.get(random.nextInt(all.size()));
      if (chosen.suspended.isEmpty()) {
        tally.count("suspensions");
        edit(chosen, spec -> spec.put("suspend", true));
        chosen.suspended = Optional.of(now);
        chosen.queued.clear();
        if (i % 2 == 0) {
          later(seconds(10, 100), () -> move(chosen));
        }
        later(
            seconds(120, 300),
            () -> {
              edit(chosen, spec -> spec.put("suspend", false));
              chosen.suspended = Optional.empty();
            });
      }
    }
  }

  private void moveSome() {
    List<Entry> all = entries.values().stream().filter(entry -> !entry.finished()).toList();
    for (int i = 0; i < 8 && !all.isEmpty(); i++) {
      move(all.get(random.nextInt(all.size())));
    }
  }

  /** From its EvalQuota into Kueue's queue, or back. */
  private void move(Entry entry) {
    if (entries.containsKey(entry.uid()) && !entry.finished()) {
      tally.count("moves between queues");
      entry.queued.clear();
      edit(
          entry,
          spec -> {
            if (spec.remove("queueName") == null) {
              spec.put("queueName", "team");
            }
          });
    }
  }

  private void edit(Entry entry, Consumer<ObjectNode> change) {
    ObjectNode spec = MAPPER.valueToTree(entry.job.getSpec());
    change.accept(spec);
    entry.job.setSpec(MAPPER.convertValue(spec, EvalJobSpec.class));
    entry.job.getMetadata().setGeneration(entry.job.getMetadata().getGeneration() + 1);
    entry.changed();
    entry.validation = (Validation.Valid) Validator.validate(inputs.of(entry.job));
    wake(entry);
    wakeQuota(entry);
  }

  private void loseNode() {
    String name = nodes.lose(random.nextInt(NODES));
    tally.count("node losses");
    for (Entry entry : entries.values()) {
      for (Pod pod : List.copyOf(entry.pods.values())) {
        if (name.equals(pod.getSpec().getNodeName()) && isLive(pod)) {
          end(
              entry,
              pod,
              "Failed",
              new PodBuilder(pod)
                  .editStatus()
                  .withPhase("Failed")
                  .addToConditions(
                      new PodConditionBuilder()
                          .withType("DisruptionTarget")
                          .withStatus("True")
                          .withReason("DeletionByTaintManager")
                          .build())
                  .endStatus()
                  .build());
        }
      }
    }
    later(
        seconds(120, 240),
        () -> {
          nodes.back(name);
          bindAll();
        });
  }

  /** As the Job controller does, unless the Job is gone or suspended by then. */
  private void makePodSoon(Entry entry, String name) {
    later(
        seconds(0, 2),
        () -> {
          Job job = entry.jobs.get(name);
          if (job != null
              && !isSuspended(job)
              && entry.pods.values().stream().noneMatch(pod -> isLive(pod) && isOf(pod, job))) {
            makePod(entry, job);
          }
        });
  }

  private static boolean isSuspended(Job job) {
    return Boolean.TRUE.equals(job.getSpec().getSuspend());
  }

  private static boolean isOf(Pod pod, Job job) {
    return job.getMetadata()
        .getUid()
        .equals(pod.getMetadata().getOwnerReferences().get(0).getUid());
  }

  /** As Kueue and the Job controller do: the pods of a suspended Job are taken away. */
  private void suspend(Entry entry, String name, boolean suspend) {
    Job job = entry.jobs.get(name);
    entry.put(new JobBuilder(job).editSpec().withSuspend(suspend).endSpec().build());
    if (suspend) {
      removePods(entry, job);
      bindAll();
    } else {
      makePodSoon(entry, name);
    }
    wake(entry);
  }

  private void makePod(Entry entry, Job job) {
    checkAlone(entry, job);
    Pod pod =
        new PodBuilder()
            .withMetadata(
                new ObjectMetaBuilder()
                    .withName(job.getMetadata().getName() + "-x")
                    .withNamespace(job.getMetadata().getNamespace())
                    .withUid(uid())
                    .withCreationTimestamp(Conditions.time(now))
                    .withLabels(job.getMetadata().getLabels())
                    .withOwnerReferences(
                        new OwnerReferenceBuilder()
                            .withKind("Job")
                            .withName(job.getMetadata().getName())
                            .withUid(job.getMetadata().getUid())
                            .withController(true)
                            .build())
                    .build())
            .withSpec(slim(job.getSpec().getTemplate().getSpec()))
            .withNewStatus()
            .withPhase("Pending")
            .endStatus()
            .build();
    put(entry, pod);
    unbound.add(() -> bind(entry, pod.getMetadata().getUid(), stageOf(job)));
    bindAll();
  }

  /** As much of it as the world and the operator look at: it is copied often. */
  private static PodSpec slim(PodSpec whole) {
    return new PodSpecBuilder()
        .addNewContainer()
        .withName(whole.getContainers().get(0).getName())
        .withResources(whole.getContainers().get(0).getResources())
        .endContainer()
        .build();
  }

  /** Those that find no room stay in the list. */
  private void bindAll() {
    List<Runnable> all = List.copyOf(unbound);
    unbound.clear();
    all.forEach(Runnable::run);
  }

  private void bind(Entry entry, String uid, Stage stage) {
    Pod pod = entry.pods.get(uid);
    if (pod == null || !isLive(pod)) {
      return;
    }
    Optional<String> node = nodes.bind(devices(pod));
    if (node.isEmpty()) {
      unbound.add(() -> bind(entry, uid, stage));
      put(
          entry,
          new PodBuilder(pod)
              .editStatus()
              .withConditions(
                  new PodConditionBuilder()
                      .withType("PodScheduled")
                      .withStatus("False")
                      .withReason("Unschedulable")
                      .withMessage("0/16 nodes are available: 16 Insufficient " + GPU + ".")
                      .build())
              .endStatus()
              .build());
      return;
    }
    hold(entry, pod, devices(pod));
    if (stage == Stage.Infer && random.nextInt(100) == 0) {
      tally.count("pods that never started");
      put(entry, neverStarting(pod, node.get()));
      return;
    }
    put(
        entry,
        new PodBuilder(pod)
            .editSpec()
            .withNodeName(node.get())
            .endSpec()
            .editStatus()
            .withPhase("Running")
            .withConditions(List.of())
            .addNewContainerStatus()
            .withName(pod.getSpec().getContainers().get(0).getName())
            .withImageID("registry.example/eval@sha256:00")
            .withNewState()
            .withNewRunning(Conditions.time(now))
            .endState()
            .endContainerStatus()
            .endStatus()
            .build());
    later(stage == Stage.Infer ? seconds(10, 60) : seconds(2, 8), () -> exit(entry, uid, stage));
  }

  /** It holds its devices, and its image cannot be pulled. */
  private Pod neverStarting(Pod pod, String node) {
    return new PodBuilder(pod)
        .editSpec()
        .withNodeName(node)
        .endSpec()
        .editStatus()
        .withConditions(
            new PodConditionBuilder()
                .withType("PodScheduled")
                .withStatus("True")
                .withLastTransitionTime(Conditions.time(now))
                .build())
        .addNewContainerStatus()
        .withName(pod.getSpec().getContainers().get(0).getName())
        .withNewState()
        .withNewWaiting("not found", "ErrImagePull")
        .endState()
        .endContainerStatus()
        .endStatus()
        .build();
  }

  private void exit(Entry entry, String uid, Stage stage) {
    Pod pod = entry.pods.get(uid);
    if (pod == null || !isLive(pod) || !entries.containsKey(entry.uid())) {
      return;
    }
    boolean full =
        stage == Stage.Infer
            && entry.job.getSpec().splitIfSet().isPresent()
            && random.nextInt(20) == 0;
    boolean fails = full || (stage == Stage.Infer && random.nextInt(20) == 0);
    if (stage == Stage.Score && !entry.settled.contains(uid)) {
      entry.reports.putIfAbsent(uid, report(entry, pod));
      wake(entry);
      later(Duration.ofSeconds(1), () -> exit(entry, uid, stage));
      return;
    }
    FailureCause drawn =
        List.of(FailureCause.RankFailed, FailureCause.OutOfMemory, FailureCause.HarnessFailed)
            .get(random.nextInt(3));
    FailureCause cause = full ? FailureCause.OutOfMemory : drawn;
    tally.count(fails ? "failed attempts" : "attempts that succeeded");
    end(
        entry,
        pod,
        fails ? "Failed" : "Complete",
        new PodBuilder(pod)
            .editStatus()
            .withPhase(fails ? "Failed" : "Succeeded")
            .editFirstContainerStatus()
            .withNewState()
            .withNewTerminated()
            .withExitCode(fails ? 1 : 0)
            .withStartedAt(Conditions.time(now))
            .withMessage(
                "{\"outcome\":\""
                    + (fails ? "Failed" : "Succeeded")
                    + "\",\"cause\":\""
                    + (fails ? cause : "")
                    + "\",\"datasetsTotal\":1}")
            .endTerminated()
            .endState()
            .endContainerStatus()
            .endStatus()
            .build());
  }

  private static StageReport report(Entry entry, Pod pod) {
    return new StageReport(
        entry.job.getMetadata().getNamespace(),
        entry.job.getMetadata().getName(),
        entry.uid(),
        model(pod),
        pod.getMetadata().getName(),
        pod.getMetadata().getUid(),
        Stage.Score,
        Integer.parseInt(pod.getMetadata().getLabels().get(Labels.ATTEMPT)),
        1,
        true,
        new Progress(1, 1, 1, 1, 100, null),
        Optional.empty(),
        List.of(new ResultRow(model(pod), "one", "Succeeded", "accuracy", "1", null, 1L, 0L, null)),
        Optional.empty());
  }

  private void end(Entry entry, Pod before, String condition, Pod after) {
    release(entry, before);
    put(entry, after);
    String owner = before.getMetadata().getOwnerReferences().get(0).getName();
    Job job = entry.jobs.get(owner);
    if (job != null) {
      kueue.remove(job.getMetadata().getUid());
      // Only its status is another; a builder would copy all of it.
      Job ended = new Job();
      ended.setMetadata(job.getMetadata());
      ended.setSpec(job.getSpec());
      ended.setStatus(
          new JobStatusBuilder()
              .addNewCondition()
              .withType(condition)
              .withStatus("True")
              .endCondition()
              .build());
      entry.put(ended);
    }
    wake(entry);
    wakeQuota(entry);
    bindAll();
  }

  private void release(Entry entry, Pod pod) {
    if (pod.getSpec().getNodeName() != null && isLive(pod)) {
      nodes.release(pod.getSpec().getNodeName(), devices(pod));
      hold(entry, pod, -devices(pod));
    }
  }

  /** Kueue's pods are not the quota's. */
  private static void hold(Entry entry, Pod pod, int devices) {
    if (!QuotaDemands.isOfKueue(pod)) {
      entry.quota.hold(devices);
    }
  }

  private void removeJob(Entry entry, Job job) {
    entry.remove(job);
    removePods(entry, job);
    kueue.remove(job.getMetadata().getUid());
    wake(entry);
    bindAll();
  }

  private void removePods(Entry entry, Job job) {
    for (Pod pod : List.copyOf(entry.pods.values())) {
      if (isOf(pod, job)) {
        release(entry, pod);
        entry.remove(pod);
      }
    }
  }

  private void put(Entry entry, Pod pod) {
    entry.put(pod);
    wake(entry);
  }

  private static boolean isLive(Pod pod) {
    return Liveness.mayHoldDevices(pod);
  }

  private static String model(HasMetadata child) {
    return child.getMetadata().getLabels().get(Labels.MODEL);
  }

  private static Stage stageOf(Job job) {
    return JobObserver.stageOf(job).orElseThrow();
  }

  private static int devices(Pod pod) {
    return devices(pod.getSpec());
  }

  private static int devices(PodSpec pod) {
    Map<String, Quantity> requests = pod.getContainers().get(0).getResources().getRequests();
    Quantity requested = requests == null ? null : requests.get(GPU);
    return requested == null ? 0 : Integer.parseInt(requested.getAmount());
  }

  // The operator.

  private void wake(Entry entry) {
    if (entries.containsKey(entry.uid())) {
      dirty.add(entry.uid());
      tickSoon();
    }
  }

  private void wakeQuota(Entry entry) {
    entry.quota.dirty(true);
    tickSoon();
  }

  private void wakeAll() {
    entries.values().stream()
        .filter(entry -> !entry.finished())
        .forEach(entry -> dirty.add(entry.uid()));
    quotas.forEach(quota -> quota.dirty(true));
    tickSoon();
  }

  private void tickSoon() {
    if (!down && !ticking) {
      ticking = true;
      later(Duration.ofMillis(500 + random.nextInt(1000)), this::tick);
    }
  }

  private void tick() {
    ticking = false;
    if (down) {
      return;
    }
    List<String> work = List.copyOf(dirty);
    dirty.clear();
    try {
      for (SimulatedQuota quota : quotas) {
        if (quota.isDirty()) {
          quota.dirty(false);
          admit(quota, decide(quota));
        }
      }
      for (String uid : work) {
        Entry entry = entries.get(uid);
        if (entry != null) {
          pass(entry);
        }
      }
    } catch (Killed killed) {
      tally.count("crashes");
      down = true;
      dirty.clear();
      entries.values().forEach(entry -> entry.again = Optional.empty());
      later(
          seconds(5, 15),
          () -> {
            down = false;
            wakeAll();
          });
    }
  }

  /** What would be lost by a crash is lost from here on. */
  private void write() {
    if (--writesUntilCrash <= 0) {
      writesUntilCrash = Integer.MAX_VALUE;
      throw new Killed();
    }
    tally.count("writes");
  }

  private SimulatedQuota.Pass decide(SimulatedQuota quota) {
    Instant told = now.plus(skew);
    List<Demand> waiting = new ArrayList<>();
    List<Charge> holding = new ArrayList<>();
    List<Entry> selected = unfinished.computeIfAbsent(quota, none -> new ArrayList<>());
    selected.removeIf(entry -> entry.finished() || !entries.containsKey(entry.uid()));
    for (Entry entry : selected) {
      waiting.addAll(entry.demands);
      holding.addAll(entry.holding(told));
    }
    boolean checked = random.nextInt(20) == 0;
    if (checked) {
      tally.count("decisions of the quota that were checked");
    }
    return quota.decide(waiting, holding, told, checked);
  }

  private void admit(SimulatedQuota quota, SimulatedQuota.Pass pass) {
    if (quota.isWritten(pass)) {
      return;
    }
    write();
    if (!quota.write(pass)) {
      tally.count("conflicts");
      quota.dirty(true);
      tickSoon();
      return;
    }
    tally.count("writes of the quota");
    for (Demand granted : pass.decision().granted()) {
      Entry entry = entries.get(granted.key().uid());
      if (entry != null) {
        Instant since = entry.queued.remove(granted.key().model());
        if (since != null && quota == vlm) {
          tally
              .waits
              .computeIfAbsent(entry.priority, none -> new ArrayList<>())
              .add(Duration.between(since, now).toSeconds());
        }
        wake(entry);
      }
    }
    pass.decision().head().stream()
        .map(place -> entries.get(place.demand().key().uid()))
        .filter(Objects::nonNull)
        .forEach(this::wake);
  }

  /**
   * A second leader, which does not know of the first: it reads now, and does and writes what it
   * decided up to a second later, over what the first has done meanwhile.
   */
  private void otherLeader() {
    for (SimulatedQuota quota : quotas) {
      SimulatedQuota.Pass decided = decide(quota);
      later(lag(), () -> survive(() -> admit(quota, decided)));
    }
    List<Entry> all = entries.values().stream().filter(entry -> !entry.finished()).toList();
    for (int i = 0; i < 20 && !all.isEmpty(); i++) {
      Entry entry = all.get(random.nextInt(all.size()));
      Decision decision = Lifecycle.decide(input(entry));
      long version = entry.version;
      later(
          lag(),
          () -> {
            if (entries.containsKey(entry.uid())) {
              tally.count("passes of a second leader");
              survive(
                  () ->
                      carryOut(entry, decision, version)
                          .requeueAfter()
                          .ifPresent(after -> later(after, () -> wake(entry))));
            }
          });
    }
  }

  private Duration lag() {
    return Duration.ofMillis(random.nextInt(1000));
  }

  /** The second leader is killed for good; another comes. */
  private void survive(Runnable pass) {
    try {
      pass.run();
    } catch (Killed killed) {
      tally.count("crashes");
    }
  }

  private void pass(Entry entry) {
    LifecycleInput input = input(entry);
    Decision decision = Lifecycle.decide(input);
    Conclusion conclusion = carryOut(entry, decision, entry.version);
    if (entries.containsKey(entry.uid())) {
      checkSettles(entry, decision, conclusion);
      entry.again = conclusion.requeueAfter().map(now::plus);
      conclusion.requeueAfter().ifPresent(after -> later(after, () -> wake(entry)));
    }
  }

  private Conclusion carryOut(Entry entry, Decision decision, long version) {
    List<Outcome> outcomes = new ArrayList<>();
    for (Action action : decision.actions()) {
      outcomes.add(execute(entry, action));
    }
    Conclusion conclusion = decision.conclude(outcomes);
    EvalJobStatus before = entry.job.getStatus();
    if (before == null || !SameStatus.test(before, conclusion.status())) {
      write();
      if (version != entry.version) {
        tally.count("conflicts");
        wake(entry);
        return conclusion;
      }
      entry.status(conclusion.status());
      tally.phases.merge(
          (before == null ? "" : before.phase()) + ">" + conclusion.status().phase(),
          1,
          Integer::sum);
      conclusion.status().models().stream()
          .filter(model -> model.queuedTimeIfSet().isPresent())
          .forEach(model -> entry.queued.putIfAbsent(model.name(), now));
      wakeQuota(entry);
    }
    entry.settled.addAll(conclusion.settledReports());
    return conclusion;
  }

  private LifecycleInput input(Entry entry) {
    return new LifecycleInput(
        entry.job,
        entry.validation,
        entry.runHash,
        entry.seen(),
        List.of(),
        entry.plans.keySet(),
        Set.of(),
        entry.reports,
        now.plus(skew),
        SETTINGS,
        entry.isOfKueue() ? Optional.empty() : Optional.of(entry.quota.view(entry.job)));
  }

  private Outcome execute(Entry entry, Action action) {
    if (action instanceof Action.NamePlan named) {
      return planned(action, named.model(), plan(entry, named.model(), named.run(), named.size()));
    }
    if (action instanceof Action.EnsurePlan ensured) {
      EvalJobStatus status = entry.job.getStatus();
      Optional<PlanSize> size =
          status.models().stream()
              .filter(model -> model.name().equals(ensured.model()))
              .findFirst()
              .flatMap(PlanHistory::present);
      ConfigMap plan = plan(entry, ensured.model(), status.runIfSet().orElseThrow(), size);
      write();
      entry.plans.put(plan.getMetadata().getName(), plan);
      return planned(action, ensured.model(), plan);
    }
    if (action instanceof Action.StartStage start) {
      return start(entry, start);
    }
    if (action instanceof Action.DeleteJob delete) {
      write();
      Optional.ofNullable(entry.jobs.get(delete.name())).ifPresent(job -> removeJob(entry, job));
      return new Outcome.Done(action, delete.name());
    }
    write();
    if (action instanceof Action.DeleteEvalJob) {
      assertThat(entry.finished()).as("only what has ended is over time").isTrue();
      tally.count("deletions by TTL");
      tally.count("ended " + entry.job.getStatus().phase());
      remove(entry);
      return new Outcome.Done(action, entry.job.getMetadata().getName());
    }
    return new Outcome.Done(action, "results");
  }

  private static Outcome planned(Action action, String model, ConfigMap plan) {
    return new Outcome.Planned(
        action, model, plan.getMetadata().getName(), PlanConfigMap.digest(plan));
  }

  private void remove(Entry entry) {
    entries.remove(entry.uid());
    List.copyOf(entry.jobs.values()).forEach(job -> removeJob(entry, job));
    wakeQuota(entry);
  }

  private Outcome start(Entry entry, Action.StartStage start) {
    long run = entry.job.getStatus().runIfSet().map(RunStatus::number).orElse(1L);
    AttemptKey key = new AttemptKey(entry.uid(), run, start.model(), start.attempt());
    if (start.quota().isPresent() && !entry.quota.isCharged(key)) {
      return new Outcome.Uncharged(start);
    }
    Job job =
        children.job(entry.job, entry.plans.get(start.planName()), start.stage(), start.attempt());
    Job there = entry.jobs.get(job.getMetadata().getName());
    if (there != null) {
      return new Outcome.Started(start, there.getMetadata().getUid());
    }
    write();
    job.getMetadata().setUid(uid());
    job.getMetadata().setCreationTimestamp(Conditions.time(now));
    String name = job.getMetadata().getName();
    entry.put(job);
    if (isSuspended(job)) {
      tally.count("Jobs in Kueue's queue");
      int devices = devices(job.getSpec().getTemplate().getSpec());
      // Kueue sees the Job once it is there.
      later(
          seconds(0, 1),
          () -> {
            if (entry.jobs.containsKey(name)) {
              kueue.add(
                  job.getMetadata().getUid(), devices, suspend -> suspend(entry, name, suspend));
            }
          });
    } else {
      makePodSoon(entry, name);
    }
    return new Outcome.Started(start, job.getMetadata().getUid());
  }

  private ConfigMap plan(Entry entry, String name, RunStatus run, Optional<PlanSize> size) {
    ResolvedJob job = entry.validation.job();
    ResolvedModel model = job.model(name);
    return children.plan(
        job,
        size.flatMap(other -> new Replanning(job, model).inSize(other)).orElse(model),
        new Run(run.id(), run.number(), run.specHash()),
        "");
  }

  // The invariants.

  /** No node holds more than it has, and no device is held that is not charged. */
  private void checkDevices() {
    if (nodes.isOverloaded()) {
      throw new AssertionError("a node holds more devices than it has, or fewer than none");
    }
    int ofQuotas = 0;
    for (SimulatedQuota quota : quotas) {
      ofQuotas += quota.held();
      if (quota.held() > quota.charged()) {
        assertThat(quota.held())
            .as("devices held under a quota are charged to it")
            .isLessThanOrEqualTo(quota.charged());
      }
    }
    if (nodes.held() - ofQuotas > kueue.admitted() || kueue.admitted() > OF_KUEUE) {
      assertThat(nodes.held() - ofQuotas)
          .as("other held devices are admitted by Kueue")
          .isLessThanOrEqualTo(kueue.admitted());
      assertThat(kueue.admitted()).as("what Kueue has admitted").isLessThanOrEqualTo(OF_KUEUE);
    }
  }

  /**
   * No model has two pods, and no job more models at work than it wants: one whose scores are
   * stored is not at work, though its pod may still be ending.
   */
  private void checkAlone(Entry entry, Job job) {
    Set<String> others = new HashSet<>();
    for (Pod pod : entry.pods.values()) {
      if (isLive(pod) && !entry.settled.contains(pod.getMetadata().getUid())) {
        others.add(model(pod));
      }
    }
    assertThat(others).as("models with a pod").doesNotContain(model(job));
    entry
        .job
        .getSpec()
        .maxConcurrentModelsIfSet()
        .ifPresent(most -> assertThat(others).as("models at work").hasSizeLessThan(most));
  }

  /** A pass that did nothing says the same when it is taken again. */
  private void checkSettles(Entry entry, Decision decision, Conclusion conclusion) {
    if (!decision.actions().isEmpty() || random.nextInt(20) > 0) {
      return;
    }
    Decision again = Lifecycle.decide(input(entry));
    if (again.actions().isEmpty()) {
      assertThat(SameStatus.test(again.conclude(List.of()).status(), conclusion.status()))
          .as("the status of %s does not flap", entry.job.getMetadata().getName())
          .isTrue();
    }
  }

  /** Whatever is not at work says why, and something will wake it. */
  private void sample() {
    tally.devices.add(
        new int[] {
          (int) Duration.between(START, now).toSeconds(), vlm.charged(), vlm.held(), vlm.limit()
        });
    if (down || random.nextInt(3) > 0) {
      return;
    }
    for (Entry entry : entries.values()) {
      if (entry.finished()) {
        continue;
      }
      boolean atWork =
          entry.jobs.values().stream().anyMatch(Liveness::mayMakePods)
              || entry.pods.values().stream().anyMatch(SimulatedHour::isLive);
      boolean due = entry.again.filter(then -> !then.isBefore(now)).isPresent();
      if (entry.suspended.filter(since -> since.isBefore(now.minusSeconds(60))).isPresent()) {
        assertThat(entry.pods.values())
            .as("%s is suspended and holds nothing", entry.job.getMetadata().getName())
            .noneMatch(SimulatedHour::isLive);
      }
      if (entry.job.getStatus() != null
          && entry.suspended.isEmpty()
          && !atWork
          && !due
          && !dirty.contains(entry.uid())) {
        assertThat(entry.job.getStatus().waitingIfSet())
            .as(
                "%s waits with a reason at %s, to be looked at again %s: %s",
                entry.job.getMetadata().getName(), now, entry.again, entry.job.getStatus())
            .isPresent();
      }
    }
  }

  /** Every plan after an out-of-memory is larger than the one before, and there are few. */
  private void checkPlans(Entry entry) {
    for (ModelStatus model : entry.job.getStatus().models()) {
      List<Integer> devices =
          model.planHistory().stream().map(PlanRecord::devicesPerProcess).toList();
      assertThat(devices)
          .as("devices per process of the plans of %s", entry.job.getMetadata().getName())
          .hasSizeLessThanOrEqualTo(5)
          .isSorted()
          .doesNotHaveDuplicates();
      if (!devices.isEmpty()) {
        tally.count("models with a larger plan");
      }
    }
  }

  private void checkEnd() {
    assertThat(
            entries.values().stream()
                .filter(entry -> !entry.finished())
                .map(
                    entry ->
                        entry.job.getMetadata().getName()
                            + " "
                            + entry.job.getSpec()
                            + " "
                            + entry.job.getStatus()
                            + " "
                            + entry.jobs.keySet()))
        .as("jobs that have not ended")
        .isEmpty();
    assertThat(nodes.held()).as("no device is held").isZero();
    assertThat(kueue.admitted()).as("Kueue has its devices back").isZero();
    assertThat(quotas).as("nothing is charged").allMatch(SimulatedQuota::isEmpty);
    for (Entry entry : entries.values()) {
      assertThat(entry.pods.values()).noneMatch(SimulatedHour::isLive);
      checkPlans(entry);
      tally.count("ended " + entry.job.getStatus().phase());
    }
  }
}
