package io.evaljob.operator.bench;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A client that decides nothing and waits for nothing: it writes what the operator was seen to
 * write, with as many threads.
 */
final class Floor {

  private final KubernetesClient applier;
  private final KubernetesClient writer;
  private final List<Captured> writes;
  private final Captured.Identity captured;

  Floor(
      KubernetesClient applier,
      KubernetesClient writer,
      List<Captured> writes,
      Captured.Identity captured) {
    this.applier = applier;
    this.writer = writer;
    this.writes = writes;
    this.captured = captured;
  }

  /** The writes up to the first Job and the status that tells of it. */
  Floor untilFirstJob() {
    int end = 0;
    while (!writes.get(end).makesJob()) {
      end++;
    }
    while (!writes.get(end).isStatus()) {
      end++;
    }
    return new Floor(applier, writer, writes.subList(0, end + 1), captured);
  }

  /** Applies and writes so many EvalJobs; returns how long it took until the last was written. */
  Duration run(String namespace, String prefix, int count, int appliers, int writers)
      throws InterruptedException {
    long began = System.nanoTime();
    ExecutorService writing = Executors.newFixedThreadPool(writers);
    ExecutorService applying = Executors.newFixedThreadPool(appliers);
    for (int i = 0; i < count; i++) {
      int number = i;
      applying.execute(
          () -> {
            EvalJob made = applier.resource(Jobs.of(namespace, prefix, number)).create();
            writing.execute(() -> write(made));
          });
    }
    applying.shutdown();
    applying.awaitTermination(1, TimeUnit.HOURS);
    writing.shutdown();
    writing.awaitTermination(1, TimeUnit.HOURS);
    return Duration.ofNanos(System.nanoTime() - began);
  }

  private void write(EvalJob job) {
    Captured.Identity now =
        new Captured.Identity(
            job.getMetadata().getNamespace(),
            job.getMetadata().getName(),
            job.getMetadata().getUid());
    String version = job.getMetadata().getResourceVersion();
    for (Captured write : writes) {
      version = write.with(captured, now).send(writer, version);
    }
  }
}
