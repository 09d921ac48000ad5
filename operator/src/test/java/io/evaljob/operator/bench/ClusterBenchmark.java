package io.evaljob.operator.bench;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.testbed.ControlPlane;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * The benchmark on a real control plane. It takes its settings from system properties {@code
 * bench.*}, which {@code operator/bench/run} sets from its options.
 */
@SuppressWarnings("try") // what is closed at the end of a block need not be named in it
public final class ClusterBenchmark {

  private static final int APPLIERS = 32;

  /** The operator's own default. */
  private static final int WRITERS = 16;

  private static final int LATENCIES = 200;

  private final Path root = Path.of(System.getProperty("bench.root"));
  private final int jobs = Integer.getInteger("bench.jobs", 1000);
  private final int present = Integer.getInteger("bench.present", 10_000);
  private final Figures figures = new Figures();
  private final BenchCluster cluster;
  private final Jvms jvms;

  private ClusterBenchmark(BenchCluster cluster) {
    this.cluster = cluster;
    jvms = new Jvms(root, cluster);
  }

  /** Runs everything and writes the table. */
  public static void main(String[] args) throws Exception {
    try (BenchCluster cluster = BenchCluster.start()) {
      ClusterBenchmark benchmark = new ClusterBenchmark(cluster);
      benchmark.run();
      Path out = Path.of(System.getProperty("bench.out"));
      Files.writeString(out, benchmark.figures.document(benchmark.jobs, benchmark.present));
    }
  }

  private void run() throws IOException, InterruptedException {
    starts();
    Capture capture = Capture.of(cluster, cluster.namespace("captured"));
    figures.writes(capture.writes());
    OperatorUnderTest.Jvm jvm = jvms.plain();
    try (KubernetesClient writer =
        cluster
            .control()
            .clientOf(
                ControlPlane.OPERATOR_NAMESPACE,
                ControlPlane.OPERATOR_ACCOUNT,
                "bench-floor",
                Map.of())) {
      Floor floor = new Floor(cluster.admin(), writer, capture.writes(), capture.identity());
      allFinished(floor, "warmedup", 50);
      firstChildren(floor.untilFirstJob());
      figures.floorAll(allFinished(floor, "floorrun", jobs));
    }
    EvalJob finished;
    try (OperatorUnderTest operator = OperatorUnderTest.start(cluster, root, jvm);
        FakeRunners runners = new FakeRunners(cluster.admin(), operator.reportEndpoint())) {
      oneLife();
      warmUp();
      finished = applied(operator, runners);
    }
    resync(jvm);
    new Population(cluster.admin(), finished)
        .copy(cluster.namespace("present"), "presence", Math.max(0, present - 2 * jobs));
    try (OperatorUnderTest operator = OperatorUnderTest.start(cluster, root, jvm)) {
      large(operator);
    }
  }

  /** Start to ready, and the size of an operator that has nothing to do. */
  private void starts() throws IOException, InterruptedException {
    for (Map.Entry<String, OperatorUnderTest.Jvm> jvm : jvms.withArchives().entrySet()) {
      List<Duration> starts = new ArrayList<>();
      List<Long> sizes = new ArrayList<>();
      for (int i = 0; i < 7; i++) {
        try (OperatorUnderTest operator = OperatorUnderTest.start(cluster, root, jvm.getValue())) {
          starts.add(operator.start());
          Thread.sleep(5_000);
          sizes.add(operator.resident());
        }
      }
      starts.sort(null);
      sizes.sort(null);
      figures.start(
          jvm.getKey(), starts.get(starts.size() / 2), starts.get(0), sizes.get(sizes.size() / 2));
    }
  }

  private void firstChildren(Floor floor) throws InterruptedException {
    String namespace = cluster.namespace("floor-first");
    figures.floorFirst(floor.run(namespace, "floorrun", jobs, APPLIERS, WRITERS));
    // The operator would go on with them.
    cluster.admin().resources(EvalJob.class).inNamespace(namespace).delete();
    Wait.until(
        "the floor's Jobs are collected",
        () ->
            cluster.admin().batch().v1().jobs().inNamespace(namespace).list().getItems().isEmpty());
  }

  private FloorTimes allFinished(Floor floor, String prefix, int count)
      throws InterruptedException {
    String namespace = cluster.namespace("floor-all");
    Set<String> complete = ConcurrentHashMap.newKeySet();
    long began = System.nanoTime();
    try (SharedIndexInformer<Job> watch =
            jobs(
                namespace,
                job -> {
                  if (job.getStatus().getConditions().stream()
                      .anyMatch(now -> now.getType().equals("Complete"))) {
                    complete.add(job.getMetadata().getName());
                  }
                });
        // Score pods end when they have reported; here, nobody listens.
        EndsScorePods ends = new EndsScorePods(cluster.admin(), namespace)) {
      Duration written = floor.run(namespace, prefix, count, APPLIERS, WRITERS);
      Wait.until("the floor's Jobs are complete", () -> complete.size() == 3 * count);
      return new FloorTimes(written, Duration.ofNanos(System.nanoTime() - began));
    }
  }

  /**
   * What the bare client took.
   *
   * @param written until it had written everything
   * @param complete until its Jobs were complete, too
   */
  record FloorTimes(Duration written, Duration complete) {}

  /** What one EvalJob asks of the API server, with a claim of its own. */
  private void oneLife() throws IOException, InterruptedException {
    String namespace = cluster.namespace("one");
    cluster
        .admin()
        .resource(
            new PersistentVolumeBuilder()
                .withNewMetadata()
                .withName("one-" + namespace)
                .endMetadata()
                .withNewSpec()
                .withAccessModes("ReadWriteOnce", "ReadWriteMany")
                .withStorageClassName("")
                .withCapacity(Map.of("storage", new Quantity("2Ti")))
                .withNewNfs()
                .withServer("192.0.2.1")
                .withPath("/")
                .endNfs()
                .endSpec()
                .build())
        .create();
    // The runner is once a namespace: the first EvalJob brings it.
    finish(Jobs.of(namespace, "first", 0));
    AuditLog log = new AuditLog(cluster.control().processes().auditLog());
    log.mark();
    EvalJob own =
        Serialization.unmarshal(
            Serialization.asJson(Jobs.of(namespace, "second", 0))
                .replace(
                    "\"claimName\":\"workspace\"",
                    "\"claimTemplate\":{\"size\":\"1Ti\",\"storageClassName\":\"\"}"),
            EvalJob.class);
    finish(own);
    Thread.sleep(2_000);
    figures.oneLife(count(log));
  }

  private void finish(EvalJob job) throws InterruptedException {
    cluster.admin().resource(job).create();
    Wait.until(
        job.getMetadata().getName() + " ends",
        () -> Finished.test(cluster.admin().resource(job).get()));
  }

  private void warmUp() throws InterruptedException {
    apply(cluster.namespace("warmup"), 50, true);
  }

  private EvalJob applied(OperatorUnderTest operator, FakeRunners runners)
      throws IOException, InterruptedException {
    AuditLog log = new AuditLog(cluster.control().processes().auditLog());
    log.mark();
    Duration processor = operator.processorTime();
    int again = runners.again();
    String namespace = cluster.namespace("applied");
    Times times = apply(namespace, jobs, false);
    figures.applied(
        times.first(),
        times.finished(),
        operator.processorTime().minus(processor),
        operator.greatestResident(),
        runners.again() - again,
        times.jobs());
    Thread.sleep(3_000);
    figures.manyLives(count(log), jobs);
    return cluster
        .admin()
        .resources(EvalJob.class)
        .inNamespace(namespace)
        .withName(Jobs.name("floorrun", 0))
        .get();
  }

  private record Times(Duration first, Duration finished, int jobs) {}

  /** Applies them at once, and waits until all are finished. */
  private Times apply(String namespace, int count, boolean warmUp) throws InterruptedException {
    Set<String> begun = ConcurrentHashMap.newKeySet();
    Set<String> finished = ConcurrentHashMap.newKeySet();
    Set<String> all = ConcurrentHashMap.newKeySet();
    try (SharedIndexInformer<Job> children =
            jobs(
                namespace,
                job -> {
                  all.add(job.getMetadata().getName());
                  begun.add(job.getMetadata().getLabels().get("evaljob.io/job"));
                });
        SharedIndexInformer<EvalJob> ends =
            cluster
                .admin()
                .resources(EvalJob.class)
                .inNamespace(namespace)
                .inform(
                    new Seen<>(
                        job -> {
                          if (Finished.test(job)) {
                            finished.add(job.getMetadata().getName());
                          }
                        }))) {
      long began = System.nanoTime();
      ExecutorService pool = Executors.newFixedThreadPool(APPLIERS);
      for (int i = 0; i < count; i++) {
        EvalJob job = Jobs.of(namespace, warmUp ? "warmedup" : "floorrun", i);
        pool.execute(() -> cluster.admin().resource(job).create());
      }
      pool.shutdown();
      Wait.until("every first child is there", () -> begun.size() == count);
      Duration first = Duration.ofNanos(System.nanoTime() - began);
      Wait.until("every EvalJob is finished", () -> finished.size() == count);
      return new Times(first, Duration.ofNanos(System.nanoTime() - began), all.size());
    }
  }

  /** An operator that is started again has nothing to ask of EvalJobs that are finished. */
  private void resync(OperatorUnderTest.Jvm jvm) throws IOException, InterruptedException {
    AuditLog log = new AuditLog(cluster.control().processes().auditLog());
    log.mark();
    try (OperatorUnderTest operator = OperatorUnderTest.start(cluster, root, jvm)) {
      Thread.sleep(10_000);
      figures.resync(count(log));
    }
  }

  /** With many EvalJobs present: its size, and how long a new one waits for its first child. */
  private void large(OperatorUnderTest operator) throws IOException, InterruptedException {
    Duration start = operator.start();
    Thread.sleep(20_000);
    long settled = operator.resident();
    String namespace = cluster.namespace("latency");
    long[] nanos = new long[LATENCIES];
    Map<String, Long> seen = new ConcurrentHashMap<>();
    try (SharedIndexInformer<Job> children =
        jobs(
            namespace,
            job ->
                seen.putIfAbsent(
                    job.getMetadata().getLabels().get("evaljob.io/job"), System.nanoTime()))) {
      for (int i = 0; i < LATENCIES; i++) {
        EvalJob job = Jobs.of(namespace, "latent", i);
        long began = System.nanoTime();
        cluster.admin().resource(job).create();
        String name = job.getMetadata().getName();
        Wait.until("the first child of " + name, () -> seen.containsKey(name));
        nanos[i] = seen.get(name) - began;
        Thread.sleep(50);
      }
    }
    Arrays.sort(nanos);
    figures.large(
        start,
        settled,
        operator.resident(),
        operator.greatestResident(),
        operator.heap(),
        Duration.ofNanos(nanos[LATENCIES / 2]),
        Duration.ofNanos(nanos[LATENCIES * 99 / 100]));
  }

  private static Map<String, Long> count(AuditLog log) throws IOException {
    return log.since().stream()
        .filter(request -> !request.isOfReplica())
        .collect(
            Collectors.groupingBy(
                request -> request.verb() + " " + request.resource(),
                TreeMap::new,
                Collectors.counting()));
  }

  private SharedIndexInformer<Job> jobs(String namespace, java.util.function.Consumer<Job> seen) {
    return cluster.admin().batch().v1().jobs().inNamespace(namespace).inform(new Seen<>(seen));
  }

  /** Tells of what is there, new or changed. */
  record Seen<T>(java.util.function.Consumer<T> to) implements ResourceEventHandler<T> {
    @Override
    public void onAdd(T object) {
      to.accept(object);
    }

    @Override
    public void onUpdate(T before, T now) {
      to.accept(now);
    }

    @Override
    public void onDelete(T object, boolean unknown) {}
  }
}
