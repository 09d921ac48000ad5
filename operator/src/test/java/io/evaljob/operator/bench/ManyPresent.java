package io.evaljob.operator.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** With many EvalJobs present: the operator's size, and how long a new one waits. */
@SuppressWarnings("try") // what is closed at the end of a block need not be named in it
final class ManyPresent {

  private static final int LATENCIES = 200;

  private final BenchCluster cluster;
  private final Figures figures;

  ManyPresent(BenchCluster cluster, Figures figures) {
    this.cluster = cluster;
    this.figures = figures;
  }

  /** Adds copies of a finished one until there are so many. */
  void populate(HasMetadata finished, int present) throws IOException, InterruptedException {
    int missing = present - all();
    new Population(cluster.admin(), cluster.etcd(), finished)
        .copy("presence", Math.max(0, missing));
    Wait.until("the API server knows them all", () -> all() >= present);
    // Its controllers look at what is new; only then is the machine quiet.
    Thread.sleep(30_000);
  }

  /** Counted by the API server, which else would send them all. */
  private int all() {
    JsonNode page =
        Serialization.unmarshal(
            cluster.admin().raw("/apis/evaljob.io/v1alpha1/evaljobs?limit=1"), JsonNode.class);
    return page.path("items").size() + page.path("metadata").path("remainingItemCount").asInt();
  }

  /** Measures the operator, which was just started. */
  void measure(OperatorUnderTest operator) throws IOException, InterruptedException {
    Duration start = operator.start();
    Thread.sleep(20_000);
    long settled = operator.resident();
    collectGarbageOfTheApiServer();
    long[] nanos = latencies();
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

  /**
   * The API server has gigabytes to look through by now, and would do so for seconds on one and a
   * half of these two processors in the midst of the measuring.
   */
  private void collectGarbageOfTheApiServer() {
    cluster.admin().raw("/debug/pprof/heap?gc=1");
  }

  /** From apply to the first child, one new EvalJob after the other. */
  private long[] latencies() throws InterruptedException {
    String namespace = cluster.namespace("latency");
    long[] nanos = new long[LATENCIES];
    Map<String, Long> seen = new ConcurrentHashMap<>();
    try (SharedIndexInformer<Job> children =
        cluster.jobs(
            namespace,
            job ->
                seen.putIfAbsent(
                    job.getMetadata().getLabels().get("evaljob.io/job"), System.nanoTime()))) {
      for (int i = 0; i < LATENCIES; i++) {
        EvalJob job = Jobs.of(namespace, "latent", i);
        String name = job.getMetadata().getName();
        long began = System.nanoTime();
        cluster.admin().resource(job).create();
        Wait.until("the first child of " + name, () -> seen.containsKey(name));
        nanos[i] = seen.get(name) - began;
        Thread.sleep(50);
      }
    }
    return nanos;
  }
}
