package io.evaljob.operator.bench;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.testbed.ControlPlane;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Many EvalJobs applied at once, by the operator and by a client that only writes. */
@SuppressWarnings("try") // what is closed at the end of a block need not be named in it
final class AppliedAtOnce {

  private static final int APPLIERS = 32;

  /** The operator's own default. */
  private static final int WRITERS = 16;

  private static final int WARM_UP = 50;

  private final BenchCluster cluster;
  private final int jobs;
  private final Figures figures;

  AppliedAtOnce(BenchCluster cluster, int jobs, Figures figures) {
    this.cluster = cluster;
    this.jobs = jobs;
    this.figures = figures;
  }

  /**
   * What the bare client took.
   *
   * @param written until it had written everything
   * @param complete until its Jobs were complete, too
   */
  record FloorTimes(Duration written, Duration complete) {}

  /** Measures the bare client. */
  void floor() throws InterruptedException {
    Capture capture = Capture.of(cluster, cluster.namespace("captured"));
    figures.writes(capture.writes());
    try (KubernetesClient writer =
        cluster
            .control()
            .clientOf(
                ControlPlane.OPERATOR_NAMESPACE,
                ControlPlane.OPERATOR_ACCOUNT,
                "bench-floor",
                Map.of())) {
      Floor floor = new Floor(cluster.admin(), writer, capture.writes(), capture.identity());
      allFinished(floor, "warmedup", WARM_UP);
      firstChildren(floor.untilFirstJob());
      figures.floorAll(allFinished(floor, "floorrun", jobs));
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
            cluster.jobs(
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

  /** Measures the operator, after a few to warm it up. */
  void apply(OperatorUnderTest operator, FakeRunners runners)
      throws IOException, InterruptedException {
    apply("warmedup", WARM_UP);
    AuditLog log = new AuditLog(cluster.control().processes().auditLog());
    log.mark();
    Duration processor = operator.processorTime();
    int again = runners.again();
    Times times = apply("floorrun", jobs);
    figures.applied(
        times.first(),
        times.finished(),
        operator.processorTime().minus(processor),
        operator.greatestResident(),
        runners.again() - again,
        times.jobs());
    Thread.sleep(3_000);
    figures.manyLives(log.counted(), jobs);
  }

  private record Times(Duration first, Duration finished, int jobs) {}

  /** Applies them at once, and waits until all are finished. */
  private Times apply(String prefix, int count) throws InterruptedException {
    String namespace = cluster.namespace("applied");
    Set<String> begun = ConcurrentHashMap.newKeySet();
    Set<String> finished = ConcurrentHashMap.newKeySet();
    Set<String> all = ConcurrentHashMap.newKeySet();
    try (SharedIndexInformer<Job> children =
            cluster.jobs(
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
        EvalJob job = Jobs.of(namespace, prefix, i);
        pool.execute(() -> cluster.admin().resource(job).create());
      }
      pool.shutdown();
      Wait.until("every first child is there", () -> begun.size() == count);
      Duration first = Duration.ofNanos(System.nanoTime() - began);
      Wait.until("every EvalJob is finished", () -> finished.size() == count);
      return new Times(first, Duration.ofNanos(System.nanoTime() - began), all.size());
    }
  }

  /** An operator that was just started has nothing to ask of EvalJobs that are finished. */
  void resync() throws IOException, InterruptedException {
    AuditLog log = new AuditLog(cluster.control().processes().auditLog());
    log.mark();
    Thread.sleep(10_000);
    figures.resync(log.counted());
  }
}
